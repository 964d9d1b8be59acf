"""Trades of other days: when they begin to hold, on which day they are posted, and what that restates."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AffirmTrade,
    AllocateBlock,
    AmendTrade,
    CancelTrade,
    ClosePeriod,
    CorrectTrade,
    IncreaseTrade,
    NovateTrade,
    RollBusinessDate,
    SetLimit,
    SettleTrade,
)
from domain.commands.lifecycle import Allocation
from domain.corporate_actions import closing_of
from domain.events import TradeBooked, TradeEvent
from domain.money import ZERO, exact
from projections.as_of import Instant, position_at
from tests.documents import History, read_models
from tests.instruments import swap, trade
from tests.properties.instants import grouped
from tests.rules import DAY, MOMENT, booking, refusal
from tests.trade_commands import about, shares
from tests.unit.test_novation_and_compression import BETA, compression

TODAY = RollBusinessDate(command_id="roll", business_date=DAY)
CLOSED = ClosePeriod(command_id="close", through=DAY - timedelta(1))
AGO, AHEAD = DAY - timedelta(4), DAY + timedelta(4)


def turned(history: History, *commands: Any) -> History:
    """Dates turn in the reference log, and are carried into the ledger log."""
    for command in commands:
        history.when(command)
        history.carry(command)
    return history


def last(history: History, command: Any) -> Any:
    event = history.when(command)[-1]
    assert isinstance(event, TradeEvent)
    return event


def test_a_trade_of_a_later_day_holds_from_that_day_on_and_is_posted_on_it() -> None:
    history = turned(History(), TODAY)
    event = last(history, booking(trade_date=AHEAD))
    begins = datetime(AHEAD.year, AHEAD.month, AHEAD.day, tzinfo=UTC)
    assert (event.effective_at, event.terms.executed_at, event.business_date) == (begins, begins, AHEAD)
    (movement,) = read_models(history.events)["movements"].values()
    assert (movement.valid_from, movement.valid_to) == (begins, None)
    assert last(history, about(AffirmTrade)).business_date == AHEAD
    # A time that is said is not second-guessed.
    assert last(history, booking("T2", trade_date=AHEAD, effective_at=MOMENT)).terms.executed_at == MOMENT


def test_a_trade_of_an_earlier_day_is_posted_on_the_business_date_and_holds_from_when_it_says() -> None:
    history = turned(History(), TODAY)
    event = last(history, booking(trade_date=AGO, effective_at=MOMENT - timedelta(4)))
    assert (event.business_date, event.effective_at, event.restates) == (DAY, MOMENT - timedelta(4), None)


def held(history: History, day: date) -> Decimal:
    """The quantity at the end of a day, as it is known now."""
    (movements,) = grouped(read_models(history.events)["movements"].values()).values()
    with exact():
        then = position_at(movements, Instant(closing_of(day), len(history.events)), lambda _book, _instrument: [])
    return then.quantity if then else ZERO


def test_a_trade_that_is_told_late_holds_from_the_end_of_its_day() -> None:
    history = turned(History(), TODAY)
    history.when(booking(trade_date=AGO))
    event: Any = history.events[-1].event
    assert (event.effective_at, event.terms.executed_at) == (closing_of(AGO), event.recorded_at)
    assert [held(history, AGO + timedelta(days)) for days in (-1, 0, 1, 4)] == [0, 10, 10, 10]


def test_trades_that_are_told_late_are_lots_in_the_order_in_which_they_were_told() -> None:
    history = turned(History(), TODAY)
    for trade_id in ("T2", "T3", "T1"):
        history.when(booking(trade_id, trade_date=AGO))
    position: Any = read_models(history.events)["positions"]["EQ-1/SAN"]
    assert [lot.trade_id for lot in position.lots] == ["T2", "T3", "T1"]


def test_both_legs_of_a_swap_that_is_told_late_hold_since_its_day() -> None:
    history = turned(History(), TODAY)
    history.when(trade(swap(), trade_date=AGO))
    legs = [each.event for each in history.events if isinstance(each.event, TradeBooked)]
    assert [leg.effective_at for leg in legs] == [closing_of(AGO)] * 2


@pytest.mark.parametrize(("was", "is_right"), [(0, -3), (-3, -1), (-4, 0)])
def test_a_trade_whose_day_was_wrong_is_held_since_the_right_one(was: int, is_right: int) -> None:
    wrong, right = DAY + timedelta(was), DAY + timedelta(is_right)
    history = turned(History(), TODAY)
    history.when(booking(trade_date=wrong))
    history.when(about(CorrectTrade, terms=shares("10"), reason="day", trade_date=right))
    days = [DAY + timedelta(each) for each in range(-5, 1)]
    assert [held(history, day) for day in days] == [10 if day >= right else 0 for day in days]
    history.when(about(AmendTrade, terms=shares("12"), effective_at=MOMENT + timedelta(1)))
    assert held(history, right) == 10


def test_a_trade_that_is_of_today_after_all_is_held_from_now_on() -> None:
    history = turned(History(), TODAY)
    history.when(booking(trade_date=AGO))
    corrected = last(history, about(CorrectTrade, terms=shares("10"), reason="day", trade_date=DAY))
    assert corrected.effective_at == corrected.recorded_at == corrected.terms.executed_at
    ahead = last(history, about(CorrectTrade, command_id="c2", terms=shares("10"), reason="day", trade_date=AHEAD))
    assert ahead.effective_at.date() == AHEAD


def test_a_wrong_day_of_a_trade_that_was_amended_leaves_what_was_agreed_when() -> None:
    history = turned(History(), TODAY)
    history.when(booking(trade_date=AGO))
    history.when(about(AmendTrade, terms=shares("12"), effective_at=MOMENT - timedelta(1)))
    history.when(about(CorrectTrade, terms=shares("12"), reason="day", trade_date=AGO + timedelta(1)))
    assert [held(history, AGO + timedelta(days)) for days in (0, 2, 3, 4)] == [10, 10, 12, 12]


def test_what_settled_is_told_late_with_its_day_but_after_its_trade() -> None:
    history = turned(History(), TODAY)
    history.when(booking(trade_date=AGO))
    settled = last(history, about(SettleTrade, quantity=Decimal(4), settled_on=DAY - timedelta(1)))
    assert settled.effective_at == closing_of(DAY - timedelta(1))
    same_day = last(history, about(SettleTrade, command_id="s2", quantity=Decimal(4), settled_on=AGO))
    assert same_day.effective_at == closing_of(AGO) == history.trades.trades["T1"].held_from
    now = last(history, about(SettleTrade, command_id="s3", settled_on=DAY))
    assert now.effective_at == now.recorded_at


def test_a_trade_of_a_later_day_takes_its_room_at_once() -> None:
    limit = SetLimit(command_id="l", book="EQ-1", kind="gross-notional", amount=Decimal(1500))
    history = turned(History(limit), TODAY)
    history.when(booking(trade_date=AHEAD))
    assert refusal(history, booking("T2")).code == "limit-gross-notional"


def test_nothing_has_settled_of_a_trade_whose_day_has_not_come() -> None:
    history = turned(History(), TODAY)
    history.when(booking(trade_date=AHEAD))
    assert refusal(history, about(SettleTrade)).code == "date-out-of-range"


def test_what_comes_late_for_a_closed_day_says_so_and_is_posted_on_an_open_one() -> None:
    history = turned(History(), TODAY, CLOSED)
    event = last(history, booking(trade_date=AGO))
    assert (event.restates, event.business_date, event.terms.trade_date) == (AGO, DAY, AGO)
    entry = next(iter(read_models(history.events)["journal"].values()))
    assert (entry.restates, entry.business_date) == (AGO, DAY)
    assert last(history, booking("T2")).restates is None


CLOSED_TIME = MOMENT - timedelta(days=2)


@pytest.mark.parametrize(("command", "restates"), [
    (about(AmendTrade, terms=shares("12"), effective_at=CLOSED_TIME), DAY - timedelta(2)),
    (about(AmendTrade, terms=shares("12")), None),
    (about(CorrectTrade, terms=shares("12"), reason="typo"), AGO),
    (about(CorrectTrade, terms=shares("12"), reason="typo", trade_date=AGO - timedelta(1)), AGO - timedelta(1)),
    (about(CancelTrade), AGO),
    (about(SettleTrade, settled_on=DAY - timedelta(1)), DAY - timedelta(1)),
    (about(SettleTrade), None),
    (about(IncreaseTrade, quantity=Decimal(1), price=Decimal(1), effective_at=CLOSED_TIME), DAY - timedelta(2)),
    (about(IncreaseTrade, quantity=Decimal(1), price=Decimal(1), trade_date=AGO), AGO),
    (about(NovateTrade, new_trade_id="N", counterparty="BETA", effective_at=CLOSED_TIME), DAY - timedelta(2)),
    (about(AllocateBlock, allocations=(Allocation(trade_id="A", book="EQ-1", share=Decimal(1)),)), None),
    (compression("T1", "T2", effective_at=CLOSED_TIME), DAY - timedelta(2)),
    (compression("T1", "T2"), None),
])
def test_a_late_fact_restates_the_day_that_it_is_about(command: Any, restates: Any) -> None:
    history = turned(History(BETA, booking(trade_date=AGO), booking("T2", trade_date=AGO)), TODAY, CLOSED)
    event = last(history, command)
    assert (event.restates, event.business_date) == (restates, DAY)
