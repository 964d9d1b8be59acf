"""While one commit is written the next is decided on top of it: whatever meets the first, both are told the truth."""

from collections.abc import Callable, Sequence
from typing import Any

from eventsourcing.persistence import OperationalError, StoredEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.admission import NotRecorded, OutcomeUnknown
from domain.commands import AnyCommand, BookTrade, CancelTrade
from domain.events import CommandRefused, TradeBooked, TradeCancelled
from domain.outcomes import Outcome
from domain.ports import LogRecorder, NewEvent
from domain.schema import recorded
from infra.logs import CommandedLogs, submission_of
from infra.memory.recorder import MemoryRecorder
from infra.owner import Owner
from infra.verification import verify
from tests.ledger import founded, limited, send
from tests.rules import booking

LIMIT = 60
BATCH = 4
FAULTS = ("none", "none", "store away", "reply lost", "log moved")


class TroubledRecorder(MemoryRecorder):
    """Meets the next of its troubles at every append, once it is armed."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles: list[str] = []
        self.intrude: Callable[[], None] = lambda: None

    def insert_events(self, stored_events: Sequence[StoredEvent | NewEvent], **kwargs: Any) -> Sequence[int] | None:
        trouble = self.troubles.pop(0) if self.troubles else "none"
        if trouble == "store away":
            raise OperationalError("the store is away")
        if trouble == "log moved":
            self.intrude()
        inserted = super().insert_events(stored_events, **kwargs)
        if trouble == "reply lost":
            raise OperationalError("the connection broke")
        return inserted


COMMANDS = st.lists(
    st.tuples(st.sampled_from(("book", "book", "book", "cancel", "again")), st.integers(1, 25)), min_size=1,
    max_size=BATCH,
)


@given(requests=st.lists(COMMANDS, min_size=1, max_size=8), troubles=st.lists(st.sampled_from(FAULTS), max_size=12))
@settings(deadline=None, max_examples=150)
def test_whatever_meets_a_flight_every_answer_is_true_and_every_effect_is_single(
    requests: list[list[tuple[str, int]]], troubles: list[str]
) -> None:
    kept: dict[str, LogRecorder] = {}
    logs = limited(founded(CommandedLogs(lambda log: kept.setdefault(log, TroubledRecorder()))), LIMIT)
    log = kept["ledger-0"]
    assert isinstance(log, TroubledRecorder)
    arm(log, kept, troubles)
    commands = commands_of(requests)
    answers = served(logs, commands)
    log.troubles.clear()
    again = CommandedLogs(lambda name: kept[name])
    for command in {command.command_id: command for request in commands for command in request}.values():
        (outcome,) = send(again, command)
        for told in answers.get(command.command_id, []):
            assert (told.status, told.sequence, told.code) == (outcome.status, outcome.sequence, outcome.code)
    require_single_effects(log)
    assert verify("ledger-0", log).intact


def arm(log: TroubledRecorder, kept: dict[str, LogRecorder], troubles: list[str]) -> None:
    other = CommandedLogs(lambda name: kept[name])
    log.troubles = list(troubles)

    def intrude() -> None:
        number = len(log.select_notifications(1, 10_000))
        waiting, log.troubles = log.troubles, []
        send(other, booking(f"X{number}", "1", "1"))
        log.troubles = waiting

    log.intrude = intrude


def commands_of(requests: list[list[tuple[str, int]]]) -> list[list[AnyCommand]]:
    made: list[AnyCommand] = []

    def command(kind: str, size: int) -> AnyCommand:
        if kind == "again" and made:
            return made[size % len(made)]
        booked = [each for each in made if isinstance(each, BookTrade)]
        if kind == "cancel" and booked:
            trade = booked[size % len(booked)]
            made.append(CancelTrade(command_id=f"c{len(made)}", trade_id=trade.trade_id, book="EQ-1"))
        else:
            made.append(booking(f"T{len(made)}", str(size), "1"))
        return made[-1]

    return [[command(kind, size) for kind, size in request] for request in requests]


def served(logs: CommandedLogs, requests: list[list[AnyCommand]]) -> dict[str, list[Outcome]]:
    """What every command was told, when it was told anything. All of it waits before the owner begins."""
    owner = Owner(logs, batch_limit=BATCH, queue_limit=1_000)
    promises = [owner.submit([submission_of(command) for command in request]) for request in requests]
    owner.start()
    answers: dict[str, list[Outcome]] = {}
    for promise in promises:
        try:
            outcomes = promise.result(30)
        except (OutcomeUnknown, NotRecorded):
            continue
        for outcome in outcomes:
            answers.setdefault(outcome.command_id, []).append(outcome)
    owner.stop()
    return answers


def require_single_effects(log: LogRecorder) -> None:
    used, seen = 0, set()
    for stored in log.select_notifications(2, 10_000):
        event = recorded("ledger-0", stored.id, stored).event
        assert event.command_id not in seen
        seen.add(event.command_id)
        if isinstance(event, TradeBooked):
            used += int(event.terms.notional or 0)
        elif isinstance(event, TradeCancelled):
            used -= int(event.terms.notional or 0)
        else:
            assert isinstance(event, CommandRefused)
        assert used <= LIMIT
