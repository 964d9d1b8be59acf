"""A position as of an instant: to the microsecond and the sequence where something begins and ends to hold."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AmendTrade, CancelTrade, SettleTrade
from domain.money import exact
from projections.as_of import Instant, position_at
from tests.documents import History
from tests.properties.instants import among, grouped
from tests.rules import MOMENT, booking
from tests.trade_commands import about, money, shares

NOON, EVENING = MOMENT + timedelta(hours=3), MOMENT + timedelta(hours=9)
MICROSECOND = timedelta(microseconds=1)
STORY = [
    booking(effective_at=MOMENT), about(AmendTrade, terms=shares("12"), effective_at=NOON),
    about(SettleTrade, quantity=Decimal(5), effective_at=EVENING),
]


def position(valid_at: datetime | None, known_at: int = 9, *commands: Any) -> Any:
    movements = list(History(*(commands or STORY)).documents("movements").values())
    with exact():
        return position_at(movements, Instant(valid_at, known_at), among(grouped(movements)))


@pytest.mark.parametrize(("valid_at", "quantity", "trades"), [
    (MOMENT - MICROSECOND, 0, 0), (MOMENT, 10, 1), (NOON - MICROSECOND, 10, 1), (NOON, 12, 1), (None, 12, 1),
])
def test_terms_hold_from_the_very_moment_they_begin_until_that_at_which_others_do(
    valid_at: datetime | None, quantity: int, trades: int
) -> None:
    found = position(valid_at)
    assert (found.quantity, found.trades, found.cost) == (quantity, trades, 100 * quantity)


@pytest.mark.parametrize(("known_at", "quantity", "settled"), [(1, 10, 0), (2, 12, 0), (3, 12, 5)])
def test_what_is_known_changes_with_the_very_event(known_at: int, quantity: int, settled: int) -> None:
    found = position(None, known_at)
    assert (found.quantity, found.settled, found.in_flight, found.sequence) == (
        quantity, settled, quantity - settled, known_at
    )


def test_what_settled_is_told_from_when_it_moved() -> None:
    assert [position(valid_at).settled for valid_at in (EVENING - MICROSECOND, EVENING)] == [0, 5]


def test_a_position_of_which_nothing_was_known_is_none() -> None:
    assert position(None, 0) is None


def test_a_cancelled_trade_is_known_to_have_held_until_it_is_cancelled() -> None:
    steps = [booking(effective_at=MOMENT), about(CancelTrade, effective_at=EVENING)]
    assert [position(NOON, known, *steps).quantity for known in (1, 2)] == [10, 0]


def test_money_lent_is_held_at_par_until_it_is_repaid() -> None:
    steps = [
        booking(terms=money(), effective_at=MOMENT), about(SettleTrade, effective_at=MOMENT),
        about(SettleTrade, command_id="repaid", effective_at=EVENING),
    ]
    lent, repaid = (position(valid_at, 9, *steps) for valid_at in (NOON, EVENING))
    assert (lent.quantity, lent.cost, lent.settled, lent.income, lent.lots) == (36000, 36000, 36000, 0, ())
    assert (repaid.quantity, repaid.cost, repaid.settled, repaid.income) == (0, 0, 0, 200)
