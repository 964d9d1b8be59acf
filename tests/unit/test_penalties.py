"""Penalties for settlement fails, worked out by hand: rate x reference price x what was open, each business day."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AnyCommand,
    BookPenalty,
    CancelTrade,
    ClassifyInstrument,
    CorrectTrade,
    DefineCalendar,
    DefineCounterparty,
    FailSettlement,
    NovateTrade,
    RecordPrice,
    SetPenaltyRate,
    SettleTrade,
)
from domain.events import PenaltyBooked
from domain.identifiers import lei_of
from domain.refusals import Refused
from tests.instruments import INSTRUMENTS, followed, nominal, trade
from tests.rules import DAY, Rules, booking
from tests.trade_commands import about, euros, shares

DUE, MONDAY, TUESDAY = date(2026, 11, 26), date(2026, 11, 30), date(2026, 12, 1)
LONG_AGO = date(2022, 2, 1)
FAILED = about(FailSettlement)
PENALTY = about(BookPenalty)
OTHER = DefineCounterparty(
    command_id="o", counterparty="OTHER", name="Other", lei=lei_of("EVERBOOK0000000003")
)
CASH_RATE = SetPenaltyRate(
    command_id="p2", kind="lack-of-cash", currency="EUR", rate=Decimal("3.6"), effective_from=LONG_AGO
)


def rules_with(*commands: AnyCommand, today: date = MONDAY, **changes: Any) -> Rules:
    """A thousand Sanofi at 100, due on Thursday 26 November; liquid shares cost a basis point a day."""
    rules = Rules()
    foundation: tuple[AnyCommand, ...] = (
        SetPenaltyRate(command_id="p1", kind="liquid-shares", rate=Decimal(1), effective_from=LONG_AGO), CASH_RATE,
        ClassifyInstrument(command_id="p3", instrument="SAN", liquidity="liquid-shares", effective_from=LONG_AGO),
        booking(**{"quantity": "1000", **changes}),
    )
    for command in foundation:
        rules.when(command)
    rules.trades.dates["business-date"] = today
    for command in commands:
        rules.when(command)
    return rules


def penalty(rules: Rules, command: AnyCommand = PENALTY) -> Any:
    (event,) = rules.when(command)
    assert isinstance(event, PenaltyBooked)
    return event


def refusal(rules: Rules, command: AnyCommand = PENALTY) -> str:
    with pytest.raises(Refused) as raised:
        rules.when(command)
    return raised.value.code


@pytest.mark.parametrize(("side", "cause", "amount"), [
    ("buy", "securities", "30"), ("sell", "securities", "-30"), ("buy", "cash", "-30"), ("sell", "cash", "30"),
])
def test_who_lacks_securities_or_cash_pays(side: str, cause: str, amount: str) -> None:
    # 1,000 x 100 for three business days, at a basis point or at 3.6 % of a year: 10.00 each.
    event = penalty(rules_with(about(FailSettlement, cause=cause), side=side))
    assert event.amount == Decimal(amount)
    assert [charge.day for charge in event.charges] == [DUE, date(2026, 11, 27), MONDAY]
    assert {charge.kind for charge in event.charges} == {"lack-of-cash" if cause == "cash" else "liquid-shares"}


def test_holidays_cost_nothing() -> None:
    closed = DefineCalendar(command_id="c", calendar="XPAR", name="Paris", holidays=(date(2026, 11, 27),))
    assert penalty(rules_with(closed, FAILED)).amount == 20


def test_the_day_on_which_it_settles_costs_nothing_and_a_part_costs_less() -> None:
    part = about(SettleTrade, quantity=Decimal(400), settled_on=date(2026, 11, 27))
    settled = about(SettleTrade, settled_on=MONDAY)
    event = penalty(rules_with(FAILED, part, settled))
    assert [(charge.quantity, charge.amount) for charge in event.charges] == [(1000, 10), (600, 6)]


def test_a_later_booking_adds_only_what_was_not_booked_at_the_price_of_its_day() -> None:
    rules = rules_with(FAILED)
    assert penalty(rules, about(BookPenalty, through=DUE)).amount == 10
    rules.when(RecordPrice(command_id="m", instrument="SAN", price=Decimal(200)))
    event = penalty(rules)
    assert (event.amount, [charge.amount for charge in event.charges]) == (40, [10, 20, 20])
    assert refusal(rules) == "nothing-due"


def test_a_settlement_reported_late_takes_back_what_was_charged_after_it() -> None:
    rules = rules_with(FAILED, PENALTY)
    rules.when(about(SettleTrade, settled_on=date(2026, 11, 27)))
    event = penalty(rules)
    assert (event.amount, len(event.charges)) == (-20, 1)


def test_a_cancelled_trade_owes_no_penalty() -> None:
    event = penalty(rules_with(FAILED, PENALTY, about(CancelTrade)))
    assert (event.amount, event.charges) == (-30, ())


def test_what_was_novated_costs_the_old_and_the_new_counterparty_each_its_own_days() -> None:
    friday = datetime(2026, 11, 27, 12, tzinfo=UTC)
    novated = about(NovateTrade, new_trade_id="N1", counterparty="OTHER", effective_at=friday)
    rules = rules_with(OTHER, FAILED, novated, about(FailSettlement, "N1"))
    assert [charge.day for charge in penalty(rules).charges] == [DUE]
    assert [charge.day for charge in penalty(rules, about(BookPenalty, "N1")).charges] == [
        date(2026, 11, 27), MONDAY
    ]


def test_a_trade_with_penalties_is_not_corrected_into_another_instrument() -> None:
    rules = rules_with(FAILED, PENALTY)
    asked = about(CorrectTrade, terms=shares("1000", instrument="IBM"), reason="wrong share")
    assert refusal(rules, asked) == "penalised"
    rules.when(about(CorrectTrade, terms=shares("500"), reason="wrong quantity"))
    assert penalty(rules).amount == -15
    rules.when(about(CancelTrade))
    assert penalty(rules).amount == -15


def test_rates_and_classes_hold_from_their_day_on() -> None:
    dearer = SetPenaltyRate(command_id="p4", kind="illiquid-shares", rate=Decimal("0.5"), effective_from=LONG_AGO)
    other = ClassifyInstrument(command_id="p5", instrument="SAN", liquidity="illiquid-shares", effective_from=MONDAY)
    raised = SetPenaltyRate(command_id="p6", kind="liquid-shares", rate=Decimal("1.5"),
                            effective_from=date(2026, 11, 27))
    event = penalty(rules_with(dearer, other, raised, FAILED))
    assert [(charge.kind, charge.amount) for charge in event.charges] == [
        ("liquid-shares", 10), ("liquid-shares", 15), ("illiquid-shares", 5)
    ]


def test_each_day_is_rounded_to_the_minor_unit_half_to_even() -> None:
    event = penalty(rules_with(FAILED, quantity="1.5"), about(BookPenalty, through=DUE))
    assert event.amount == Decimal("0.02")


@pytest.mark.parametrize("cheaper", [
    SetPenaltyRate(command_id="p7", kind="lack-of-cash", currency="EUR", rate=Decimal("-0.5"), effective_from=LONG_AGO),
    RecordPrice(command_id="p7", instrument="SAN", price=Decimal(-3)),
])
def test_neither_a_rate_nor_a_price_below_zero_pays_whoever_fails(cheaper: AnyCommand) -> None:
    assert penalty(rules_with(cheaper, about(FailSettlement, cause="cash"))).amount == 0


def test_what_keeps_a_penalty_from_being_booked() -> None:
    assert refusal(rules_with()) == "no-penalty"
    assert refusal(rules_with(FAILED, terms=euros())) == "no-penalty"
    assert refusal(rules_with(FAILED), about(BookPenalty, through=TUESDAY)) == "date-out-of-range"
    assert refusal(rules_with(FAILED, today=date(2029, 11, 30))) == "date-out-of-range"
    assert refusal(rules_with(FAILED, instrument="IBM")) == "unclassified-instrument"
    unpriced = ClassifyInstrument(command_id="p8", instrument="IBM", liquidity="liquid-shares", effective_from=LONG_AGO)
    assert refusal(rules_with(unpriced, FAILED, instrument="IBM")) == "no-price"
    unrated = ClassifyInstrument(command_id="p9", instrument="SAN", liquidity="other", effective_from=DAY)
    assert refusal(rules_with(unrated, FAILED)) == "no-penalty-rate"


def test_the_price_of_a_bond_is_in_percent() -> None:
    rules = followed(
        Rules(), *INSTRUMENTS, RecordPrice(command_id="m", instrument="OAT", price=Decimal("98.5")),
        SetPenaltyRate(command_id="p1", kind="sovereign-debt", rate=Decimal("0.1"), effective_from=LONG_AGO),
        ClassifyInstrument(command_id="p2", instrument="OAT", liquidity="sovereign-debt", effective_from=LONG_AGO),
        trade(nominal("1000000", "98.5")),
    )
    rules.trades.dates["business-date"] = DUE
    rules.when(FAILED)
    # 1,000,000 x 0.985 x 0.10 basis points for one day.
    assert penalty(rules).amount == Decimal("9.85")
