"""Snapshots of logs in a table beside them."""

from sqlalchemy import Column, Engine, LargeBinary, MetaData, Table

from infra.sql.engine import TEXT, create_tables, marks, reading, rows, writing

TABLE = "log_snapshots"


class SqlSnapshots:
    """``infra.snapshots.SnapshotStore`` on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, *, create: bool = True) -> None:
        self._engine = engine
        if create:
            metadata = MetaData()
            Table(TABLE, metadata, Column("log", TEXT, primary_key=True), Column("snapshot", LargeBinary))
            create_tables(engine, metadata)

    def read(self, log: str) -> bytes | None:
        with reading(self._engine) as connection:
            found = rows(connection, f"SELECT snapshot FROM {TABLE} WHERE log = {marks(self._engine, 1)}", (log,))
            return bytes(found[0][0]) if found else None

    def write(self, log: str, snapshot: bytes) -> None:
        with writing(self._engine) as connection:
            connection.exec_driver_sql(f"DELETE FROM {TABLE} WHERE log = {marks(self._engine, 1)}", (log,))
            connection.exec_driver_sql(f"INSERT INTO {TABLE} VALUES ({marks(self._engine, 2)})", (log, snapshot))
