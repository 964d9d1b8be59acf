"""What is earned between two instants splits by cause without a rest, and over days without one either."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.money import exact
from projections.positions import Position
from projections.profit import Effects, Marks, States, Sums, Unmarked, effects

AMOUNT = st.decimals(-1000, 1000, places=3)
PRICE = st.none() | st.decimals(-5, 500, places=4)
RATE = st.none() | st.decimals("0.2", 5, places=6)


class Point:
    """Marks of one instant."""

    def __init__(self, price: Decimal | None, rate: Decimal | None) -> None:
        self._price, self._rate = price, rate

    def price(self, _held: Position, /) -> Decimal | None:
        return self._price

    def rate(self, _base: str, _quote: str, /) -> Decimal | None:
        return self._rate

    def accrued(self, _held: Position, /) -> Decimal | None:
        return Decimal(0)


def position(**figures: Any) -> Position:
    return Position(
        id="B/IBM", book="B", instrument="IBM", desk="D", entity="E", product="equity", asset="IBM", currency="USD",
        issuer="IBM", base_currency="EUR", lot_method="fifo", **figures,
    )


positions = st.builds(
    position, quantity=AMOUNT, cost=AMOUNT, realised=AMOUNT, fees=AMOUNT.map(abs), income=AMOUNT, penalties=AMOUNT,
)
points = st.builds(Point, PRICE, RATE)
instants = st.tuples(st.none() | positions, points)


def value(at: tuple[Position | None, Point]) -> Decimal:
    """As a desk would say it, cumulative and in the base currency."""
    held, point = at
    if held is None:
        return Decimal(0)
    price, rate = point.price(held), point.rate("", "")
    total = held.realised + held.income + held.penalties - held.fees - held.cost
    total += held.quantity * price if price is not None else 0
    return total * rate if rate is not None else total


@given(instants, instants, instants)
def test_the_causes_sum_to_the_change_of_the_value(
    before: tuple[Position | None, Point], restated: tuple[Position | None, Point],
    after: tuple[Position | None, Point],
) -> None:
    states = States(before[0], restated[0], after[0])
    assume(states.one is not None)
    with exact():
        try:
            found = effects(states, Marks(before[1], restated[1], after[1]))
        except Unmarked:
            return
        assert found.total == value(after) - value(before)


@given(st.lists(instants, min_size=2, max_size=6))
def test_the_days_sum_to_the_whole(days: list[tuple[Position | None, Point]]) -> None:
    with exact():
        try:
            each = [
                effects(States(first[0], first[0], last[0]), Marks(first[1], first[1], last[1])).total
                for first, last in pairwise(days) if first[0] or last[0]
            ]
            (held,) = {day[0] is not None for day in days[:1]}
            assume(held or days[-1][0] is not None)
            whole = effects(
                States(days[0][0], days[0][0], days[-1][0]), Marks(days[0][1], days[0][1], days[-1][1])
            ).total
        except Unmarked:
            return
        assert sum(each) == whole


def test_a_price_and_a_rate_that_both_move_split_as_the_formula_says() -> None:
    held = position(quantity=Decimal(100), cost=Decimal(5000))
    earlier = Point(Decimal(50), Decimal("0.90"))
    marks = Marks(earlier, earlier, Point(Decimal(52), Decimal("0.95")))
    found = effects(States(held, held, held), marks)
    assert found == Effects(prices=Decimal("190.00"), fx=Decimal("0.00"))
    gained = position(quantity=Decimal(100), cost=Decimal(4000))
    assert effects(States(gained, gained, gained), marks).fx == Decimal("50.00")


def test_a_trade_of_the_day_earns_from_its_price_to_the_earlier_mark_and_costs_its_fees() -> None:
    bought = position(quantity=Decimal(10), cost=Decimal(490), fees=Decimal(2))
    earlier, later = Point(Decimal(50), Decimal(1)), Point(Decimal(51), Decimal(1))
    found = effects(States(None, None, bought), Marks(earlier, earlier, later))
    assert found == Effects(trades=Decimal(10), fees=Decimal(-2), prices=Decimal(10))


def test_what_a_fail_cost_is_neither_of_the_trades_nor_of_the_marks() -> None:
    before = position(quantity=Decimal(10), cost=Decimal(490))
    after = position(quantity=Decimal(10), cost=Decimal(490), penalties=Decimal("-3.5"))
    marks = Point(Decimal(50), Decimal(2))
    assert effects(States(before, before, after), Marks(marks, marks, marks)) == Effects(penalties=Decimal("-7.0"))


def test_what_was_not_marked_at_all_is_named_and_not_guessed() -> None:
    held = position(quantity=Decimal(1))
    unknown = Point(None, Decimal(1))
    marks = Marks(unknown, unknown, unknown)
    with pytest.raises(Unmarked, match="no price of IBM"):
        effects(States(held, held, held), marks)
    sums = Sums("book")
    sums.add(States(held, held, held), marks)
    assert (sums.effects, sums.unmarked) == ({}, ["B/IBM"])


def test_a_split_earns_nothing_and_what_the_price_did_beside_it_is_of_the_price() -> None:
    before = position(quantity=Decimal(10), cost=Decimal(400))
    after = position(quantity=Decimal(20), cost=Decimal(400), units=Decimal(2))
    earlier, later = Point(Decimal(50), Decimal(1)), Point(Decimal(26), Decimal(1))
    assert effects(States(before, before, after), Marks(earlier, earlier, later)) == Effects(prices=Decimal(20))
