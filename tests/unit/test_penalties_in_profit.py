"""Penalties in positions and profit: given a fail, when it is charged, then it is a line of its own, on its day."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AmendTrade, BookPenalty, CancelTrade, ClassifyInstrument, FailSettlement, SetPenaltyRate
from domain.money import exact
from projections.as_of import Instant, position_at
from projections.explanation import explain
from projections.positions import Position
from projections.profit import Effects, Marks, States, effects
from projections.valuation import profit
from tests.documents import History, read_models
from tests.properties.instants import among, grouped
from tests.rules import DAY, MOMENT, booking
from tests.trade_commands import about, shares

FAILED, LATER = MOMENT + timedelta(days=3), MOMENT + timedelta(days=6)


class Flat:
    """Everything is worth a hundred, in euros."""

    def price(self, _held: Position, /) -> Decimal | None:
        return Decimal(100)

    def rate(self, _base: str, _quote: str, /) -> Decimal | None:
        return Decimal(1)

    def accrued(self, _held: Position, /) -> Decimal | None:
        return Decimal(0)


def told(*commands: Any, side: str = "sell") -> History:
    """A thousand at 100 that were due for three business days, at a basis point each."""
    history = History(
        SetPenaltyRate(command_id="p1", kind="liquid-shares", rate=Decimal(1), effective_from=DAY),
        ClassifyInstrument(command_id="p3", instrument="SAN", liquidity="liquid-shares", effective_from=DAY),
        booking(quantity="1000", side=side, effective_at=MOMENT),
    )
    history.trades.dates["business-date"] = DAY + timedelta(days=6)
    for command in (about(FailSettlement, cause="securities", effective_at=FAILED), *commands):
        history.when(command)
    return history


CHARGED = about(BookPenalty, effective_at=LATER)


@pytest.mark.parametrize(("side", "amount"), [("sell", -30), ("buy", 30)])
def test_what_a_fail_cost_or_brought_is_part_of_profit_and_no_part_of_the_fees(side: str, amount: int) -> None:
    models = read_models(told(CHARGED, side=side).events)
    position = models["positions"]["EQ-1/SAN"]
    assert (position.penalties, position.fees, position.realised, position.sequence) == (amount, 0, 0, 3)
    assert models["cash"]["EQ-1/EUR"].penalties == position.penalties
    with exact():
        (line,) = profit([position], Flat(), "book")
    assert line.penalties == line.total == Decimal(amount)


def test_it_is_earned_on_the_day_on_which_it_was_charged() -> None:
    movements = list(told(CHARGED).documents("movements").values())
    with exact():
        before, after = (
            position_at(movements, Instant(valid_at, 9), among(grouped(movements))) for valid_at in (FAILED, LATER)
        )
        marks = Marks(Flat(), Flat(), Flat())
        assert effects(States(before, before, after), marks) == Effects(penalties=Decimal(-30))


def test_an_explanation_has_it_as_a_contribution() -> None:
    movements = list(told(CHARGED).documents("movements").values())
    with exact():
        found = explain(movements, Instant(None, 9), among(grouped(movements)))
    assert found is not None
    assert found.penalties == -30
    assert {each.kind: int(each.penalties) for each in found.items} == {"trade": 0, "penalty": -30}


def test_a_revision_leaves_it_and_an_end_gives_it_back_when_that_is_booked() -> None:
    revised = told(CHARGED, about(AmendTrade, terms=shares("1000", "99", side="sell")))
    assert revised.documents("positions")["EQ-1/SAN"].penalties == -30
    ended = told(CHARGED, about(CancelTrade))
    assert ended.documents("positions")["EQ-1/SAN"].penalties == -30
    ended.when(about(BookPenalty, command_id="back"))
    assert ended.documents("positions")["EQ-1/SAN"].penalties == 0
