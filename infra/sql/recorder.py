"""One log in a SQL database."""

from collections.abc import Iterator, Sequence
from typing import Any

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
)
from sqlalchemy import Connection, Engine

from domain.ports import Commit, CommitRecord, LogMoved, NewEvent, Receipt
from infra.identity import from_text, to_text
from infra.plain_commit import plain_commit
from infra.sql.commits import commit_row, record_from
from infra.sql.engine import asking, insert, is_sqlite, marks, reading, rows, writing
from infra.sql.snapshots import SqlAggregateRecorder
from infra.sql.tables import COMMIT_COLUMNS, EVENT_COLUMNS, LogTables, table_prefix
from infra.sql.tracking import SqlTrackingRecorder, insert_tracking
from infra.subscription import LogSubscription, Wakers

KEYS_AT_ONCE = 500


class SqlRecorder(SqlAggregateRecorder, SqlTrackingRecorder, ProcessRecorder):
    """``domain.ports.LogRecorder`` on SQLite or PostgreSQL: the write lock is taken before the last sequence is read,
    so that sequences have no gap and become visible in order, whoever writes.
    """

    def __init__(self, engine: Engine, log: str, *, create: bool = True) -> None:
        SqlTrackingRecorder.__init__(self, engine, create=create)
        self.tables = LogTables(table_prefix(log))
        self.table = self.tables.events
        self._wakers = Wakers()
        if create:
            self.tables.create(engine)

    def insert_events(
        self, stored_events: Sequence[StoredEvent | NewEvent], *, tracking: Tracking | None = None,
        commit: Commit | None = None, **_kwargs: Any,
    ) -> Sequence[int] | None:
        with writing(self.engine) as connection:
            self._lock(connection)
            if commit is None:
                commit = plain_commit(stored_events, self._last_commit(connection))
            last = rows(connection, self.tables.last_sequence)[0][0] or 0
            if last != commit.expected_sequence:
                raise LogMoved(f"the log is at {last}, not at {commit.expected_sequence}")
            self._insert(connection, stored_events, commit)
            if tracking is not None:
                insert_tracking(connection, self.engine, tracking)
        self._wakers.wake()
        return list(range(last + 1, last + len(stored_events) + 1))

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = (), *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        mark, values = marks(self.engine, 1), [start or 0]
        conditions = f"sequence {'>=' if inclusive_of_start or start is None else '>'} {mark}"
        if stop is not None:
            conditions += f" AND sequence <= {mark}"
            values.append(stop)
        if topics:
            conditions += f" AND topic IN ({marks(self.engine, len(topics))})"
        statement = (
            f"SELECT {EVENT_COLUMNS} FROM {self.tables.events} WHERE {conditions} ORDER BY sequence LIMIT {int(limit)}"
        )
        with asking(self.engine) as connection:
            return _notifications(rows(connection, statement, (*values, *topics)))

    def max_notification_id(self) -> int | None:
        with asking(self.engine) as connection:
            last: int | None = rows(connection, self.tables.last_sequence)[0][0]
            return last

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        return LogSubscription(self, self._wakers, gt, topics)

    def select_streams(self, originator_ids: Sequence[str]) -> Sequence[Notification]:
        statement = (
            f"SELECT {EVENT_COLUMNS} FROM {self.tables.events} WHERE originator_id IN "
            f"({marks(self.engine, KEYS_AT_ONCE)}) ORDER BY originator_id, originator_version"
        )
        with reading(self.engine) as connection:
            return [
                notification
                for keys in _pages(sorted(set(originator_ids)))
                for notification in _notifications(rows(connection, statement, tuple(keys)))
            ]

    def select_receipts(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Receipt]:
        by_source: dict[str, list[str]] = {}
        for source, command_id in keys:
            by_source.setdefault(source, []).append(command_id)
        statement = (
            f"SELECT source, command_id, content, sequence, count FROM {self.tables.receipts} WHERE source = "
            f"{marks(self.engine, 1)} AND command_id IN ({marks(self.engine, KEYS_AT_ONCE)})"
        )
        with reading(self.engine) as connection:
            return {
                (row[0], row[1]): Receipt(*row)
                for source, command_ids in by_source.items()
                for page in _pages(command_ids)
                for row in rows(connection, statement, (source, *page))
            }

    def count_receipts(self) -> int:
        with asking(self.engine) as connection:
            count: int = rows(connection, f"SELECT COUNT(*) FROM {self.tables.receipts}")[0][0]
            return count

    def last_commit(self) -> CommitRecord | None:
        with asking(self.engine) as connection:
            return self._last_commit(connection)

    def select_commits(self, start: int, limit: int) -> Sequence[CommitRecord]:
        statement = (
            f"SELECT {COMMIT_COLUMNS} FROM {self.tables.commits} WHERE first_sequence >= {marks(self.engine, 1)} "
            f"AND tree_size >= {marks(self.engine, 1)} ORDER BY tree_size LIMIT {int(limit)}"
        )
        with asking(self.engine) as connection:
            return [record_from(row) for row in rows(connection, statement, (start, start))]

    def select_leaves(self, start: int, limit: int) -> Sequence[tuple[int, bytes]]:
        statement = (
            f"SELECT sequence, leaf FROM {self.tables.events} WHERE sequence >= {marks(self.engine, 1)} "
            f"ORDER BY sequence LIMIT {int(limit)}"
        )
        with asking(self.engine) as connection:
            return rows(connection, statement, (start,))

    def _insert(
        self, connection: Connection, stored_events: Sequence[StoredEvent | NewEvent], commit: Commit
    ) -> None:
        if stored_events:
            first = commit.expected_sequence + 1
            insert(connection, self.tables.event_rows, "", [
                (sequence, to_text(event.originator_id), event.originator_version, event.topic, event.state, leaf)
                for sequence, (event, leaf) in enumerate(zip(stored_events, commit.leaves, strict=True), first)
            ])
            insert(connection, self.tables.commit_rows, "", [commit_row(commit)])
        insert(connection, self.tables.receipt_rows, "", [
            (receipt.source, receipt.command_id, receipt.content, receipt.sequence, receipt.count)
            for receipt in commit.receipts
        ])

    def _lock(self, connection: Connection) -> None:
        """PostgreSQL lets several transactions insert at once: this one is to be alone. SQLite's is already."""
        if not is_sqlite(self.engine):
            connection.exec_driver_sql(f"LOCK TABLE {self.tables.events} IN EXCLUSIVE MODE")

    def _last_commit(self, connection: Connection) -> CommitRecord | None:
        found = rows(connection, self.tables.last_commit)
        return record_from(found[0]) if found else None


def _notifications(found: Sequence[Any]) -> list[Notification]:
    return [
        Notification(from_text(stream), version, topic, state, sequence)
        for sequence, stream, version, topic, state in found
    ]


def _pages(keys: Sequence[str]) -> Iterator[list[str]]:
    """Pages of one size, filled up with a key of their own: the statement stays one, and the driver has it parsed."""
    for at in range(0, len(keys), KEYS_AT_ONCE):
        page = list(keys[at : at + KEYS_AT_ONCE])
        yield page + [page[-1]] * (KEYS_AT_ONCE - len(page))
