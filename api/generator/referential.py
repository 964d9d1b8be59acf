"""The world of a generated day: entities, desks, books, traders, counterparties, instruments, limits and marks."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from api.generator.shape import Shape
from api.regimes import regime_commands
from domain.commands import (
    AnyCommand,
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
from domain.identifiers import isin_of, lei_of

SOURCE = "generator"
RESTRICTED = "ATOS"
DESKS = {"EQ-EUROPE": "BANK-FR", "EQ-AMERICAS": "BANK-US", "FX": "BANK-FR", "MONEY-MARKET": "BANK-FR"}
ENTITIES = {"BANK-FR": ("Everbank SA", "EUR"), "BANK-US": ("Everbank Inc", "USD")}
TRADERS_PER_DESK = 3
STOCKS: tuple[tuple[str, str, str, str, str], ...] = (
    ("AIRLIQ", "Air Liquide", "FR000012007", "XPAR", "175.30"), ("AIRBUS", "Airbus", "NL000023519", "XPAR", "168.22"),
    ("BNP", "BNP Paribas", "FR000013110", "XPAR", "74.11"), ("SANOFI", "Sanofi", "FR000012057", "XPAR", "88.45"),
    ("TOTAL", "TotalEnergies", "FR000012027", "XPAR", "57.90"), ("LVMH", "LVMH", "FR000012101", "XPAR", "612.40"),
    ("ATOS", "Atos", "FR000005173", "XPAR", "41.75"), ("ORANGE", "Orange", "FR000013330", "XPAR", "13.42"),
    ("SIEMENS", "Siemens", "DE000723610", "XETR", "231.05"), ("SAP", "SAP", "DE000716460", "XETR", "240.70"),
    ("ALLIANZ", "Allianz", "DE000840400", "XETR", "352.60"), ("BASF", "BASF", "DE000BASF11", "XETR", "45.18"),
    ("SHELL", "Shell", "GB00BP6MXD8", "XLON", "27.64"), ("HSBC", "HSBC", "GB000540528", "XLON", "9.87"),
    ("VOD", "Vodafone", "GB00BH4HKS3", "XLON", "0.91"), ("NESTLE", "Nestle", "CH003886335", "XSWX", "82.16"),
    ("NOVARTIS", "Novartis", "CH001200526", "XSWX", "101.32"), ("TOYOTA", "Toyota", "JP363340000", "XTKS", "2811"),
    ("SONY", "Sony", "JP343500000", "XTKS", "4120"), ("APPLE", "Apple", "US037833100", "XNAS", "246.02"),
    ("MSFT", "Microsoft", "US594918104", "XNAS", "512.77"), ("IBM", "IBM", "US459200101", "XNYS", "291.44"),
    ("GE", "GE Aerospace", "US369604301", "XNYS", "288.30"), ("JPM", "JPMorgan", "US46625H100", "XNYS", "302.11"),
)
VENUES = {"XPAR": "EUR", "XETR": "EUR", "XLON": "GBP", "XSWX": "CHF", "XTKS": "JPY", "XNAS": "USD", "XNYS": "USD"}
RATES = {("EUR", "USD"): "1.0842", ("GBP", "USD"): "1.2671", ("USD", "JPY"): "151.38", ("USD", "CHF"): "0.8839"}
HOLIDAYS = (date(2026, 12, 25), date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29))
LIMITS = {"gross-notional": "40000000000", "order-notional": "50000000", "price-collar": "25"}
HARD = "order-quantity"
MOST_SHARES = 1_000_000


class Referential:
    """Names by which the day refers to the world, and the commands that define it."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.books = {
            f"{desk}-{number}": desk for desk in DESKS for number in range(1, shape.books_per_desk + 1)
        }
        self.traders = {f"{desk.lower()}-trader-{number}": desk for desk in DESKS
                        for number in range(1, TRADERS_PER_DESK + 1)}
        self.counterparties = [f"CP-{number:02d}" for number in range(1, shape.counterparties + 1)]
        self.prices = {name: Decimal(price) for name, _, _, _, price in STOCKS}
        self.currencies = {name: VENUES[mic] for name, _, _, mic, _ in STOCKS}
        self.rates = {pair: Decimal(rate) for pair, rate in RATES.items()}

    def desk_books(self, desk: str) -> list[str]:
        return [book for book, of in self.books.items() if of == desk]

    def desk_traders(self, desk: str) -> list[str]:
        return [trader for trader, of in self.traders.items() if of == desk]

    def commands(self) -> Iterator[AnyCommand]:
        """In an order in which each finds what it refers to."""
        yield from regime_commands()
        numbers = count(1)
        for kind, fields in (*self._world(), *self._controls()):
            yield kind(command_id=f"reference-{self.shape.seed}-{next(numbers):05d}", source=SOURCE, **fields)

    def _world(self) -> Iterator[tuple[type[Any], dict[str, Any]]]:
        for mic in (*VENUES, *sorted({currency for pair in RATES for currency in pair})):
            yield DefineCalendar, {"calendar": mic, "name": f"Calendar of {mic}", "holidays": HOLIDAYS}
        for number, (entity, (name, currency)) in enumerate(ENTITIES.items(), 1):
            lei = lei_of(f"EVERBOOKENTITY{number:04d}")
            yield DefineLegalEntity, {"entity": entity, "name": name, "lei": lei, "base_currency": currency}
        for desk, entity in DESKS.items():
            yield DefineDesk, {"desk": desk, "name": desk.title(), "entity": entity}
        for place, (book, desk) in enumerate(self.books.items()):
            method = "average" if place % 2 else "fifo"
            yield DefineBook, {"book": book, "name": f"Book {book}", "desk": desk, "lot_method": method,
                               "owner": f"{desk}-HOUSE"}
        for trader, desk in self.traders.items():
            yield DefineTrader, {"trader": trader, "name": trader.title(), "desk": desk}
        for number, counterparty in enumerate(self.counterparties, 1):
            lei = lei_of(f"EVERBOOKPARTY{number:05d}")
            yield DefineCounterparty, {"counterparty": counterparty, "name": f"Counterparty {number}", "lei": lei,
                                       "country": "FR" if number % 3 else "US"}
        for name, title, isin, mic, _ in STOCKS:
            yield DefineInstrument, {
                "instrument": name, "name": title, "isin": isin_of(isin), "mic": mic, "cfi": "ESVUFR",
                "currency": VENUES[mic], "issuer": name, "calendar": mic,
            }

    def _controls(self) -> Iterator[tuple[type[Any], dict[str, Any]]]:
        for book in self.books:
            for kind, amount in LIMITS.items():
                yield SetLimit, {"book": book, "kind": kind, "amount": Decimal(amount)}
            for name in self.prices:
                yield SetLimit, {"book": book, "kind": HARD, "amount": Decimal(MOST_SHARES), "instrument": name}
        yield RestrictInstrument, {"instrument": RESTRICTED, "reason": "inside information"}
        yield RollBusinessDate, {"business_date": self.shape.day}
        for name, price in self.prices.items():
            yield RecordPrice, {"instrument": name, "price": price}
        for (base, quote), rate in self.rates.items():
            yield RecordFxRate, {"base": base, "quote": quote, "rate": rate}
