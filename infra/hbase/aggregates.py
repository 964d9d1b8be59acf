"""Stored events of aggregates on HBase, kept as a log: what makes several streams one atomic step."""

import contextlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    IntegrityError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)

from domain.ports import Commit, LogMoved, NewEvent
from infra.hbase.cells import LogCell, cell_of
from infra.hbase.connections import Connections
from infra.hbase.index import IndexTable
from infra.hbase.log_filter import LogFilter
from infra.hbase.log_table import LogTable
from infra.hbase.tables import create_missing
from infra.hbase.tail import End, Tail
from infra.identity import to_text
from infra.plain_commit import plain_commit

MOVES_BEFORE_GIVING_UP = 1_000
OPEN_WHILE_WRITING = 1


class HBaseAggregateRecorder(AggregateRecorder):
    """A log of which only the streams are read; ``HBaseRecorder`` reads all of it.

    A commit is claimed by its first sequence, under which only one can be. Before that, every commit below is indexed
    or open here, so that nothing in it comes twice.
    """

    def __init__(self, connections: Connections, log: str, *, create: bool = True) -> None:
        self.connections = connections
        if create:
            create_missing(connections)
        self._table = LogTable(connections, log)
        self._index = IndexTable(connections, log)
        self._tail = Tail(self._table, self._index)
        self._filter = LogFilter(self._table, connections)
        self._inserting = threading.Lock()

    def insert_events(self, stored_events: Sequence[StoredEvent], **_kwargs: Any) -> Sequence[int] | None:
        self._insert(stored_events, None, None)
        return None

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None, desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        events = sorted(self._streams([to_text(originator_id)]).values(), key=lambda event: event.originator_version)
        chosen = [
            StoredEvent(event.originator_id, event.originator_version, event.topic, event.state)
            for event in (reversed(events) if desc else events)
            if (gt is None or event.originator_version > gt) and (lte is None or event.originator_version <= lte)
        ]
        return chosen if limit is None else chosen[:limit]

    def _streams(self, streams: Sequence[str]) -> dict[tuple[str, int], Any]:
        """Every visible event of streams, by stream and version."""
        self._tail.refresh()
        commits = self._tail.open_commits()
        found = {
            (stream, event.originator_version): event
            for commit in commits for stream in streams for event in commit.events(stream)
        }
        for event in self._index.streams(streams):
            found[to_text(event.originator_id), event.originator_version] = event
        return found

    def _insert(
        self, events: Sequence[StoredEvent | NewEvent], tracking: Tracking | None, commit: Commit | None
    ) -> list[int]:
        """The sequences of the events, once they are durable."""
        if not events and commit is not None and commit.receipts:
            raise ProgrammingError("receipts are stored with the events of their commands")
        if not events and tracking is None:
            return []
        with self._inserting:
            self._tail.settle(OPEN_WHILE_WRITING)
            end = self._tail.end() if commit is not None else self._tail.refresh()
            for _ in range(MOVES_BEFORE_GIVING_UP):
                if commit is not None and end.sequence != commit.expected_sequence:
                    end = self._expected(commit)
                cell = _cell(events, commit, tracking, end)
                taken = self._taken(cell, end)
                if not taken and self._table.claim(cell, end.free_row):
                    self._appended(cell)
                    return list(range(cell.first_sequence, cell.tree_size + 1))
                before, end = end, self._tail.refresh()
                if taken and end.sequence == before.sequence:
                    raise IntegrityError(f"{taken} came before")
                self._tail.settle(OPEN_WHILE_WRITING)
        raise OperationalError(f"the log moved {MOVES_BEFORE_GIVING_UP} times before a commit could be appended")

    def _expected(self, commit: Commit) -> End:
        end = self._tail.refresh()
        if end.sequence != commit.expected_sequence:
            raise LogMoved(f"the log is at {end.sequence}, not at {commit.expected_sequence}")
        self._tail.settle(OPEN_WHILE_WRITING)
        return end

    def _taken(self, cell: LogCell, end: End) -> str | None:
        """Something of a commit that came before, in the index or in a commit that is open."""
        versions = list(zip(cell.streams, cell.versions, strict=True))
        keys = [(receipt[0], receipt[1]) for receipt in cell.receipts]
        if len(set(versions)) < len(versions) or len(set(keys)) < len(keys):
            raise IntegrityError("something comes twice in one commit")
        if (versions or keys) and self._filter.reaches(end.last):
            versions, keys = self._filter.among(versions, keys)
        for commit in self._tail.open_commits():
            for stream, version in versions:
                if commit.holds(stream, version):
                    return f"{stream} version {version}"
            for key in keys:
                if key in commit.receipts:
                    return f"command {key[1]} of {key[0]}"
        return self._index.taken(versions, keys)

    def _appended(self, cell: LogCell) -> None:
        if not cell.is_commit:
            self._tail.refresh()
            return
        self._tail.append(cell)
        self._filter.add(cell)
        self.connections.background.submit(self._index_open)

    def _index_open(self) -> None:
        # The commit is durable; what could not be indexed now is indexed before the next.
        with contextlib.suppress(PersistenceError):
            self._tail.settle()


def _cell(
    events: Sequence[StoredEvent | NewEvent], commit: Commit | None, tracking: Tracking | None, end: End
) -> LogCell:
    return cell_of(events, commit or plain_commit(events, end.last), _moved(end.tracking, tracking))


def _moved(before: Mapping[str, int], tracking: Tracking | None) -> Mapping[str, int]:
    """All tracking, with one application moved forward.

    Raises:
        IntegrityError: when it is there already, or beyond.
    """
    if tracking is None:
        return before
    if before.get(tracking.application_name, tracking.notification_id - 1) >= tracking.notification_id:
        raise IntegrityError(f"{tracking.application_name} has processed {tracking.notification_id} or more already")
    return {**before, tracking.application_name: tracking.notification_id}
