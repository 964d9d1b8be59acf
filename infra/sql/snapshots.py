"""Aggregates that are no log: the snapshots of the library's other users."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, StoredEvent
from sqlalchemy import Engine

from infra.identity import from_text, to_text
from infra.sql.engine import marks, reading, rows, writing
from infra.sql.tables import create_snapshots, table_prefix

COLUMNS = "originator_id, originator_version, topic, state"


class SqlAggregateRecorder(AggregateRecorder):
    """Stored events of aggregates, without any order between them."""

    def __init__(self, engine: Engine, name: str, *, create: bool = True) -> None:
        self.engine = engine
        self.table = table_prefix(name)
        if create:
            create_snapshots(engine, self.table)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_kwargs: Any) -> Sequence[int] | None:
        if stored_events:
            statement = f"INSERT INTO {self.table} ({COLUMNS}) VALUES ({marks(self.engine, 4)})"
            with writing(self.engine) as connection:
                connection.exec_driver_sql(statement, [
                    (to_text(event.originator_id), event.originator_version, event.topic, event.state)
                    for event in stored_events
                ])
        return None

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None, desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        mark, bounds, values = marks(self.engine, 1), "", [to_text(originator_id)]
        for condition, bound in ((">", gt), ("<=", lte)):
            if bound is not None:
                bounds += f" AND originator_version {condition} {mark}"
                values.append(bound)  # type: ignore[arg-type]
        statement = (
            f"SELECT {COLUMNS} FROM {self.table} WHERE originator_id = {mark}{bounds} "
            f"ORDER BY originator_version {'DESC' if desc else 'ASC'}"
            + (f" LIMIT {int(limit)}" if limit is not None else "")
        )
        with reading(self.engine) as connection:
            return [
                StoredEvent(from_text(stream), version, topic, state)
                for stream, version, topic, state in rows(connection, statement, tuple(values))
            ]
