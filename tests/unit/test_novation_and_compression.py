"""Another counterparty steps in, and several trades become one: the book holds what it held."""

from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AffirmTrade,
    CancelTrade,
    CompressTrades,
    DefineCounterparty,
    NovateTrade,
    SettleTrade,
)
from domain.identifiers import lei_of
from tests.rules import booking, refusal, rules_after
from tests.trade_commands import about, money, shares

BETA = DefineCounterparty(command_id="b", counterparty="BETA", name="Beta", lei=lei_of("EVERBOOK0000000004"))


def novation(trade_id: str = "T1", quantity: str | None = None, **fields: Any) -> Any:
    asked = {"new_trade_id": "N1", "counterparty": "BETA", "quantity": quantity and Decimal(quantity)}
    return about(NovateTrade, trade_id, **{**asked, **fields})


def compression(*trade_ids: str, **fields: Any) -> Any:
    return about(CompressTrades, "C1", trade_ids=trade_ids, **fields)


def held(rules: Any) -> Any:
    return ({place: each for place, each in rules.trades.positions.items() if each}, rules.trades.used)


def test_a_novated_trade_ends_and_another_begins_with_the_new_counterparty() -> None:
    rules = rules_after(BETA, booking(fees={"broker": Decimal(5)}))
    before = held(rules)
    new, old = rules.when(novation())
    assert type(new).__name__ == "TradeBooked"
    assert type(old).__name__ == "TradeNovated"
    assert (new.terms.counterparty, new.terms.quantity, new.terms.amount, new.terms.fees, new.parents) == (
        "BETA", 10, -1000, {"broker": 5}, ("T1",),
    )
    assert (old.successor, rules.trades.trades["T1"].status, rules.trades.trades["T1"].children) == (
        "N1", "novated", ("N1",),
    )
    assert held(rules) == before
    assert refusal(rules, about(CancelTrade)).code == "wrong-state"
    assert refusal(rules, about(CancelTrade, "N1")).code == "derived"
    assert rules.when(about(AffirmTrade, "N1"))


def test_a_part_that_is_novated_leaves_the_rest_with_the_old_counterparty() -> None:
    rules = rules_after(BETA, booking(fees={"broker": Decimal(5)}))
    before = held(rules)
    new, old = rules.when(novation(quantity="3"))
    assert type(new).__name__ == "TradeBooked"
    assert type(old).__name__ == "TradePartiallyNovated"
    assert [(each.terms.quantity, each.terms.amount, each.terms.notional) for each in (new, old)] == [
        (3, -300, 300), (7, -700, 700),
    ]
    assert [each.terms.fees["broker"] for each in (new, old)] == [Decimal("1.5"), Decimal("3.5")]
    assert (old.quantity, old.revision, rules.trades.trades["T1"].status) == (3, 2, "booked")
    assert held(rules) == before
    # The new trade would be left in the air.
    assert refusal(rules, about(CancelTrade)).code == "derived"


def test_all_of_a_trade_by_its_quantity_is_a_full_novation() -> None:
    rules = rules_after(BETA, booking(side="sell"))
    assert type(rules.when(novation(quantity="10"))[1]).__name__ == "TradeNovated"


def test_a_loan_that_is_novated_has_the_new_counterparty_for_its_issuer() -> None:
    new, _ = rules_after(BETA, booking(terms=money())).when(novation())
    assert type(new).__name__ == "TradeBooked"
    assert new.terms.loan is not None
    assert (new.terms.issuer, new.terms.loan.interest) == ("BETA", 200)


@pytest.mark.parametrize(("code", "field", "command"), [
    ("unknown-counterparty", "$.counterparty", novation(counterparty="GAMMA")),
    ("same-counterparty", "$.counterparty", novation(counterparty="ACME")),
    ("trade-exists", "$.new_trade_id", novation(new_trade_id="T2")),
    ("trade-exists", "$.new_trade_id", novation(new_trade_id="T1")),
    ("more-than-open", "$.quantity", novation(quantity="11")),
    ("not-positive", "$.quantity", novation(quantity="0")),
    ("unknown-trade", "$.trade_id", novation("T9")),
    ("already-settled", "", novation("T2")),
])
def test_a_novation_that_breaks_a_rule_is_refused(code: str, field: str, command: Any) -> None:
    rules = rules_after(BETA, booking(), booking("T2"), about(SettleTrade, "T2", quantity=Decimal(1)))
    found = refusal(rules, command)
    assert (found.code, found.field) == (code, field)


def test_trades_are_compressed_into_one_of_their_exact_net_quantity_and_cash() -> None:
    rules = rules_after(
        BETA, booking("T1", "10", "100.01", fees={"broker": Decimal(5)}), booking("T2", "4", "103.333", side="sell"),
        booking("T3", "1", "0.0001"),
    )
    before = rules.trades.positions.copy()
    *old, new = rules.when(compression("T1", "T2", "T3"))
    assert type(new).__name__ == "TradeBooked"
    assert all(type(each).__name__ == "TradeCompressed" and each.successor == "C1" for each in old)
    cash = Decimal("-1000.10") + Decimal("413.332") - Decimal("0.0001")
    assert (new.terms.quantity, new.terms.amount, new.terms.fees) == (7, cash, {"broker": 5})
    assert new.terms.price == Decimal("83.824014285714")
    assert new.parents == ("T1", "T2", "T3")
    assert (rules.trades.positions, rules.trades.used) == (before, {"EQ-1": -cash})
    assert {rules.trades.trades[name].status for name in ("T1", "T2", "T3")} == {"compressed"}
    assert refusal(rules, about(AffirmTrade, "T1")).code == "wrong-state"
    assert refusal(rules, about(CancelTrade, "C1")).code == "derived"


def test_trades_that_net_to_nothing_leave_their_cash_to_be_paid() -> None:
    rules = rules_after(booking("T1", "10", "100"), booking("T2", "10", "103", side="sell"), compression("T1", "T2"))
    trade = rules.trades.trades["C1"]
    assert (trade.terms.quantity, trade.terms.amount, trade.is_open) == (0, 30, True)
    assert refusal(rules, novation("C1")).code == "nothing-open"
    rules.when(about(SettleTrade, "C1"))
    settled = rules.trades.trades["C1"]
    assert (settled.status, settled.settled_amount, settled.is_open) == ("settled", 30, False)


@pytest.mark.parametrize(("code", "field", "command"), [
    ("trade-twice", "$.trade_ids", compression("T1", "T1")),
    ("trade-exists", "$.trade_id", about(CompressTrades, "T2", trade_ids=("T1", "T2"))),
    ("unknown-trade", "$.trade_ids[1]", compression("T1", "T9")),
    ("unknown-trade", "$.trade_ids[1]", compression("T1", "T7")),
    ("not-alike", "$.trade_ids[1]", compression("T1", "T3")),
    ("not-alike", "$.trade_ids[1]", compression("T1", "T4")),
    ("already-settled", "$.trade_ids[1]", compression("T1", "T5")),
    ("wrong-product", "", compression("T1", "T6")),
])
def test_a_compression_that_breaks_a_rule_is_refused(code: str, field: str, command: Any) -> None:
    rules = rules_after(
        BETA, booking(), booking("T2"), booking("T3", terms=shares(instrument="IBM")),
        booking("T4", counterparty="BETA"), booking("T5"), about(SettleTrade, "T5"), booking("T6", terms=money()),
        booking("T7", book="EQ-2"),
    )
    found = refusal(rules, command)
    assert (found.code, found.field) == (code, field)
