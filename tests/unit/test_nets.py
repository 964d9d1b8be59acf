"""Nets: one instruction for what several trades oblige to, and what follows for each of them."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from domain.commands import (
    AmendTrade,
    AnyCommand,
    CancelTrade,
    DefineCounterparty,
    DissolveNet,
    FailSettlement,
    HoldSettlement,
    InstructSettlement,
    MatchSettlement,
    NetSettlements,
    SettleNet,
    SettleTrade,
)
from domain.events import NetDissolved, NetInstructed, NetSettled, TradeSettled
from domain.identifiers import lei_of
from domain.outcomes import Principal
from domain.refusals import Refused
from tests.ledger import logs_in_memory, send
from tests.rules import DAY, Rules, booking
from tests.trade_commands import about, euros, shares

NET: dict[str, Any] = {"command_id": "n", "net_id": "N1", "book": "EQ-1"}
BOTH = NetSettlements(**NET, trade_ids=("T1", "T2"))
SETTLED, DISSOLVED = SettleNet(**{**NET, "command_id": "s"}), DissolveNet(**{**NET, "command_id": "d"})


def rules_with(*commands: AnyCommand, **second: Any) -> Rules:
    """Ten bought at 100 with a fee, four sold at 110, due on the business day."""
    rules = Rules()
    rules.when(booking("T1", fees={"broker": Decimal("1.5")}))
    rules.when(booking("T2", **{"quantity": "4", "price": "110", "side": "sell", **second}))
    rules.trades.dates["business-date"] = date(2026, 11, 26)
    for command in commands:
        rules.when(command)
    return rules


def refusal(rules: Rules, command: AnyCommand, principal: Principal | None = None) -> tuple[str, str]:
    with pytest.raises(Refused) as raised:
        rules.when(command, principal) if principal else rules.when(command)
    return raised.value.code, raised.value.field


def test_a_net_is_the_exact_sum_of_what_is_open() -> None:
    rules = rules_with(about(SettleTrade, quantity=Decimal(3)))
    *parts, last = rules.when(BOTH)
    assert isinstance(last, NetInstructed)
    net: Any = last
    assert (net.quantity, net.amount) == (3, Decimal("-261.05"))
    assert (net.counterparty, net.instrument, net.currency, net.due_on) == ("ACME", "SAN", "EUR", date(2026, 11, 26))
    assert len(parts) == 2
    assert {rules.trades.trades[name].handling.net for name in ("T1", "T2")} == {"N1"}


def test_settling_a_net_settles_each_of_its_trades_and_no_more() -> None:
    rules = rules_with(about(SettleTrade, quantity=Decimal(3)), BOTH)
    *parts, net = rules.when(SETTLED)
    assert isinstance(net, NetSettled)
    moved: list[Any] = [part for part in parts if isinstance(part, TradeSettled)]
    assert [(part.trade_id, part.quantity, part.settled_quantity) for part in moved] == [("T1", 7, 10), ("T2", -4, -4)]
    assert (net.quantity, net.amount) == (sum(each.quantity for each in moved), sum(each.amount for each in moved))
    assert [rules.trades.trades[name].obligation for name in ("T1", "T2")] == ["settled", "settled"]
    assert refusal(rules, SETTLED)[0] == "wrong-state"


@pytest.mark.parametrize("command", [
    about(SettleTrade), about(CancelTrade), about(AmendTrade, terms=shares("20")),
    about(InstructSettlement, instruction="SI-1"),
])
def test_what_is_netted_settles_and_changes_with_its_net_until_that_is_dissolved(command: AnyCommand) -> None:
    rules = rules_with(BOTH)
    assert refusal(rules, command) == ("netted", "")
    assert isinstance(rules.when(DISSOLVED)[-1], NetDissolved)
    rules.when(command)
    assert refusal(rules, DISSOLVED)[0] == "wrong-state"


def test_a_trade_may_fail_in_its_net_and_settle_with_it_later() -> None:
    rules = rules_with(BOTH, about(FailSettlement))
    assert rules.trades.trades["T1"].status == "failing"
    rules.when(SETTLED)
    assert [each.obligation for each in rules.trades.trades.values()] == ["settled", "settled"]


def test_what_is_netted_may_match() -> None:
    rules = rules_with(BOTH, about(MatchSettlement))
    assert [each.obligation for each in rules.trades.trades.values()] == ["matched", "instructed"]


@pytest.mark.parametrize("second", [
    {"counterparty": "BETA"}, {"instrument": "IBM"}, {"terms": euros()}, {"settlement_date": date(2026, 11, 30)},
])
def test_a_net_is_of_one_counterparty_instrument_currency_and_day(second: dict[str, Any]) -> None:
    rules = Rules()
    rules.when(DefineCounterparty(command_id="b", counterparty="BETA", name="B", lei=lei_of("EVERBOOK0000000009")))
    rules.when(booking("T1"))
    rules.when(booking("T2", **second))
    assert refusal(rules, BOTH) == ("not-alike", "$.trade_ids[1]")


def test_what_cannot_be_netted_is_named() -> None:
    rules = rules_with()
    assert refusal(rules, NetSettlements(**NET, trade_ids=("T1", "T9"))) == ("unknown-trade", "$.trade_ids[1]")
    assert refusal(rules, NetSettlements(**NET, trade_ids=("T1", "T1"))) == ("named-twice", "$.trade_ids")
    assert refusal(rules, SETTLED) == ("unknown-net", "$.net_id")
    assert refusal(rules, NetSettlements(**{**NET, "book": "EQ-2"}, trade_ids=("T1", "T2")))[0] == "unknown-trade"
    assert refusal(rules, BOTH, Principal("t", "Trader", ("trader",), ()))[0] == "not-permitted"
    assert refusal(rules, BOTH, Principal("o", "Other", ("operations",), ("EQ-2",)))[0] == "not-permitted"
    rules.when(BOTH)
    assert refusal(rules, NetSettlements(**{**NET, "command_id": "n2"}, trade_ids=("T1", "T2")))[0] == "net-exists"
    other = {**NET, "net_id": "N2"}
    assert refusal(rules, NetSettlements(**other, trade_ids=("T1", "T2")))[0] == "netted"


@pytest.mark.parametrize(("before", "code"), [
    (about(SettleTrade), "nothing-open"), (about(CancelTrade), "nothing-open"), (about(HoldSettlement), "on-hold"),
])
def test_only_what_is_open_and_not_on_hold_is_netted(before: AnyCommand, code: str) -> None:
    assert refusal(rules_with(before), BOTH)[0] == code


def test_a_net_with_a_trade_on_hold_does_not_settle() -> None:
    rules = rules_with(BOTH, about(HoldSettlement, "T2"))
    assert refusal(rules, SETTLED)[0] == "on-hold"
    assert rules.trades.trades["T1"].is_open


def test_a_net_settles_on_no_day_that_has_not_come() -> None:
    tomorrow = SettleNet(**{**NET, "command_id": "s"}, settled_on=date(2026, 11, 27))
    assert refusal(rules_with(BOTH), tomorrow) == ("date-out-of-range", "$.settled_on")


def test_a_net_and_its_trades_are_loaded_from_the_log_when_they_have_left_memory() -> None:
    logs = logs_in_memory()
    decider: Any = logs.by_log["ledger-0"].decider

    def told(command: AnyCommand) -> str:
        decider.trades.clear()
        decider.nets.clear()
        (outcome,) = send(logs, command)
        return outcome.code

    assert [told(command) for command in (booking("T1"), booking("T2"), BOTH)] == ["", "", ""]
    assert told(msgspec.structs.replace(BOTH, command_id="again")) == "net-exists"
    assert told(about(SettleTrade)) == "netted"
    assert told(msgspec.structs.replace(SETTLED, settled_on=DAY)) == ""
    assert told(msgspec.structs.replace(SETTLED, command_id="twice")) == "wrong-state"


def test_a_net_is_made_and_settled_in_one_atomic_unit_or_not_at_all() -> None:
    logs = logs_in_memory()
    at_once = (booking("T1"), booking("T2"), BOTH, msgspec.structs.replace(SETTLED, settled_on=DAY))
    refused = send(logs, *at_once, msgspec.structs.replace(DISSOLVED), atomic=True)
    assert {outcome.status for outcome in refused} == {"refused"}
    numbered = [msgspec.structs.replace(each, command_id=f"{each.command_id}-2") for each in at_once]
    assert [outcome.count for outcome in send(logs, *numbered, atomic=True)] == [1, 1, 3, 3]
    repeated = send(logs, *numbered)
    assert [(outcome.repeated, outcome.stream, outcome.version) for outcome in repeated[2:]] == [
        (True, "net:N1", 1), (True, "net:N1", 2)
    ]
