"""The world of a generated day: entities, desks, books, traders, counterparties, instruments, limits and marks."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

from api.generator.instruments import (
    BONDS,
    EXPIRING_INDEX,
    FUNDS,
    FUTURES,
    OPTIONS,
    RESTRICTED,
    SHORT_BILL,
    SPUN_OFF,
    STOCKS,
    VENUES,
    first_prices,
    listed,
)
from api.generator.shape import HOLIDAYS, Shape
from api.regimes import PENALTIES_FROM, regime_commands
from domain.commands import (
    AnyCommand,
    ClassifyInstrument,
    DefineBook,
    DefineCalendar,
    DefineCounterparty,
    DefineDesk,
    DefineInstrument,
    DefineLegalEntity,
    DefineTrader,
    RecordFxRate,
    RecordPrice,
    RestrictInstrument,
    RollBusinessDate,
    SetLimit,
)
from domain.identifiers import lei_of

SOURCE = "generator"
EQUITIES = ("EQ-EUROPE", "EQ-AMERICAS")
DESKS = {"EQ-EUROPE": "BANK-FR", "EQ-AMERICAS": "BANK-US", "FX": "BANK-FR", "MONEY-MARKET": "BANK-FR",
         "BONDS": "BANK-FR", "DERIVATIVES": "BANK-FR"}
ENTITIES = {"BANK-FR": ("Everbank SA", "EUR"), "BANK-US": ("Everbank Inc", "USD")}
TRADERS_PER_DESK = 3
RATES = {("EUR", "USD"): "1.0842", ("GBP", "USD"): "1.2671", ("USD", "JPY"): "151.38", ("USD", "CHF"): "0.8839"}
LIMITS = {"gross-notional": "40000000000", "order-notional": "50000000", "price-collar": "25"}
HARD = "order-quantity"
MOST_SHARES = 1_000_000
CENT = Decimal("0.0001")


class Referential:
    """Names by which the day refers to the world, and the commands that define it. ``shares``, ``bonds`` and
    ``futures`` are what may be dealt today, ``prices`` those of now.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.days = shape.days
        self.books = {
            f"{desk}-{number}": desk for desk in DESKS for number in range(1, shape.books_per_desk + 1)
        }
        self.traders = {f"{desk.lower()}-trader-{number}": desk for desk in DESKS
                        for number in range(1, TRADERS_PER_DESK + 1)}
        self.counterparties = [f"CP-{number:02d}" for number in range(1, shape.counterparties + 1)]
        self.prices = first_prices()
        self.ticks = {row[0]: Decimal(row[3]) for row in FUTURES}
        self.rates = {pair: Decimal(rate) for pair, rate in RATES.items()}
        self.shares = [row[0] for row in STOCKS if row[0] not in {RESTRICTED, SPUN_OFF}]
        self.funds = [row[0] for row in FUNDS]
        self.bonds = [row[0] for row in BONDS]
        self.futures = [row[0] for row in FUTURES]
        self._of_desk = {desk: [book for book, of in self.books.items() if of == desk] for desk in DESKS}
        self._traders = {desk: [trader for trader, of in self.traders.items() if of == desk] for desk in DESKS}

    def desk_books(self, desk: str) -> list[str]:
        return self._of_desk[desk]

    def desk_traders(self, desk: str) -> list[str]:
        return self._traders[desk]

    def books_beside(self, book: str) -> list[str]:
        """The other books of its legal entity."""
        entity = DESKS[self.books[book]]
        return [other for other, desk in self.books.items() if other != book and DESKS[desk] == entity]

    def is_fifo(self, book: str) -> bool:
        """Every second book closes its oldest lots first, the others by the average."""
        return list(self.books).index(book) % 2 == 0

    def retire(self, *names: str) -> None:
        """They are dealt no more, and have no price."""
        for name in names:
            self.prices.pop(name, None)
            for dealt in (self.shares, self.bonds, self.futures):
                if name in dealt:
                    dealt.remove(name)

    def turn(self, number: int) -> None:
        """What ended with the day before is dealt no more."""
        if number == 1:
            self.retire(SHORT_BILL)
        elif number > 2:
            self.retire(EXPIRING_INDEX, *(row[0] for row in OPTIONS))

    def commands(self) -> Iterator[AnyCommand]:
        """In an order in which each finds what it refers to."""
        yield from regime_commands()
        numbers = count(1)
        for kind, fields in (*self._world(), *self._instruments(), *self._controls()):
            yield kind(command_id=f"reference-{self.shape.seed}-{next(numbers):05d}", source=SOURCE, **fields)

    def _world(self) -> Iterator[tuple[type[Any], dict[str, Any]]]:
        for mic in (*VENUES, *sorted({currency for pair in RATES for currency in pair})):
            yield DefineCalendar, {"calendar": mic, "name": f"Calendar of {mic}", "holidays": HOLIDAYS}
        for number, (entity, (name, currency)) in enumerate(ENTITIES.items(), 1):
            lei = lei_of(f"EVERBOOKENTITY{number:04d}")
            yield DefineLegalEntity, {"entity": entity, "name": name, "lei": lei, "base_currency": currency}
        for desk, entity in DESKS.items():
            yield DefineDesk, {"desk": desk, "name": desk.title(), "entity": entity}
        for book, desk in self.books.items():
            method = "fifo" if self.is_fifo(book) else "average"
            yield DefineBook, {"book": book, "name": f"Book {book}", "desk": desk, "lot_method": method,
                               "owner": f"{desk}-HOUSE"}
        for trader, desk in self.traders.items():
            yield DefineTrader, {"trader": trader, "name": trader.title(), "desk": desk}
        for number, counterparty in enumerate(self.counterparties, 1):
            lei = lei_of(f"EVERBOOKPARTY{number:05d}")
            yield DefineCounterparty, {"counterparty": counterparty, "name": f"Counterparty {number}", "lei": lei,
                                       "country": "FR" if number % 3 else "US"}

    def _instruments(self) -> Iterator[tuple[type[Any], dict[str, Any]]]:
        for definition in listed(self.days):
            yield DefineInstrument, definition
        for liquidity, rows in (("liquid-shares", (*STOCKS, *FUNDS)), ("sovereign-debt", BONDS)):
            for row in rows:
                yield ClassifyInstrument, {"instrument": row[0], "liquidity": liquidity,
                                           "effective_from": PENALTIES_FROM}

    def _controls(self) -> Iterator[tuple[type[Any], dict[str, Any]]]:
        for book in self.books:
            for kind, amount in LIMITS.items():
                yield SetLimit, {"book": book, "kind": kind, "amount": Decimal(amount)}
        for book in (book for desk in EQUITIES for book in self.desk_books(desk)):
            for row in (*STOCKS, *FUNDS):
                yield SetLimit, {"book": book, "kind": HARD, "amount": Decimal(MOST_SHARES), "instrument": row[0]}
        yield RestrictInstrument, {"instrument": RESTRICTED, "reason": "inside information"}
        yield RollBusinessDate, {"business_date": self.shape.day}
        for name, price in self.prices.items():
            yield RecordPrice, {"instrument": name, "price": price, "effective_at": self.shape.opening}
        for (base, quote), rate in self.rates.items():
            yield RecordFxRate, {"base": base, "quote": quote, "rate": rate, "effective_at": self.shape.opening}
