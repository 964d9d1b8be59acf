"""What this process sent as commands, and awaits the outcomes of."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime

import msgspec

from domain.admission import NotRecorded, OutcomeUnknown, QueueFull
from domain.outcomes import Outcome, Submission
from domain.ports import LogRecorder, Receipt
from domain.repeats import first_answer
from domain.schema import content_hash, recorded
from infra.kafka.replies import Reply

Run = dict[str, list[int]]
"""Places in a request by log: what is decided together, after the runs before it."""


class Pending(msgspec.Struct, eq=False):
    """A request on its way. ``missing`` are the places of the present run that have no outcome yet, ``undelivered`` is
    how many of the records that were sent Kafka has not confirmed.
    """

    correlation: str
    submissions: Sequence[Submission]
    atomic: bool
    dry_run: bool
    runs: Iterator[Run]
    promise: "Future[Sequence[Outcome]]"
    sent_at: float
    looked_at: float
    sent_on: datetime
    outcomes: list[Outcome | None]
    undelivered: int = 0
    missing: dict[int, str] = msgspec.field(default_factory=dict)
    problems: list[str] = msgspec.field(default_factory=list)
    problem_count: int = 0

    def begin(self, run: Run) -> None:
        self.missing = {place: log for log, places in run.items() for place in places}

    def take(self, reply: Reply) -> bool:
        """Takes a reply in, which may have come before; whether it made the run whole."""
        if not self.missing:
            return False
        for place, outcome in enumerate(reply.outcomes, reply.place):
            if self.missing.pop(place, None) is not None:
                self.outcomes[place] = outcome
        for place in range(reply.place, reply.place + reply.count if reply.problem else reply.place):
            if self.missing.pop(place, None) is not None:
                self.problems.append(reply.problem)
                self.problem_count += 1
        return not self.missing

    def error(self) -> Exception | None:
        """Why the request failed, once nothing is missing; None when it did not."""
        if not self.problems:
            return None
        kind = NotRecorded if self.problem_count == len(self.submissions) else OutcomeUnknown
        return kind(self.problems[0])


def told_again(log: str, recorder: LogRecorder, receipt: Receipt, pending: Pending, place: int) -> Outcome:
    """What the owner told, or would tell, the sender of a command that has a receipt."""
    if receipt.content != content_hash(pending.submissions[place].content):
        return Outcome(
            status="refused", source=receipt.source, command_id=receipt.command_id, log=log, code="key-reused",
            detail=f"command {receipt.command_id} of {receipt.source} came before with other content",
            field="$.command_id",
        )
    (first,) = recorder.select_notifications(receipt.sequence, 1)
    is_repeat = recorded(log, first.id, first).event.recorded_at < pending.sent_on
    return msgspec.structs.replace(first_answer(log, recorder, receipt), repeated=is_repeat)


class InFlight:
    """Every request on its way, bounded by their commands."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._pending: dict[str, Pending] = {}
        self.count = 0

    def add(self, pending: Pending) -> None:
        """Lets a request in; one that is larger than the limit goes alone.

        Raises:
            QueueFull: when there is no room.
        """
        with self._lock:
            if self.count and self.count + len(pending.submissions) > self._limit:
                raise QueueFull(1)
            self.count += len(pending.submissions)
            self._pending[pending.correlation] = pending

    def take(self, reply: Reply) -> Pending | None:
        """The request that a reply made whole, or the run of it."""
        with self._lock:
            pending = self._pending.get(reply.correlation)
            return pending if pending is not None and pending.take(reply) else None

    def sent(self, pending: Pending) -> None:
        """One more record of it is handed to Kafka."""
        with self._lock:
            pending.undelivered += 1

    def delivered(self, pending: Pending) -> None:
        """Kafka has one more record of it."""
        with self._lock:
            pending.undelivered -= 1

    def of(self, promise: "Future[Sequence[Outcome]]") -> Pending | None:
        """The request that is to keep a promise."""
        with self._lock:
            return next((each for each in self._pending.values() if each.promise is promise), None)

    def remove(self, pending: Pending) -> bool:
        """Whether it was still there: whoever removes it keeps its promise."""
        with self._lock:
            found = self._pending.pop(pending.correlation, None) is not None
            self.count -= len(pending.submissions) if found else 0
            return found

    def older_than(self, moment: float) -> list[Pending]:
        with self._lock:
            return [each for each in self._pending.values() if each.sent_at < moment]

    def still_missing(self, pending: Pending) -> dict[int, str]:
        with self._lock:
            return dict(pending.missing)
