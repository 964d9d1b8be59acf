"""What was earned between two instants, by cause: amendments, corrected marks, trades, fees, carry, prices and more.

The value of a position at an instant is T(s, p, x) = (realised + income + penalties - fees - cost + quantity x price) x
rate, for a state s of it, its mark p and the rate x of its currency into the base currency. Each cause is one step from
the earlier instant to the later one, all else being equal, so that the steps sum to the difference exactly. Prices take
the later rate and rates the earlier price: Q (P1 - P0) X1 + Q P0 (X1 - X0) is what a market value changed by.
"""

from decimal import Decimal
from typing import NamedTuple

import msgspec

from domain.money import ONE, ZERO, divide
from projections.positions import Position
from projections.valuation import Marking


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """In the base currency. ``amendments`` is what became known of earlier trades only between the two instants, at
    the earlier marks; ``corrected_marks`` what became known of these; ``trades`` what was traded and closed since, at
    the earlier marks and before ``fees``; ``penalties`` what fails brought, or below zero cost; ``carry`` interest and
    income; ``prices`` and ``fx`` what the marks did to what is held at the end.
    """

    amendments: Decimal = ZERO
    corrected_marks: Decimal = ZERO
    trades: Decimal = ZERO
    fees: Decimal = ZERO
    penalties: Decimal = ZERO
    carry: Decimal = ZERO
    prices: Decimal = ZERO
    fx: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return sum((getattr(self, name) for name in self.__struct_fields__), ZERO)

    def plus(self, other: "Effects") -> "Effects":
        return Effects(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class States(NamedTuple):
    """One position: as it was at the earlier instant and known then, the same as it is known now, and at the later one;
    None where there was none.
    """

    before: Position | None
    restated: Position | None
    after: Position | None

    @property
    def one(self) -> Position | None:
        """Any of them: they are of the same book and instrument."""
        return self.after or self.restated or self.before


class Marks(NamedTuple):
    """Those of the earlier instant as known then and as known now, and those of the later one."""

    before: Marking
    restated: Marking
    after: Marking


class Point(NamedTuple):
    """What a position is valued at: its price, and the rate of its currency into the base currency."""

    price: Decimal
    rate: Decimal


class Unmarked(Exception):
    """A price or rate that is needed is not known."""


def effects(states: States, marks: Marks) -> Effects:
    """What one position earned, by cause.

    Raises:
        Unmarked: naming what is not known.
    """
    states = _with_accruals(states, marks)
    after = _point(states, states.after, marks.after, None)
    restated = _point(states, states.restated, marks.restated, after)
    before = _point(states, states.before, marks.before, restated)
    fees, penalties, income = (_change(states, name) for name in ("fees", "penalties", "income"))
    earlier, rate = _per_unit_of_now(states, restated.price), restated.rate
    value, price = _value(states.after, earlier), after.price - earlier
    quantity = states.after.quantity if states.after else ZERO
    return Effects(
        amendments=(_value(states.restated, before.price) - _value(states.before, before.price)) * before.rate,
        corrected_marks=(
            _value(states.restated, restated.price) * rate - _value(states.restated, before.price) * before.rate
        ),
        trades=(value - _value(states.restated, restated.price) + fees - penalties - income) * rate,
        fees=-fees * rate, penalties=penalties * rate, carry=income * rate, prices=quantity * price * after.rate,
        fx=value * (after.rate - rate),
    )


class Sums:
    """What positions earned, by a field of theirs and base currency, and the ids of those that could not be marked."""

    def __init__(self, by: str) -> None:
        self._by = by
        self.effects: dict[tuple[str, str], Effects] = {}
        self.unmarked: list[str] = []

    def add(self, states: States, marks: Marks) -> None:
        """Takes one position in."""
        position = states.one
        if position is None:
            return
        key = (getattr(position, self._by), position.base_currency)
        try:
            self.effects[key] = self.effects.get(key, Effects()).plus(effects(states, marks))
        except Unmarked:
            self.unmarked.append(position.id)


def _value(position: Position | None, price: Decimal) -> Decimal:
    """In its own currency, of what it realised and holds."""
    if position is None:
        return ZERO
    earned = position.realised + position.income + position.penalties - position.fees
    return earned - position.cost + position.quantity * price


def _per_unit_of_now(states: States, price: Decimal) -> Decimal:
    """The earlier price of one unit as they are at the later instant, without what was spun off: neither a split nor
    that is a loss.
    """
    before, after = (ONE if state is None else state.units for state in (states.restated, states.after))
    whole, kept = (ONE if state is None else state.kept for state in (states.restated, states.after))
    if before != after:
        price = divide(price * before, after)
    return divide(price * kept, whole) if kept != whole else price


def _with_accruals(states: States, marks: Marks) -> States:
    """The same with what had accrued by then as income."""
    found = []
    for position, marking in zip(states, marks, strict=True):
        accrued = ZERO if position is None else marking.accrued(position)
        if accrued is None:
            raise Unmarked("the day until which interest accrues is not known")
        if position is not None and accrued:
            position = msgspec.structs.replace(position, income=position.income + accrued)  # noqa: PLW2901
        found.append(position)
    return States(*found)


def _change(states: States, figure: str) -> Decimal:
    before: Decimal = getattr(states.restated, figure) if states.restated else ZERO
    after: Decimal = getattr(states.after, figure) if states.after else ZERO
    return after - before


def _point(states: States, position: Position | None, marking: Marking, later: Point | None) -> Point:
    """What nothing is valued at does not matter: then the later price and rate stand for what is not known."""
    one = states.one
    assert one is not None
    price, rate = marking.price(one), marking.rate(one.currency, one.base_currency)
    if price is None:
        if position is not None and position.quantity:
            raise Unmarked(f"no price of {one.instrument} is known")
        price = later.price if later else ZERO
    else:
        price *= one.multiplier
    if rate is None:
        if later is None or (position is not None and _value(position, price)):
            raise Unmarked(f"no rate of {one.currency} into {one.base_currency} is known")
        rate = later.rate
    return Point(price, rate)
