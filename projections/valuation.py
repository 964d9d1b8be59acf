"""Figures that are finished when read: positions at the latest marks, and profit in the base currency."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import msgspec

from domain.market import MarketState
from domain.money import ZERO
from projections.accruals import accrued_on
from projections.ageing import business_date
from projections.exposure import Exposure
from projections.positions import Position
from projections.reference import ReferenceEntry

QUOTED = ("prices", "rates", "dates")
"""Kinds of reference entries that marks are made of."""


class Marks:
    """The latest prices and rates, and ``sequence``, the last event of the market log they come from; interest accrues
    until the ``day`` of business.
    """

    def __init__(self, entries: Iterable[ReferenceEntry]) -> None:
        self._market = MarketState()
        self.sequence = 0
        entries = list(entries)
        self.day = business_date(entries)
        quoted = [entry for entry in entries if entry.kind in {"prices", "rates"}]
        for entry in sorted(quoted, key=_since):
            self.sequence = max(self.sequence, entry.sequence)
            content = entry.content
            if entry.kind == "prices":
                self._market.prices[content["instrument"]] = Decimal(content["price"])
            else:
                base, quote = content["base"], content["quote"]
                self._market.rates[base, quote] = Decimal(content["rate"])
                # As for the rules, the latest word on a pair holds, whichever way round it was said.
                self._market.rates.pop((quote, base), None)

    def price(self, held: Position | Exposure) -> Decimal | None:
        """What one unit of a holding is worth in its currency: a pair at its rate, a loan at par."""
        if held.product == "loan-deposit":
            return Decimal(1)
        if held.product == "fx-spot":
            return self.rate(held.asset, held.currency)
        return self._market.price(held.instrument)

    def accrued(self, held: Position) -> Decimal | None:
        """What has accrued of it by the day of business."""
        return accrued_on(held, self.day)

    def rate(self, base: str, quote: str) -> Decimal | None:
        return self._market.rate(base, quote)


class Marking(Protocol):
    """Prices and rates of one instant."""

    def price(self, held: Position, /) -> Decimal | None: ...

    def rate(self, base: str, quote: str, /) -> Decimal | None: ...

    def accrued(self, held: Position, /) -> Decimal | None: ...


class Valued(msgspec.Struct, kw_only=True):
    """A position at its mark, in its own and in the base currency; None where no mark or rate is known.

    ``total`` is realised + unrealised + income + accrued + penalties - fees. A bond's value is without what has
    accrued; a future's is what it has gained and was not paid yet.
    """

    book: str
    desk: str
    instrument: str
    currency: str
    base_currency: str
    quantity: Decimal
    cost: Decimal
    mark: Decimal | None
    market_value: Decimal | None
    unrealised: Decimal | None
    realised: Decimal
    fees: Decimal
    penalties: Decimal
    income: Decimal
    accrued: Decimal | None
    total_in_base: Decimal | None


def value(position: Position, marks: Marking) -> Valued:
    """A position at its mark: unrealised = quantity x mark x multiplier - cost."""
    mark = marks.price(position)
    market_value = None if mark is None else position.quantity * mark * position.multiplier
    if position.quantity == 0:
        market_value = ZERO
    unrealised = None if market_value is None else market_value - position.cost
    if position.product == "future":
        market_value = unrealised
    rate, interest, total = marks.rate(position.currency, position.base_currency), marks.accrued(position), None
    if unrealised is not None and interest is not None:
        total = position.realised + unrealised + position.income + interest + position.penalties - position.fees
    return Valued(
        book=position.book, desk=position.desk, instrument=position.instrument, currency=position.currency,
        base_currency=position.base_currency, quantity=position.quantity, cost=position.cost, mark=mark,
        market_value=market_value, unrealised=unrealised, realised=position.realised, fees=position.fees,
        penalties=position.penalties, income=position.income, accrued=interest,
        total_in_base=None if total is None or rate is None else total * rate,
    )


class ProfitLine(msgspec.Struct, kw_only=True):
    """Profit of a desk, book, entity or instrument in its base currency; ``rates`` are those that it was converted at,
    by currency, and ``unmarked`` names the positions left out for want of a mark or rate.
    """

    name: str
    base_currency: str
    realised: Decimal = ZERO
    unrealised: Decimal = ZERO
    income: Decimal = ZERO
    fees: Decimal = ZERO
    penalties: Decimal = ZERO
    total: Decimal = ZERO
    positions: int = 0
    rates: dict[str, Decimal] = msgspec.field(default_factory=dict)
    unmarked: list[str] = msgspec.field(default_factory=list)


def profit(positions: Iterable[Position], marks: Marking, by: str = "desk") -> list[ProfitLine]:
    """Profit in the base currency by ``desk``, ``book``, ``entity`` or ``instrument``; what has no mark is named, not
    guessed.
    """
    lines: dict[tuple[str, str], ProfitLine] = {}
    for position in positions:
        name, base_currency = getattr(position, by), position.base_currency
        line = lines.setdefault((name, base_currency), ProfitLine(name=name, base_currency=base_currency))
        line.positions += 1
        valued = value(position, marks)
        rate = marks.rate(position.currency, position.base_currency)
        if valued.unrealised is None or valued.accrued is None or rate is None:
            line.unmarked.append(position.id)
            continue
        line.rates[position.currency] = rate
        line.realised += valued.realised * rate
        line.unrealised += valued.unrealised * rate
        line.income += (valued.income + valued.accrued) * rate
        line.fees += valued.fees * rate
        line.penalties += valued.penalties * rate
        line.total += valued.total_in_base or ZERO
    return [lines[name] for name in sorted(lines)]


def _since(entry: ReferenceEntry) -> tuple[datetime, int]:
    return datetime.fromisoformat(entry.content["since"]), entry.sequence
