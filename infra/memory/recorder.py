"""One log in memory, on the library's own recorder of plain objects."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import ApplicationRecorder, IntegrityError, Notification, StoredEvent, Subscription
from eventsourcing.popo import POPOProcessRecorder

from domain.ports import Commit, CommitRecord, LogMoved, NewEvent, Receipt
from infra.plain_commit import plain_commit, record_of
from infra.subscription import LogSubscription, Wakers


class MemoryRecorder(POPOProcessRecorder):
    """``domain.ports.LogRecorder`` in memory."""

    def __init__(self) -> None:
        super().__init__()
        self._commits: list[CommitRecord] = []
        self._leaves: list[bytes] = []
        self._receipts: dict[tuple[str, str], Receipt] = {}
        self._wakers = Wakers()

    def insert_events(
        self, stored_events: Sequence[StoredEvent | NewEvent], *, commit: Commit | None = None, **kwargs: Any
    ) -> Sequence[int] | None:
        with self._database_lock:
            if commit is None:
                commit = plain_commit(stored_events, self.last_commit())
            if commit.expected_sequence != len(self._stored_events):
                raise LogMoved(f"the log is at {len(self._stored_events)}, not at {commit.expected_sequence}")
            keys = [(receipt.source, receipt.command_id) for receipt in commit.receipts]
            if len(set(keys)) < len(keys) or any(key in self._receipts for key in keys):
                raise IntegrityError("a command of this commit has a receipt already")
            sequences = self._insert_events([_as_stored(event) for event in stored_events], **kwargs)
            if stored_events:
                self._commits.append(record_of(commit))
            self._leaves.extend(commit.leaves)
            self._receipts.update(zip(keys, commit.receipts, strict=True))
        self._wakers.wake()
        return sequences

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        return LogSubscription(self, self._wakers, gt, topics)

    def select_streams(self, originator_ids: Sequence[str]) -> Sequence[Notification]:
        with self._database_lock:
            return [
                self._notification(at)
                for stream in sorted(set(originator_ids))
                for _, at in sorted(self._stored_events_index.get(stream, {}).items())
            ]

    def select_receipts(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Receipt]:
        with self._database_lock:
            return {key: self._receipts[key] for key in keys if key in self._receipts}

    def count_receipts(self) -> int:
        with self._database_lock:
            return len(self._receipts)

    def last_commit(self) -> CommitRecord | None:
        with self._database_lock:
            return self._commits[-1] if self._commits else None

    def select_commits(self, start: int, limit: int) -> Sequence[CommitRecord]:
        with self._database_lock:
            first = bisect_left(self._commits, start, key=lambda commit: commit.first_sequence)
            return self._commits[first : first + limit]

    def select_leaves(self, start: int, limit: int) -> Sequence[tuple[int, bytes]]:
        with self._database_lock:
            first = max(start, 1)
            return list(enumerate(self._leaves[first - 1 : first - 1 + limit], first))

    def _notification(self, at: int) -> Notification:
        event = self._stored_events[at]
        return Notification(
            id=at + 1, originator_id=event.originator_id, originator_version=event.originator_version,
            topic=event.topic, state=event.state,
        )


def _as_stored(event: StoredEvent | NewEvent) -> StoredEvent:
    if isinstance(event, StoredEvent):
        return event
    return StoredEvent(event.originator_id, event.originator_version, event.topic, event.state)
