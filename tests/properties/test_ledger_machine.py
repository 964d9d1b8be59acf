"""A ledger under crashes between any two steps, lost replies, second writers and repeats."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError, StoredEvent
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.admission import OutcomeUnknown
from domain.commands import CancelTrade, LedgerCommand
from domain.events import CommandRefused, TradeBooked, TradeCancelled
from domain.outcomes import Outcome
from domain.ports import NewEvent
from domain.schema import recorded
from infra.logs import CommandedLogs
from infra.memory.recorder import MemoryRecorder
from infra.verification import verify
from tests.ledger import founded, limited, send
from tests.rules import booking

LIMIT = 100
FAULTS = ("none", "crash before", "crash after", "reply lost", "store away")


class Crash(BaseException):
    """The process is gone, at this very step."""


class FaultyRecorder(MemoryRecorder):
    """Fails as it is told, once."""

    fault = "none"

    def insert_events(self, stored_events: Sequence[StoredEvent | NewEvent], **kwargs: Any) -> Sequence[int] | None:
        fault, self.fault = self.fault, "none"
        if fault == "crash before":
            raise Crash
        if fault == "store away":
            raise OperationalError("the store is away")
        inserted = super().insert_events(stored_events, **kwargs)
        if fault == "crash after":
            raise Crash
        if fault == "reply lost":
            raise OperationalError("the connection broke")
        return inserted


class LedgerMachine(RuleBasedStateMachine):
    """``answers`` is what a client was told; ``asked`` what it may send again."""

    @initialize()
    def begin(self) -> None:
        self.kept: dict[str, FaultyRecorder] = {}
        self.logs = limited(founded(self._open()), LIMIT)
        self.other = self._open()
        self.answers: dict[str, Outcome] = {}
        self.asked: dict[str, LedgerCommand] = {}
        self.booked = 0

    def _open(self) -> CommandedLogs:
        return CommandedLogs(lambda log: self.kept.setdefault(log, FaultyRecorder()))

    @rule(quantity=st.integers(1, 70), fault=st.sampled_from(FAULTS), by_other=st.booleans())
    def book(self, quantity: int, fault: str, by_other: bool) -> None:
        self.booked += 1
        self._send([booking(f"T{self.booked}", str(quantity), "1")], fault, by_other)

    @rule(quantities=st.lists(st.integers(1, 60), min_size=2, max_size=4), fault=st.sampled_from(FAULTS),
          atomic=st.booleans())
    def book_several(self, quantities: list[int], fault: str, atomic: bool) -> None:
        commands = []
        for quantity in quantities:
            self.booked += 1
            commands.append(booking(f"T{self.booked}", str(quantity), "1"))
        self._send(commands, fault, by_other=False, atomic=atomic)

    @precondition(lambda self: self.booked)
    @rule(data=st.data(), fault=st.sampled_from(FAULTS), by_other=st.booleans())
    def cancel(self, data: st.DataObject, fault: str, by_other: bool) -> None:
        trade_id = f"T{data.draw(st.integers(1, self.booked))}"
        number = len(self.asked)
        self._send([CancelTrade(command_id=f"cancel-{number}", trade_id=trade_id, book="EQ-1")], fault, by_other)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        command_id = data.draw(st.sampled_from(sorted(self.asked)))
        (outcome,) = send(self.logs, self.asked[command_id])
        first = self.answers.setdefault(command_id, outcome)
        assert (outcome.status, outcome.sequence, outcome.code) == (first.status, first.sequence, first.code)

    @rule()
    def restart(self) -> None:
        self.logs, self.other = self._open(), self._open()

    def _send(self, commands: list[Any], fault: str, by_other: bool, *, atomic: bool = False) -> None:
        self.asked.update({command.command_id: command for command in commands})
        self.kept["ledger-0"].fault = fault
        try:
            outcomes = send(self.other if by_other else self.logs, *commands, atomic=atomic)
        except Crash:
            self.restart()
            return
        except OutcomeUnknown:
            return
        finally:
            self.kept["ledger-0"].fault = "none"
        if atomic:
            assert len({outcome.status for outcome in outcomes}) == 1
        for outcome in outcomes:
            self.answers[outcome.command_id] = outcome

    @invariant()
    def nothing_acknowledged_is_missing_and_nothing_is_doubled(self) -> None:
        log = self.kept["ledger-0"]
        events = [recorded("ledger-0", each.id, each) for each in log.select_notifications(1, 10_000)]
        by_command: dict[str, list[int]] = {}
        for event in events[1:]:
            by_command.setdefault(event.event.command_id, []).append(event.sequence)
        assert all(len(sequences) == 1 for sequences in by_command.values())
        for command_id, outcome in self.answers.items():
            assert by_command[command_id] == [outcome.sequence]
            refused = isinstance(events[outcome.sequence - 1].event, CommandRefused)
            assert refused == (outcome.status == "refused")

    @invariant()
    def the_limit_holds(self) -> None:
        used = Decimal(0)
        for each in self.kept["ledger-0"].select_notifications(1, 10_000):
            event = recorded("ledger-0", each.id, each).event
            if isinstance(event, TradeBooked):
                used += event.terms.notional or 0
            elif isinstance(event, TradeCancelled):
                used -= event.terms.notional or 0
            assert used <= LIMIT

    def teardown(self) -> None:
        if hasattr(self, "kept"):
            assert verify("ledger-0", self.kept["ledger-0"]).intact


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_batching_never_changes_an_outcome(size: int) -> None:
    commands = [booking(f"T{number}", str(7 + number % 30), "1") for number in range(21)]
    logs = limited(founded(CommandedLogs(_store())), 150)
    outcomes = [each for at in range(0, 21, size) for each in send(logs, *commands[at : at + size])]
    alone = limited(founded(CommandedLogs(_store())), 150)
    expected = [send(alone, command)[0] for command in commands]
    assert outcomes == expected


def _store() -> Any:
    kept: dict[str, MemoryRecorder] = {}
    return lambda log: kept.setdefault(log, MemoryRecorder())
