"""What becomes of the obligation of a trade, command by command, and why a command may be refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    AnyCommand,
    BuyIn,
    CancelInstruction,
    CancelTrade,
    FailSettlement,
    HoldSettlement,
    InstructSettlement,
    MatchSettlement,
    ReleaseSettlement,
    ReportMismatch,
    SettleTrade,
)
from domain.events import SettlementBoughtIn, SettlementFailed, SettlementMismatched, TradeSettled
from domain.outcomes import Principal
from domain.refusals import Refused
from tests.rules import Rules, booking
from tests.trade_commands import about, euros, money, shares

DUE = date(2026, 11, 26)
INSTRUCTED = about(InstructSettlement, instruction="SI-1")
MATCHED = about(MatchSettlement)
PART = about(SettleTrade, quantity=Decimal(4))
FAILED = about(FailSettlement)
BOUGHT_IN = about(BuyIn, price=Decimal(104))
HELD, RELEASED = about(HoldSettlement), about(ReleaseSettlement)
MISMATCHED = about(ReportMismatch, difference="their price is 101")
WITHDRAWN = about(CancelInstruction)
SETTLED, CANCELLED = about(SettleTrade), about(CancelTrade)
COMMANDS = {
    "instruct": INSTRUCTED, "match": MATCHED, "mismatch": MISMATCHED, "withdraw": WITHDRAWN, "part": PART,
    "settle": SETTLED, "fail": FAILED, "buy in": BOUGHT_IN, "hold": HELD, "release": RELEASED, "cancel": CANCELLED,
}
WAYS: dict[str, tuple[AnyCommand, ...]] = {
    "issued": (), "instructed": (INSTRUCTED,), "matched": (INSTRUCTED, MATCHED), "partially-settled": (PART,),
    "failing": (FAILED,), "bought-in": (FAILED, BOUGHT_IN), "settled": (SETTLED,), "cancelled": (CANCELLED,),
}
LEADS: dict[str, dict[str, str]] = {
    "issued": {"instruct": "instructed", "part": "partially-settled", "settle": "settled", "fail": "failing",
               "hold": "issued", "cancel": "cancelled"},
    "instructed": {"match": "matched", "mismatch": "instructed", "withdraw": "issued", "part": "partially-settled",
                   "settle": "settled", "fail": "failing", "hold": "instructed", "cancel": "cancelled"},
    "matched": {"mismatch": "instructed", "withdraw": "issued", "part": "partially-settled", "settle": "settled",
                "fail": "failing", "hold": "matched", "cancel": "cancelled"},
    "partially-settled": {"instruct": "partially-settled", "part": "partially-settled", "settle": "settled",
                          "fail": "failing", "hold": "partially-settled"},
    "failing": {"instruct": "failing", "part": "partially-settled", "settle": "settled", "fail": "failing",
                "buy in": "bought-in", "hold": "failing", "cancel": "cancelled"},
    "bought-in": {}, "settled": {}, "cancelled": {},
}


def due_rules(*commands: AnyCommand, **changes: Any) -> Rules:
    """The rules with a trade of ten Sanofi on the day it is due, and what followed."""
    rules = Rules()
    rules.when(booking(**changes))
    rules.trades.dates["business-date"] = DUE
    for command in commands:
        rules.when(command)
    return rules


def refusal(rules: Rules, command: AnyCommand, principal: Principal | None = None) -> Refused:
    with pytest.raises(Refused) as raised:
        rules.when(command, principal) if principal else rules.when(command)
    return raised.value


def state_of(rules: Rules) -> str:
    return rules.trades.trades["T1"].obligation


@pytest.mark.parametrize("state", WAYS)
def test_every_state_is_reached(state: str) -> None:
    assert state_of(due_rules(*WAYS[state])) == state


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("state", WAYS)
def test_each_command_leads_from_each_state_where_it_is_to_or_is_refused(state: str, name: str) -> None:
    rules = due_rules(*WAYS[state])
    if name in LEADS[state]:
        rules.when(COMMANDS[name])
        assert state_of(rules) == LEADS[state][name]
        return
    refused = refusal(rules, COMMANDS[name])
    assert refused.code in {"wrong-state", "nothing-open", "already-settled"}
    assert state_of(rules) == state


def test_what_failed_and_then_settled_in_part_may_fail_again_and_be_bought_in() -> None:
    rules = due_rules(FAILED, PART, FAILED)
    event: Any = rules.when(BOUGHT_IN)[0]
    assert isinstance(event, SettlementBoughtIn)
    assert issubclass(SettlementBoughtIn, TradeSettled)
    moved: Any = (event.quantity, event.amount, event.settled_quantity, event.price)
    assert moved == (6, -600, 10, 104)
    assert state_of(rules) == "bought-in"


def test_only_securities_that_we_are_to_receive_are_bought_in() -> None:
    assert refusal(due_rules(FAILED, side="sell"), BOUGHT_IN).code == "not-the-receiver"
    for terms in (euros(), money()):
        assert refusal(due_rules(FAILED, terms=terms), BOUGHT_IN).code == "not-the-receiver"
    bad = about(BuyIn, price=Decimal("NaN"))
    assert (refusal(due_rules(FAILED), bad).code, refusal(due_rules(FAILED), bad).field) == ("not-a-number", "$.price")


def test_a_mismatch_says_what_differs_and_may_match_later() -> None:
    rules = due_rules(INSTRUCTED)
    (event,) = rules.when(MISMATCHED)
    assert isinstance(event, SettlementMismatched)
    assert rules.trades.trades["T1"].handling.mismatch == "their price is 101"
    rules.when(MATCHED)
    assert (state_of(rules), rules.trades.trades["T1"].handling.mismatch) == ("matched", "")


@pytest.mark.parametrize("command", [SETTLED, PART])
def test_nothing_settles_while_it_is_on_hold(command: AnyCommand) -> None:
    rules = due_rules(INSTRUCTED, MATCHED, HELD)
    assert refusal(rules, command).code == "on-hold"
    assert refusal(rules, HELD).code == "on-hold"
    rules.when(RELEASED)
    rules.when(command)


def test_what_is_bought_in_is_not_on_hold() -> None:
    assert refusal(due_rules(FAILED, HELD), BOUGHT_IN).code == "on-hold"


def test_an_amendment_keeps_what_moved_and_is_instructed_anew() -> None:
    rules = due_rules(INSTRUCTED, MATCHED, PART, about(AmendTrade, terms=shares("20")))
    trade: Any = rules.trades.trades["T1"]
    assert (trade.settled_quantity, trade.settled_amount, trade.obligation) == (4, -400, "partially-settled")
    assert (trade.handling.instruction, trade.handling.matched) == ("", False)
    event: Any = rules.when(SETTLED)[0]
    assert (event.quantity, event.amount) == (16, -1600)


def test_a_matched_trade_that_is_amended_is_issued_again() -> None:
    assert state_of(due_rules(INSTRUCTED, MATCHED, about(AmendTrade, terms=shares("20")))) == "issued"


def test_affirmation_and_settlement_do_not_get_in_each_others_way() -> None:
    assert state_of(due_rules(INSTRUCTED, about(AffirmTrade))) == "instructed"


def test_a_loan_is_instructed_for_each_of_its_legs() -> None:
    rules = due_rules(INSTRUCTED, terms=money())
    rules.when(SETTLED)
    assert (rules.trades.trades["T1"].leg, state_of(rules)) == ("maturity", "issued")
    rules.when(about(InstructSettlement, instruction="SI-2"))
    assert state_of(rules) == "instructed"
    rules.when(SETTLED)
    assert state_of(rules) == "settled"


def test_a_fail_says_what_was_lacking() -> None:
    rules = due_rules()
    (event,) = rules.when(about(FailSettlement, cause="cash"))
    assert isinstance(event, SettlementFailed)
    assert (event.cause, rules.trades.trades["T1"].handling.cause) == ("cash", "cash")


@pytest.mark.parametrize("name", ["instruct", "match", "hold", "buy in", "withdraw", "mismatch", "release"])
def test_settlements_are_for_operations(name: str) -> None:
    trader = Principal("t", "Trader", ("trader",), ())
    assert refusal(due_rules(), COMMANDS[name], trader).code == "not-permitted"
