"""A ledger that was opened anew loads what a command about several trades needs, and no id is used twice."""

from decimal import Decimal
from typing import Any

from domain.commands import AllocateBlock, CompressTrades, NovateTrade, ReallocateBlock
from domain.commands.lifecycle import Allocation
from domain.outcomes import Outcome
from infra.logs import CommandedLogs
from tests.ledger import send
from tests.rules import booking
from tests.trade_commands import about
from tests.world import world


def opened_anew(logs: CommandedLogs) -> CommandedLogs:
    """The same logs, by a process that has seen no trade of them."""
    again = CommandedLogs(lambda log: logs.recorders[log])
    again.by_log["ledger-0"].catch_up()
    decider: Any = again.by_log["ledger-0"].decider
    decider.trades.clear()
    return again


def to(*trade_ids: str) -> tuple[Allocation, ...]:
    return tuple(Allocation(trade_id=each, book="EQ-1", share=Decimal(1)) for each in trade_ids)


def last(logs: CommandedLogs, command: Any) -> Outcome:
    (outcome,) = send(logs, command)
    return outcome


def booked(*more: Any) -> CommandedLogs:
    logs = world()
    for command in (booking(), booking("T2"), *more):
        assert last(logs, command).status == "accepted"
    return opened_anew(logs)


def test_a_block_is_reallocated_though_its_trades_were_long_forgotten() -> None:
    logs = booked(about(AllocateBlock, allocations=to("A", "B")))
    outcome = last(logs, about(ReallocateBlock, allocations=to("C")))
    assert (outcome.status, outcome.count, outcome.stream, outcome.version) == ("accepted", 4, "trade:T1", 3)
    streams = [(each.originator_id, each.originator_version)
               for each in logs.recorders["ledger-0"].select_notifications(outcome.sequence, 4)]
    assert streams == [("trade:A", 2), ("trade:B", 2), ("trade:C", 1), ("trade:T1", 3)]


def test_forgotten_trades_are_compressed() -> None:
    outcome = last(booked(), about(CompressTrades, "C1", trade_ids=("T1", "T2")))
    assert (outcome.status, outcome.count, outcome.stream, outcome.version) == ("accepted", 3, "trade:C1", 1)


def test_the_id_of_a_forgotten_trade_is_not_given_to_what_comes_of_another() -> None:
    for command in (
        about(NovateTrade, new_trade_id="T2", counterparty="BETA"), about(AllocateBlock, allocations=to("T2")),
        about(CompressTrades, "T2", trade_ids=("T1", "T3")),
    ):
        outcome = last(booked(booking("T3")), command)
        assert (outcome.status, outcome.code) == ("refused", "trade-exists")


def test_what_was_decided_about_several_trades_is_told_again_in_the_same_words() -> None:
    command = about(AllocateBlock, allocations=to("A", "B"))
    logs = booked()
    first = last(logs, command)
    again = last(opened_anew(logs), command)
    assert again.repeated
    told = ("log", "sequence", "count", "stream", "version", "status")
    assert [getattr(again, name) for name in told] == [getattr(first, name) for name in told]
