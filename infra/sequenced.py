"""Events that come dropped, repeated and out of order, put back in sequence: what is missing is read from the log."""

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
from eventsourcing.persistence import Notification

from domain.ports import LogRecorder
from infra.event_source import FeedStopped

LOOK_SECONDS = 1.0


class _Log(msgspec.Struct):
    """``waiting`` by sequence, all beyond ``after``; ``tail`` as it was last seen, ``look_at`` when to see again;
    ``came`` is the highest sequence that came, 0 before the first.
    """

    look_at: float
    after: int = 0
    tail: int = 0
    came: int = 0
    waiting: dict[int, Notification] = msgspec.field(default_factory=dict)


class Sequenced:
    """What a feed brought, log by log. Where a sequence is missing its log is asked at once; where nothing comes for
    ``look_seconds`` the log's tail is looked at, so that neither a lost record nor a lost wake-up stalls anything.

    ``filled`` counts the sequences that were lacking when a later one came, ``ahead`` the events that were read before
    the feed brought them, which may only be late.
    """

    def __init__(
        self, recorders: Mapping[str, LogRecorder], look_seconds: float = LOOK_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recorders = recorders
        self._look_seconds = look_seconds
        self._monotonic = monotonic
        self._logs: dict[str, _Log] = {}
        self.filled = 0
        self.ahead = 0

    def begin(self, log: str) -> None:
        self._logs.setdefault(log, _Log(self._monotonic() + self._look_seconds))

    def forget(self, log: str) -> None:
        self._logs.pop(log, None)

    def logs(self) -> Sequence[str]:
        """Those begun and not forgotten, in the order of the recorders."""
        return [log for log in self._recorders if log in self._logs]

    def waiting(self, log: str) -> int:
        return len(self._logs[log].waiting)

    def accept(self, log: str, event: Notification) -> None:
        """An event has come. Of one that comes again the newer counts, as long as none was read."""
        of = self._logs[log]
        if event.id > of.came:
            # Where a feed begins says nothing of what came before.
            self.filled += event.id - of.came - 1 if of.came else 0
            of.came = event.id
        if event.id > of.after:
            of.waiting[event.id] = event

    def read(self, log: str, after: int, limit: int, stop: int | None = None) -> Sequence[Notification]:
        """``EventSource.read``.

        Raises:
            FeedStopped: when the log does not hold what the feed brought.
        """
        of = self._logs[log]
        _drop(of, after)
        last = min(after + limit, stop if stop is not None else after + limit)
        events = []
        for sequence in range(after + 1, last + 1):
            if (event := of.waiting.get(sequence)) is None:
                break
            events.append(event)
        if events:
            of.look_at = self._monotonic() + self._look_seconds
            return events
        return self._fetch(log, of, after, last) if after < last else []

    def _fetch(self, log: str, of: _Log, after: int, last: int) -> Sequence[Notification]:
        """What is missing before that which waits, or up to the tail."""
        recorder = self._recorders[log]
        if of.waiting:
            missing_to = min(of.waiting) - 1
        else:
            if of.tail <= after and self._monotonic() >= of.look_at:
                of.tail = recorder.max_notification_id() or 0
                of.look_at = self._monotonic() + self._look_seconds
            missing_to = of.tail
        if missing_to <= after:
            return []
        page = recorder.select_notifications(after + 1, last - after, stop=min(missing_to, last))
        if not page:
            raise FeedStopped(
                f"{log}:{missing_to + 1} was published, but the log does not have {after + 1}: it was restored or cut"
            )
        self.ahead += sum(event.id > of.came for event in page)
        return page


def _drop(of: _Log, after: int) -> None:
    if after - of.after < len(of.waiting):
        for sequence in range(of.after + 1, after + 1):
            of.waiting.pop(sequence, None)
    else:
        of.waiting = {sequence: event for sequence, event in of.waiting.items() if sequence > after}
    of.after = after
