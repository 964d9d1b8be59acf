"""Spin-offs: given a parent that is held, when the ex date comes, then a part of its cost is that of the child."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AmendTrade, AnnounceCorporateAction, AnyCommand, CancelTrade, IncreaseTrade
from domain.commands.corporate_actions import Coupon
from projections.as_of import Instant
from projections.difference import difference
from projections.explanation import explain
from tests.corporate_actions import (
    EX,
    PAY,
    Told,
    amended,
    announced,
    bought,
    cancelled,
    dividend,
    figures,
    merger,
    of,
    roll,
    spin_off,
    split,
)
from tests.instruments import OAT, define
from tests.ledger import send
from tests.properties.instants import among
from tests.rules import DAY, MOMENT
from tests.trade_commands import about, moving, shares

CHILD, CHILDREN = define("AXA", "ESVUFR", None, issuer="AXA"), define("ETF", "CEOGES", None)
LATER, BEFORE = EX + timedelta(days=1), EX - timedelta(days=1)
FIGURES = ("quantity", "cost", "realised")


def test_a_child_takes_its_part_of_the_cost_of_every_lot_and_the_date_it_was_acquired_on() -> None:
    told = Told(
        CHILD, roll(DAY), bought("T1", "10", "100"), bought("T2", "5", "90", trade_date=BEFORE),
        announced(spin_off("1", "2", "20"), pay=PAY), roll(EX),
    )
    assert figures(told.position(), *FIGURES) == [15, 1160, 0]
    assert [(lot.trade_id, lot.quantity, lot.price, lot.cost) for lot in told.position().lots] == [
        ("T1", 10, 80, 800), ("T2", 5, 72, 360)
    ]
    child = told.position(instrument="AXA")
    assert figures(child, *FIGURES, "settled", "trades") == [Decimal("7.5"), 290, 0, 0, 0]
    assert [(lot.trade_id, lot.trade_date, lot.quantity, lot.cost) for lot in child.lots] == [
        ("T1", DAY, 5, 200), ("T2", BEFORE, Decimal("2.5"), 90)
    ]
    assert [told.limited(), told.limited(instrument="AXA")] == [15, Decimal("7.5")]
    accounts = told.accounts()
    assert accounts["Assets:SecuritiesReceivable:AXA", "AXA"] == Decimal("7.5")
    assert [accounts[f"Equity:Trading:{name}", "EUR"] for name in ("SAN", "AXA")] == [1160, 290]
    assert ("Equity:Exchanged:SAN", "EUR") not in accounts
    told.tell(roll(PAY))
    assert told.position(instrument="AXA").settled == told.accounts()["Assets:Custody", "AXA"] == Decimal("7.5")
    assert told.cash().settled == 0


def test_the_part_of_the_cost_is_that_of_what_the_child_is_worth() -> None:
    # One for four, the parent at 120 ex and the child at 160: r FMVc / (FMVp + r FMVc) is 40 of 160.
    ratio, parent, child = Decimal("0.25"), Decimal(120), Decimal(160)
    percent = ratio * child / (parent + ratio * child) * 100
    told = Told(CHILD, bought("T1", "400", "50"), announced(spin_off("1", "4", str(percent))))
    assert figures(told.position(instrument="AXA"), *FIGURES) == [100, 5000, 0]
    assert figures(told.position(), *FIGURES) == [400, 15_000, 0]


def test_a_fraction_of_all_that_comes_is_paid_out_from_the_position_of_the_child() -> None:
    told = Told(
        CHILD, roll(DAY), bought("T1", "7", "100"), announced(spin_off("1", "2", "20", "30"), pay=PAY), roll(EX)
    )
    # Three and a half come at 140, of which the half cost 20 and brings 15.
    assert figures(told.position(instrument="AXA"), *FIGURES) == [3, 120, -5]
    assert told.limited(instrument="AXA") == 3
    assert figures(told.cash(), "settled", "receivable") == [0, 15]
    assert told.tell(roll(PAY)).cash().settled == 15
    assert told.accounts()["Equity:Trading:AXA", "EUR"] == 120


def test_a_fraction_is_paid_out_to_the_cent_also_where_it_opens_more_of_a_short_position() -> None:
    told = Told(
        CHILD, roll(DAY), bought("T1", "13.2", "100"), bought("T2", "10", "70", side="sell", instrument="AXA"),
        announced(spin_off("1", "4", "20", "40.03")), roll(EX),
    )
    # 3.3 come and 0.3 of them go for 12.01: the price of one is rounded, the money is not.
    position = told.position(instrument="AXA")
    assert [position.quantity, position.lots[-1].quantity, position.lots[-1].cost] == [
        -7, Decimal("-0.3"), Decimal("-12.01")
    ]
    assert position.cost - position.realised == 264 - 700 - Decimal("12.01")


def test_a_fraction_that_opens_a_lot_costs_what_was_paid_for_it_to_the_last_decimal() -> None:
    told = Told(
        CHILD, roll(DAY), bought("T1", "10", "100", instrument="AXA"), bought("T2", "5.5", "1", side="sell"),
        announced(spin_off("1", "2", "0", "40.03")), roll(EX),
    )
    # Two and three quarters are owed, of which 0.75 is bought back for 30.02: a lot at 40.026666666667.
    child = told.position(instrument="AXA")
    assert figures(child, *FIGURES) == [8, Decimal("755.02"), -275]
    first, second = child.lots
    assert (figures(first, "quantity", "cost"), figures(second, "quantity", "cost")) == (
        [Decimal("7.25"), 725], [Decimal("0.75"), Decimal("30.02")]
    )


def test_who_is_short_owes_the_shares_of_the_child() -> None:
    told = Told(
        CHILD, roll(DAY), bought("T1", "10", "100", side="sell"), announced(spin_off("1", "1", "25"), pay=PAY), roll(EX)
    )
    assert figures(told.position(), *FIGURES) == [-10, -750, 0]
    assert figures(told.position(instrument="AXA"), *FIGURES) == [-10, -250, 0]
    assert told.accounts()["Liabilities:SecuritiesDeliverable:AXA", "AXA"] == -10
    assert told.limited(instrument="AXA") == -10


def test_what_is_bought_short_or_long_of_the_child_before_meets_what_comes() -> None:
    told = Told(
        CHILD, roll(DAY), bought("T1", "10", "100"), sold_child("T2", "4", "30"), announced(spin_off("1", "1", "20")),
        roll(EX),
    )
    # Four of the ten close what was sold short at 30, at their cost of 20.
    assert figures(told.position(instrument="AXA"), *FIGURES) == [6, 120, 40]


def test_a_late_an_amended_and_a_cancelled_trade_of_the_parent_change_the_position_of_the_child() -> None:
    told = Told(CHILD, roll(DAY), bought("T1", "10", "100"), announced(spin_off("1", "2", "20")), roll(EX))
    told.tell(bought("T2", "4", "50"))
    assert figures(told.position(instrument="AXA"), *FIGURES) == [7, 240, 0]
    told.tell(about(AmendTrade, "T2", terms=shares("6", "50")))
    assert figures(told.position(instrument="AXA"), *FIGURES) == [8, 260, 0]
    assert told.limited(instrument="AXA") == 8
    told.tell(about(CancelTrade, "T1"))
    assert figures(told.position(instrument="AXA"), *FIGURES) == [3, 60, 0]
    assert told.limited(instrument="AXA") == 3
    # One of the ex date is of the parent alone.
    told.tell(bought("T3", "8", "80", trade_date=EX))
    assert figures(told.position(instrument="AXA"), *FIGURES) == [3, 60, 0]
    # A book that held nothing comes to both positions by a late trade.
    told.tell(bought("T4", "2", "60", book="EQ-2"))
    assert figures(told.position("EQ-2", "AXA"), *FIGURES, "settled") == [1, 24, 0, 1]


def test_only_what_lies_before_the_ex_date_names_the_positions_that_follow() -> None:
    told = Told(CHILD, roll(DAY), bought("T1"), announced(spin_off("1", "2", "20")), roll(EX))
    told.tell(bought("T2"), bought("T3", trade_date=LATER), bought("T4", instrument="IBM"))
    onward = {each.event.trade_id: each.event.onward for each in told.events if each.type == "trade.booked.v1"}  # type: ignore[attr-defined]
    assert onward == {"T1": (), "T2": ("AXA",), "T3": (), "T4": ()}


def test_an_earlier_action_that_is_amended_reaches_the_child_too() -> None:
    told = Told(
        CHILD, roll(DAY), bought("T1", "10", "100"), announced(split("2"), "A1", ex=BEFORE),
        announced(spin_off("1", "2", "20"), "A2"), roll(EX),
    )
    assert figures(told.position(instrument="AXA"), *FIGURES) == [10, 200, 0]
    told.tell(amended(split("4"), "A1", ex=BEFORE))
    assert figures(told.position(instrument="AXA"), *FIGURES) == [20, 200, 0]
    assert told.limited(instrument="AXA") == 20


def test_what_happens_to_the_child_afterwards_is_for_what_came_of_the_parent() -> None:
    told = Told(
        CHILD, CHILDREN, roll(DAY), bought("T1", "10", "100"), announced(spin_off("1", "1", "20"), "A1"),
        of("AXA", split("3"), "A2", LATER), of("AXA", merger("1", "2", "ETF"), "A3", PAY), roll(PAY),
    )
    assert figures(told.position(instrument="AXA"), *FIGURES) == [0, 0, 0]
    assert figures(told.position(instrument="ETF"), *FIGURES) == [15, 200, 0]
    assert told.limited(instrument="ETF") == 15
    # All of it comes to a book that had none of the three, with one late trade.
    told.tell(bought("T2", "4", "50", book="EQ-2"))
    assert figures(told.position("EQ-2", "ETF"), *FIGURES) == [6, 40, 0]
    assert told.limited("EQ-2", "ETF") == 6
    told.tell(about(CancelTrade, "T1"))
    assert figures(told.position(instrument="ETF"), *FIGURES) == [0, 0, 0]


def test_an_action_of_the_child_that_was_applied_before_comes_with_the_spin_off() -> None:
    told = Told(
        CHILD, roll(DAY), bought("T1", "10", "100"), of("AXA", split("3"), "A1", LATER), roll(LATER),
        announced(spin_off("1", "1", "20"), "A2"),
    )
    assert figures(told.position(instrument="AXA"), *FIGURES) == [30, 200, 0]
    assert told.limited(instrument="AXA") == 30


def test_what_the_child_had_become_before_the_spin_off_was_known_is_what_comes() -> None:
    told = Told(
        CHILD, CHILDREN, roll(DAY), bought("T1", "10", "100"), of("AXA", merger("3", "1", "ETF"), "A1", LATER),
        roll(LATER), announced(spin_off("1", "1", "20"), "A2", pay=PAY),
    )
    assert figures(told.position(instrument="AXA"), *FIGURES) == [0, 0, 0]
    assert figures(told.position(instrument="ETF"), *FIGURES) == [30, 200, 0]
    assert told.limited(instrument="ETF") == 30


def test_what_comes_on_a_day_is_not_entitled_to_what_its_issuer_does_that_day() -> None:
    told = Told(
        CHILD, bought("T1", "10", "100"), announced(spin_off("1", "1", "20"), "A1"), of("AXA", dividend("1"), "A2", EX),
        of("AXA", split("5"), "A3", EX),
    )
    assert figures(told.position(instrument="AXA"), *FIGURES, "income") == [10, 200, 0, 0]
    assert told.limited(instrument="AXA") == 10


def test_what_is_cancelled_or_goes_to_another_instrument_instead_never_was() -> None:
    told = Told(CHILD, CHILDREN, roll(DAY), bought("T1", "10", "100"), announced(spin_off("1", "1", "20")), roll(EX))
    told.tell(amended(spin_off("2", "1", "50", into="ETF")))
    assert figures(told.position(instrument="AXA"), *FIGURES, "settled") == [0, 0, 0, 0]
    assert figures(told.position(instrument="ETF"), *FIGURES, "settled") == [20, 500, 0, 20]
    assert [told.limited(instrument="AXA"), told.limited(instrument="ETF")] == [0, 20]
    told.tell(cancelled())
    assert figures(told.position(instrument="ETF"), *FIGURES, "settled") == [0, 0, 0, 0]
    assert figures(told.position(), *FIGURES) == [10, 1000, 0]
    assert told.accounts() == Told(CHILD, CHILDREN, roll(DAY), bought("T1", "10", "100"), roll(EX)).accounts()


def test_what_is_moved_to_a_later_day_and_to_another_instrument_is_no_more_where_it_was() -> None:
    told = Told(CHILD, CHILDREN, roll(DAY), bought("T1", "10", "100"), announced(spin_off("1", "1", "20")), roll(LATER))
    told.tell(amended(spin_off("2", "1", "50", into="ETF"), ex=LATER))
    assert figures(told.position(instrument="AXA"), *FIGURES) == [0, 0, 0]
    assert figures(told.position(instrument="ETF"), *FIGURES) == [20, 500, 0]


def test_a_position_that_rests_on_nothing_any_more_stays_as_it_is() -> None:
    told = Told(
        CHILD, roll(DAY), announced(spin_off("1", "1", "20"), "A1"), announced(dividend("1"), "A2"), roll(EX),
        sold_child("T1", "3", "30"), cancelled("A1"),
    )
    before = told.position(instrument="AXA").sequence
    told.tell(bought("T2"))
    assert told.events[-1].event.onward == ("AXA",)  # type: ignore[attr-defined]
    assert told.position(instrument="AXA").sequence == before


def test_of_what_a_spin_off_took_from_no_more_is_agreed_at_a_price_of_then() -> None:
    told = Told(CHILD, roll(DAY), bought("T1", "10", "100"), announced(spin_off("1", "1", "20")), roll(EX))
    (outcome,) = send(told.logs, about(IncreaseTrade, "T1", quantity=Decimal(1), price=Decimal(9)))
    assert outcome.code == "units-changed"


def test_lots_that_came_may_be_moved_to_another_book_by_their_names() -> None:
    told = Told(CHILD, roll(DAY), bought("T1", "10", "100"), announced(spin_off("1", "2", "20")), roll(EX))
    told.tell(moving(("T1", "2", "80"), instrument="AXA", transfer_date=LATER))
    told.logs.carry_all()
    assert figures(told.position(instrument="AXA"), *FIGURES) == [3, 120, 0]
    assert figures(told.position("EQ-2", "AXA"), *FIGURES) == [2, 80, 0]
    told.tell(moving(("T1", "5", "400"), transfer_id="M2", transfer_date=LATER))
    assert figures(told.position(), *FIGURES) == [5, 400, 0]


def test_what_is_moved_to_another_book_as_of_before_brings_the_child_there() -> None:
    told = Told(CHILD, roll(DAY), bought("T1", "10", "100"), announced(spin_off("1", "2", "20"), pay=PAY), roll(EX))
    told.tell(moving(("T1", "4", "400")))
    told.logs.carry_all()
    assert [figures(told.position(book), *FIGURES) for book in ("EQ-1", "EQ-2")] == [[6, 480, 0], [4, 320, 0]]
    of_child = [told.position(book, "AXA") for book in ("EQ-1", "EQ-2")]
    assert [figures(each, *FIGURES, "settled") for each in of_child] == [[3, 120, 0, 0], [2, 80, 0, 0]]
    assert [told.limited(book, "AXA") for book in ("EQ-1", "EQ-2")] == [3, 2]


def test_an_explanation_names_where_lots_came_from_and_a_difference_what_caused_it_there() -> None:
    first = bought("T1", "10", "100", effective_at=MOMENT)
    told = Told(CHILD, roll(DAY), first, announced(spin_off("1", "2", "20")), roll(EX))
    before = len(told.events)
    groups = told.tell(bought("T2", "4", "50")).groups()
    group, now = groups["EQ-1/AXA"], Instant(None, before + 1)
    explained: Any = explain(group, now, among(groups))
    assert [(each.kind, each.source, each.quantity, each.cost) for each in explained.items] == [
        ("succession", "SAN", 7, 240), ("payment", "SAN", 0, 0)
    ]
    assert [(lot.trade_id, lot.quantity) for lot in explained.items[0].opened] == [("T1", 5), ("T2", 2)]
    found = difference(group, None, before, before + 1, among(groups))
    assert found is not None
    assert figures(found.change, "quantity", "cost") == [2, 40]
    assert [each.what for each in found.items] == ["restated", "restated"]
    assert [each.event for each in found.causes] == [f"ledger-0:{before + 1}"]
    then: Any = explain(group, Instant(None, before), among(groups))
    assert figures(then, "quantity", "cost") == figures(then.items[0], "quantity", "cost") == [5, 200]


@pytest.mark.parametrize(("terms", "field", "code"), [
    (spin_off("1", "1", "20", into="NONE"), "$.terms.into", "unknown-instrument"),
    (spin_off("1", "1", "20", into="SAN"), "$.terms.into", "same-instrument"),
    (spin_off("1", "1", "20", into="IBM"), "$.terms.into", "other-currency"),
    (spin_off("1", "1", "20", into="OAT"), "$.terms.into", "wrong-product"),
    (spin_off("0", "1", "20"), "$.terms.new", "not-positive"),
    (spin_off("1", "-2", "20"), "$.terms.old", "not-positive"),
    (spin_off("1", "1", "100.1"), "$.terms.cost_percent", "out-of-range"),
    (spin_off("1", "1", "-1"), "$.terms.cost_percent", "out-of-range"),
    (spin_off("1", "1", "20", "-0.1"), "$.terms.cash_in_lieu", "negative"),
])
def test_what_cannot_be_meant_is_refused_by_its_field(terms: Any, field: str, code: str) -> None:
    told = Told(CHILD, define("OAT", "DBFTFB", OAT), announced(Coupon(percent=Decimal(1)), "A2"))
    for command in (announced(terms), amended(terms, "A2")):
        (outcome,) = send(told.logs, command)
        assert (outcome.code, outcome.field) == (code, field)


def test_a_bond_is_not_exchanged() -> None:
    told = Told(CHILD, define("OAT", "DBFTFB", OAT))
    (outcome,) = send(told.logs, AnnounceCorporateAction(
        command_id="c", action="A1", instrument="OAT", ex_date=EX, terms=merger("1", "1", "AXA")
    ))
    assert (outcome.code, outcome.field) == ("wrong-product", "$.terms.kind")


def sold_child(trade_id: str, quantity: str, price: str) -> AnyCommand:
    return bought(trade_id, quantity, price, side="sell", instrument="AXA")
