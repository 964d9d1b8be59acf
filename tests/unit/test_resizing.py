"""More of a trade, less of it, and its early end, each agreed from a day on."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    CancelTrade,
    DecreaseTrade,
    EngageKillSwitch,
    FailSettlement,
    IncreaseTrade,
    SetLimit,
    SettleTrade,
    TerminateTrade,
)
from domain.outcomes import Principal
from tests.rules import DAY, MOMENT, booking, refusal, rules_after
from tests.trade_commands import about, euros, money, shares

LATER = MOMENT + timedelta(days=2)


def resized(kind: Any, quantity: str = "4", price: str = "110", trade_id: str = "T1", **fields: Any) -> Any:
    return about(kind, trade_id, **{"quantity": Decimal(quantity), "price": Decimal(price), **fields})


def test_an_increase_is_dealt_beside_what_there_was_at_its_own_price_and_day() -> None:
    rules = rules_after(booking())
    fees = {"broker": Decimal(2)}
    (event,) = rules.when(resized(IncreaseTrade, effective_at=LATER, fees=fees))
    assert type(event).__name__ == "QuantityIncreased"
    terms = event.terms
    assert (terms.quantity, terms.amount, terms.fees, terms.trade_date) == (14, -1440, fees, DAY)
    assert terms.price == Decimal("102.857142857143")
    assert [(part.quantity, part.price, part.trade_date, part.held_from) for part in terms.parts] == [
        (10, 100, DAY, LATER), (4, 110, DAY + timedelta(2), LATER),
    ]
    assert (event.change, event.revision, event.supersedes) == (terms.parts[1], 2, "ledger-0:1")
    assert (rules.trades.positions, rules.trades.used) == ({("EQ-1", "SAN"): 14}, {"EQ-1": 1440})


def test_a_decrease_deals_a_part_of_it_back() -> None:
    rules = rules_after(booking(side="sell"))
    (event,) = rules.when(resized(DecreaseTrade))
    assert type(event).__name__ == "QuantityDecreased"
    assert (event.terms.quantity, event.terms.amount, event.change.amount) == (-6, 560, -440)
    assert (rules.trades.positions, rules.trades.used) == ({("EQ-1", "SAN"): -6}, {"EQ-1": 560})


def test_a_changed_trade_settles_as_one_and_is_affirmed_anew() -> None:
    rules = rules_after(booking(), about(AffirmTrade), resized(IncreaseTrade))
    assert rules.trades.trades["T1"].status == "booked"
    rules.when(about(SettleTrade, quantity=Decimal(7)))
    rules.when(about(SettleTrade, command_id="rest"))
    trade = rules.trades.trades["T1"]
    assert (trade.status, trade.settled_quantity, trade.settled_amount) == ("settled", 14, -1440)
    assert rules.trades.used == {"EQ-1": 0}


def test_what_has_settled_is_not_dealt_back() -> None:
    rules = rules_after(booking(), about(SettleTrade, quantity=Decimal(7)))
    assert refusal(rules, resized(DecreaseTrade, "3")).code == "already-settled"
    assert rules.when(resized(DecreaseTrade, "2"))
    assert refusal(rules, about(TerminateTrade)).code == "already-settled"


def test_new_terms_take_the_place_of_all_parts_unless_they_change_nothing_of_them() -> None:
    rules = rules_after(booking(), resized(IncreaseTrade))
    price = "102.857142857143"
    rules.when(about(AmendTrade, terms=shares("14", price, settlement_date=DAY + timedelta(9))))
    assert [part.price for part in rules.trades.trades["T1"].terms.parts] == [100, 110]
    rules.when(about(AmendTrade, command_id="a2", terms=shares("14", "103")))
    assert (rules.trades.trades["T1"].terms.parts, rules.trades.trades["T1"].terms.amount) == ((), -1442)
    assert rules.trades.trades["T1"].entries == ("SAN/0002.000", "SAN/0002.001", "SAN/0003.000", "SAN/0003.001")


def test_a_terminated_trade_leaves_its_unwind_amount_and_fees_to_be_paid() -> None:
    rules = rules_after(booking(fees={"broker": Decimal(5)}), resized(IncreaseTrade))
    due_on = DAY + timedelta(3)
    (event,) = rules.when(about(TerminateTrade, amount=Decimal("12.50"), due_on=due_on))
    assert type(event).__name__ == "TradeTerminated"
    assert (event.terms.quantity, event.terms.amount, event.terms.settlement_date) == (0, 0, due_on)
    assert event.terms.fees == {"broker": 5, "unwind": Decimal("-12.50")}
    assert [part.quantity for part in event.terms.parts] == [10, 4, -10, -4]
    trade = rules.trades.trades["T1"]
    assert (trade.status, trade.is_open) == ("terminated", True)
    assert (rules.trades.positions, rules.trades.used) == ({("EQ-1", "SAN"): 0}, {"EQ-1": 0})
    rules.when(about(FailSettlement))
    assert rules.trades.trades["T1"].status == "terminated"
    rules.when(about(SettleTrade))
    trade = rules.trades.trades["T1"]
    assert (trade.status, trade.settled_amount, trade.is_open) == ("terminated", Decimal("7.50"), False)
    assert refusal(rules, about(SettleTrade, command_id="again")).code == "nothing-open"


@pytest.mark.parametrize("command", [
    about(CancelTrade), about(AmendTrade, terms=shares()), about(AffirmTrade), about(TerminateTrade, command_id="t2"),
    resized(IncreaseTrade), resized(DecreaseTrade),
], ids=lambda command: type(command).__name__)
def test_nothing_else_becomes_of_a_terminated_trade(command: Any) -> None:
    rules = rules_after(booking(), about(TerminateTrade, amount=Decimal(1)))
    assert refusal(rules, command).code == "wrong-state"


@pytest.mark.parametrize(("code", "field", "command"), [
    ("more-than-open", "$.quantity", resized(DecreaseTrade, "10")),
    ("not-positive", "$.quantity", resized(IncreaseTrade, "0")),
    ("too-precise", "$.price", resized(IncreaseTrade, price="1.1234567890123")),
    ("not-positive", "$.price", resized(IncreaseTrade, price="0", trade_id="T2")),
    ("negative-fee", "$.fees.broker", resized(IncreaseTrade, fees={"broker": Decimal(-1)})),
    ("date-out-of-range", "$.trade_date", resized(IncreaseTrade, trade_date=DAY - timedelta(1))),
    ("date-out-of-range", "$.due_on", about(TerminateTrade, due_on=DAY - timedelta(1))),
    ("too-precise", "$.amount", about(TerminateTrade, amount=Decimal("0.001"))),
    ("wrong-product", "", resized(IncreaseTrade, trade_id="T3")),
    ("wrong-product", "", about(TerminateTrade, "T3")),
])
def test_a_change_that_breaks_a_rule_is_refused(code: str, field: str, command: Any) -> None:
    rules = rules_after(booking(), booking("T2", terms=euros()), booking("T3", terms=money()))
    found = refusal(rules, command)
    assert (found.code, found.field) == (code, field)


def test_limits_bind_an_increase_by_what_it_adds_and_its_own_price() -> None:
    rules = rules_after(
        booking(), SetLimit(command_id="l1", book="EQ-1", kind="gross-notional", amount=Decimal(1200)),
        SetLimit(command_id="l2", book="EQ-1", kind="price-collar", amount=Decimal(5)),
    )
    assert refusal(rules, resized(IncreaseTrade, "1", "106")).code == "price-collar"
    assert refusal(rules, resized(IncreaseTrade, "3", "100")).code == "limit-gross-notional"
    assert rules.when(resized(IncreaseTrade, "2", "100"))


def test_a_stopped_book_takes_no_more_of_a_trade_but_may_get_rid_of_it() -> None:
    rules = rules_after(booking(), EngageKillSwitch(command_id="k", book="EQ-1"))
    assert refusal(rules, resized(IncreaseTrade)).code == "kill-switch"
    assert rules.when(resized(DecreaseTrade))
    assert rules.when(about(TerminateTrade))


def test_only_those_who_trade_agree_to_a_change() -> None:
    operations = Principal(key_id="k", name="K", roles=("operations",))
    assert refusal(rules_after(booking()), resized(IncreaseTrade), operations).code == "not-permitted"
