"""A trading day: bookings as prices walk, what becomes of them, and what goes wrong."""

import random
from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from api.generator.referential import MOST_SHARES, RESTRICTED, SOURCE, Referential
from api.generator.shape import Shape
from api.generator.terms import equity, fx_spot, loan
from domain.commands import (
    AffirmTrade,
    AmendTrade,
    AnyCommand,
    BookTrade,
    CancelTrade,
    CorrectTrade,
    EquityTerms,
    FailSettlement,
    LedgerCommand,
    RecordFxRate,
    RecordPrice,
    SettleTrade,
)

REMEMBERED = 2_000
CENT = Decimal("0.0001")


class TradingDay:
    """Everything follows from the shape and its seed; ``reference_commands`` come first."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.world = Referential(shape)
        self._random = random.Random(shape.seed)
        self._open: deque[BookTrade] = deque(maxlen=REMEMBERED)
        self._numbers = {"book": 0, "change": 0, "mark": 0}
        self._now, self._step = shape.opening, (shape.closing - shape.opening) / max(1, shape.trades)

    def reference_commands(self) -> Iterator[AnyCommand]:
        return self.world.commands()

    def day_commands(self) -> Iterator[AnyCommand]:
        """Bookings and what follows them, with every price moved now and then."""
        for number in range(self.shape.trades):
            if number and number % self.shape.prices_every == 0:
                yield from self._marks()
            booking = self._booking()
            yield booking
            if self._happens(self.shape.repeated):
                yield booking
            if self._open:
                yield from self._changes()

    def _booking(self) -> BookTrade:
        self._now += self._step
        chance, shape = self._random.random(), self.shape
        if chance < shape.fx_share:
            return self._keep(self._trade("FX", fx_spot(self._random, self.world)))
        if chance < shape.fx_share + shape.loan_share:
            return self._keep(self._trade("MONEY-MARKET", loan(self._random, shape.day)))
        return self._equity()

    def _equity(self) -> BookTrade:
        desk = self._random.choice(("EQ-EUROPE", "EQ-AMERICAS"))
        terms = equity(self._random, self.world, without=RESTRICTED)
        shape = self.shape
        if self._happens(shape.off_market):
            return self._keep(self._trade(desk, _changed(terms, price=(terms.price * Decimal("1.12")).quantize(CENT))))
        if self._happens(shape.unknown):
            return self._trade(desk, terms, counterparty="CP-NONE")
        if self._happens(shape.restricted):
            return self._trade(desk, _changed(terms, instrument=RESTRICTED))
        if self._happens(shape.oversized):
            return self._trade(desk, _changed(terms, quantity=Decimal(MOST_SHARES + 1)))
        if self._happens(shape.washed):
            first, second = self._random.sample(self.world.desk_books(desk), 2)
            washed = self._trade(desk, terms, book=first, contra_book=second)
            return self._keep(msgspec.structs.replace(washed, execution_id=f"X-{washed.trade_id}"))
        return self._keep(self._trade(desk, terms))

    def _trade(self, desk: str, terms: Any, **fields: Any) -> BookTrade:
        number = self._next("book")
        trade_id = f"T-{self.shape.seed}-{number:07d}"
        choose = self._random.choice
        default: dict[str, Any] = {
            "book": choose(self.world.desk_books(desk)), "trader": choose(self.world.desk_traders(desk)),
            "counterparty": choose(self.world.counterparties),
        }
        return BookTrade(
            command_id=f"book-{trade_id}", source=SOURCE, trade_id=trade_id, trade_date=self.shape.day, terms=terms,
            effective_at=self._now, **{**default, **fields},
        )

    def _changes(self) -> Iterator[AnyCommand]:
        """What happens to trades booked before, each at most once in a while."""
        shape = self.shape
        for share, change in (
            (shape.affirmed, self._affirm), (shape.amended, self._amend), (shape.corrected, self._correct),
            (shape.cancelled, self._cancel), (shape.settled, self._settle), (shape.partly_settled, self._settle_part),
            (shape.failed, self._fail),
        ):
            if self._open and self._happens(share):
                # A counterparty affirms what it has just been sent; the rest comes later.
                latest = change == self._affirm
                yield change(self._open[-1] if latest else self._random.choice(self._open))

    def _affirm(self, trade: BookTrade) -> LedgerCommand:
        return AffirmTrade(**self._about(trade))

    def _amend(self, trade: BookTrade) -> LedgerCommand:
        return AmendTrade(**self._about(trade), terms=_grown(trade.terms))

    def _correct(self, trade: BookTrade) -> LedgerCommand:
        return CorrectTrade(**self._about(trade), terms=_grown(trade.terms), reason="quantity was misread")

    def _cancel(self, trade: BookTrade) -> LedgerCommand:
        self._open.remove(trade)
        return CancelTrade(**self._about(trade), reason="busted by the venue")

    def _settle(self, trade: BookTrade) -> LedgerCommand:
        self._open.remove(trade)
        return SettleTrade(**self._about(trade))

    def _settle_part(self, trade: BookTrade) -> LedgerCommand:
        if not isinstance(trade.terms, EquityTerms) or trade.terms.quantity < 2:
            return self._affirm(trade)
        return SettleTrade(**self._about(trade), quantity=trade.terms.quantity // 2)

    def _fail(self, trade: BookTrade) -> LedgerCommand:
        return FailSettlement(**self._about(trade), reason="securities were not there")

    def _about(self, trade: BookTrade) -> dict[str, Any]:
        command_id = f"change-{self.shape.seed}-{self._next('change'):07d}"
        return {"command_id": command_id, "source": SOURCE, "trade_id": trade.trade_id, "book": trade.book,
                "effective_at": self._now}

    def _marks(self) -> Iterator[AnyCommand]:
        for name, price in self.world.prices.items():
            moved = self._walk(price)
            self.world.prices[name] = moved
            yield RecordPrice(**self._mark(), instrument=name, price=moved)
        for (base, quote), rate in self.world.rates.items():
            moved = self._walk(rate)
            self.world.rates[base, quote] = moved
            yield RecordFxRate(**self._mark(), base=base, quote=quote, rate=moved)

    def _walk(self, price: Decimal) -> Decimal:
        return max(CENT, (price * (1 + Decimal(self._random.randint(-20, 20)) / 10_000)).quantize(CENT))

    def _mark(self) -> dict[str, Any]:
        command_id = f"mark-{self.shape.seed}-{self._next('mark'):07d}"
        return {"command_id": command_id, "source": SOURCE, "effective_at": self._now}

    def _keep(self, trade: BookTrade) -> BookTrade:
        self._open.append(trade)
        return trade

    def _happens(self, share: float) -> bool:
        return self._random.random() < share

    def _next(self, what: str) -> int:
        self._numbers[what] += 1
        return self._numbers[what]


def _changed(terms: EquityTerms, **fields: Any) -> EquityTerms:
    return msgspec.structs.replace(terms, **fields)


def _grown(terms: Any) -> Any:
    """A little more than was agreed at first."""
    if hasattr(terms, "principal"):
        return msgspec.structs.replace(terms, principal=terms.principal + 1000)
    return msgspec.structs.replace(terms, quantity=terms.quantity + 10)


