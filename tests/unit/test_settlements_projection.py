"""Settlements as they are read: one document a leg, with what is open, how long, and every event of it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    BuyIn,
    CancelTrade,
    CorrectTrade,
    DefineCalendar,
    FailSettlement,
    HoldSettlement,
    InstructSettlement,
    NetSettlements,
    ReportMismatch,
    SettleNet,
    SettleTrade,
)
from projections.ageing import AGED, Calendars, bucket_of, business_date, business_days_open
from projections.settlements import Settlement
from tests.documents import History
from tests.rules import DAY, booking
from tests.trade_commands import about, euros, money, shares


def only(*commands: Any) -> Any:
    (found,) = History(*commands).documents("settlements").values()
    return found


def test_a_booking_issues_an_obligation() -> None:
    found = only(booking(fees={"broker": Decimal("1.5")}))
    assert (found.id, found.status, found.due_on) == ("EQ-1/T1/start", "issued", date(2026, 11, 26))
    assert (found.quantity, found.amount, found.fees) == (10, Decimal("-1001.5"), Decimal("1.5"))
    assert (found.open_quantity, found.open_amount) == (10, Decimal("-1001.5"))
    assert [(step.kind, step.event) for step in found.steps] == [("obliges", "ledger-0:1")]


def test_a_loan_is_two_obligations_from_the_start() -> None:
    history = History(booking(terms=money()))
    found = history.documents("settlements")
    start, maturity = found["EQ-1/T1/start"], found["EQ-1/T1/maturity"]
    assert (start.quantity, start.amount, maturity.quantity, maturity.amount) == (36000, -36000, -36000, 36200)
    assert (start.due_on, maturity.due_on) == (DAY, date(2027, 1, 3))
    history.when(about(SettleTrade))
    history.when(about(InstructSettlement, instruction="SI-9"))
    found = history.documents("settlements")
    start, maturity = found["EQ-1/T1/start"], found["EQ-1/T1/maturity"]
    assert (start.status, start.open_amount, maturity.status) == ("settled", 0, "instructed")


def test_a_pair_settles_both_of_its_currencies() -> None:
    found = only(booking(terms=euros()), about(SettleTrade, quantity=Decimal(40)))
    assert (found.asset, found.currency, found.status) == ("EUR", "USD", "partially-settled")
    assert (found.open_quantity, found.open_amount) == (60, -66)


def test_it_follows_what_is_told_of_it() -> None:
    told = (about(InstructSettlement, instruction="SI-1"), about(ReportMismatch, difference="their price is 9"),
            about(HoldSettlement), about(FailSettlement, cause="cash"), about(FailSettlement))
    found = only(booking(), *told)
    assert (found.instruction, found.mismatch, found.held) == ("SI-1", "their price is 9", True)
    assert (found.status, found.fails, found.cause, found.failed_on) == ("failing", 2, "securities", DAY)
    assert [step.kind for step in found.steps] == ["obliges", *["told"] * 5]


def test_affirming_a_trade_is_not_about_its_settlement() -> None:
    assert len(only(booking(), about(AffirmTrade)).steps) == 1


def test_a_revision_obliges_anew_and_keeps_what_moved() -> None:
    found = only(booking(), about(SettleTrade, quantity=Decimal(4)), about(AmendTrade, terms=shares("20", "99")))
    assert (found.quantity, found.settled_quantity, found.settled_amount, found.open_amount) == (20, 4, -400, -1580)
    assert [step.quantity for step in found.steps] == [10, 4, 20]


def test_what_was_bought_in_and_what_was_cancelled_is_open_no_more() -> None:
    bought = only(booking(), about(FailSettlement), about(BuyIn, price=Decimal(104)))
    assert (bought.status, bought.open_quantity, bought.settled_quantity) == ("bought-in", 0, 10)
    cancelled = only(booking(), about(CancelTrade))
    assert (cancelled.status, cancelled.open_quantity, cancelled.open_amount) == ("cancelled", 0, 0)


def test_a_trade_corrected_into_one_without_a_maturity_has_nothing_to_repay() -> None:
    history = History(booking(terms=money()), about(CorrectTrade, terms=shares(), reason="no loan"))
    found = history.documents("settlements")
    assert (found["EQ-1/T1/start"].quantity, found["EQ-1/T1/maturity"].status) == (10, "cancelled")
    history.when(about(AmendTrade, terms=money()))
    assert history.documents("settlements")["EQ-1/T1/maturity"].status == "issued"


def test_the_trades_of_a_net_name_it() -> None:
    net: dict[str, Any] = {"net_id": "N1", "book": "EQ-1"}
    history = History(
        booking("T1"), booking("T2", side="sell"), NetSettlements(command_id="n", **net, trade_ids=("T1", "T2"))
    )
    assert {(each.net, each.instruction, each.status) for each in history.documents("settlements").values()} == {
        ("N1", "N1", "instructed")
    }
    history.when(SettleNet(command_id="s", **net))
    assert {(each.net, each.status) for each in history.documents("settlements").values()} == {("N1", "settled")}
    trades = history.documents("trades")
    assert [(each.status, each.state.version) for each in trades.values()] == [("settled", 3), ("settled", 3)]


def aged(today: date, *commands: Any) -> int:
    history = History(*commands)
    entries = [each for each in history.documents("reference").values() if each.kind in AGED]
    found = history.documents("settlements")["EQ-1/T1/start"]
    assert isinstance(found, Settlement)
    return business_days_open(found, today, Calendars(entries))


DUE = date(2026, 11, 26)


@pytest.mark.parametrize(("today", "days"), [
    (DAY, 0), (DUE, 0), (date(2026, 11, 27), 1), (date(2026, 11, 29), 1), (date(2026, 11, 30), 2),
])
def test_ageing_counts_business_days_after_the_one_that_was_due(today: date, days: int) -> None:
    assert aged(today, booking()) == days


def test_ageing_minds_holidays_and_ends_with_the_settlement() -> None:
    closed = DefineCalendar(command_id="h", calendar="XPAR", name="Paris", holidays=(date(2026, 11, 27),))
    assert aged(date(2026, 11, 30), closed, booking()) == 1
    assert aged(date(2026, 11, 30), booking(), about(SettleTrade)) == 0
    assert aged(date(2026, 11, 30), booking(terms=euros(), trade_date=DAY - timedelta(1))) == 3


def test_buckets_end_where_they_say() -> None:
    assert [bucket_of(days) for days in (0, 1, 4, 5, 7, 8, 20, 21)] == [
        "not-due", "1-4", "1-4", "5-7", "5-7", "8-20", "8-20", "over-20"
    ]
    assert business_date([]) is None
