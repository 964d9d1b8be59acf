"""One log in HBase."""

import sys
from collections.abc import Sequence
from itertools import islice
from typing import Any

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)

from domain.ports import Commit, CommitRecord, NewEvent, Receipt
from infra.hbase.aggregates import HBaseAggregateRecorder
from infra.hbase.connections import Connections
from infra.identity import to_text
from infra.subscription import LogSubscription, Wakers


class HBaseRecorder(HBaseAggregateRecorder, ProcessRecorder):
    """``domain.ports.LogRecorder`` on HBase. Tracking is a map in the last commit, or in the free row behind it."""

    def __init__(self, connections: Connections, log: str, *, create: bool = True) -> None:
        super().__init__(connections, log, create=create)
        self._wakers = Wakers()

    def insert_events(
        self, stored_events: Sequence[StoredEvent | NewEvent], *, tracking: Tracking | None = None,
        commit: Commit | None = None, **_kwargs: Any,
    ) -> Sequence[int] | None:
        sequences = self._insert(stored_events, tracking, commit)
        self._wakers.wake()
        return sequences

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = (), *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = 1 if start is None else max(start if inclusive_of_start else start + 1, 1)
        stop = sys.maxsize if stop is None else stop
        last = self._last(stop if topics else min(stop, first + limit - 1))
        events = (event for cell in self._table.spanning(first, last) for event in cell.notifications(first, last))
        return list(islice((event for event in events if not topics or event.topic in topics), limit))

    def max_notification_id(self) -> int | None:
        return self._tail.refresh().sequence or None

    def insert_tracking(self, tracking: Tracking) -> None:
        self._insert([], tracking, None)

    def max_tracking_id(self, application_name: str) -> int | None:
        return self._tail.refresh().tracking.get(application_name)

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        return LogSubscription(self, self._wakers, gt, topics)

    def select_streams(self, originator_ids: Sequence[str]) -> Sequence[Notification]:
        found = self._streams([to_text(each) for each in sorted(set(originator_ids))])
        return [found[key] for key in sorted(found)]

    def select_receipts(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Receipt]:
        self._tail.refresh()
        commits = self._tail.open_commits()
        found = self._index.receipts(keys)
        for commit in commits:
            found.update((key, commit.receipts[key]) for key in keys if key in commit.receipts)
        return found

    def count_receipts(self) -> int:
        return sum(len(cell.receipts) for cell in self._table.commits(1, self._last(sys.maxsize)))

    def last_commit(self) -> CommitRecord | None:
        return self._tail.refresh().last

    def select_commits(self, start: int, limit: int) -> Sequence[CommitRecord]:
        return [cell.record for cell in islice(self._table.commits(start, self._last(sys.maxsize)), limit)]

    def select_leaves(self, start: int, limit: int) -> Sequence[tuple[int, bytes]]:
        first = max(start, 1)
        last = self._last(first + limit - 1)
        return [leaf for cell in self._table.spanning(first, last) for leaf in cell.numbered_leaves(first, last)]

    def _last(self, wanted: int) -> int:
        """The last sequence there is up to the one wanted; only beyond the known end is the log asked."""
        known = self._tail.end().sequence
        return wanted if wanted <= known else min(wanted, self._tail.refresh().sequence)
