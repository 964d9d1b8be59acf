"""The tables of one log, and the statements that go straight to the driver."""

import re

from eventsourcing.persistence import ProgrammingError
from sqlalchemy import BigInteger, Column, Engine, Integer, LargeBinary, MetaData, Table, UniqueConstraint

from infra.sql.engine import TEXT, create_tables

SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")
EVENT_COLUMNS = "sequence, originator_id, originator_version, topic, state"
COMMIT_COLUMNS = (
    "tree_size, first_sequence, nonce, recorded_at, reference_sequence, market_sequence, root, frontier, seal"
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}\Z")


def table_prefix(log: str) -> str:
    """``ledger-0`` as ``ledger_0``.

    Raises:
        ProgrammingError: when a log's name cannot name a table.
    """
    prefix = re.sub(r"[^a-z0-9]+", "_", log.lower()).strip("_")
    if not _NAME.match(prefix):
        raise ProgrammingError(f"{log!r} cannot name the tables of a log")
    return prefix


class LogTables:
    """Names and statements for the log ``prefix``."""

    def __init__(self, prefix: str) -> None:
        self.events, self.receipts, self.commits = f"{prefix}_events", f"{prefix}_receipts", f"{prefix}_commits"
        self.event_rows = f"{self.events} ({EVENT_COLUMNS}, leaf)"
        self.receipt_rows = f"{self.receipts} (source, command_id, content, sequence, count)"
        self.commit_rows = f"{self.commits} ({COMMIT_COLUMNS})"
        self.last_sequence = f"SELECT MAX(sequence) FROM {self.events}"
        self.last_commit = f"SELECT {COMMIT_COLUMNS} FROM {self.commits} ORDER BY tree_size DESC LIMIT 1"

    def create(self, engine: Engine) -> None:
        """Creates what is not there yet."""
        metadata = MetaData()
        Table(
            self.events, metadata, Column("sequence", SEQUENCE, primary_key=True, autoincrement=False),
            Column("originator_id", TEXT, nullable=False), Column("originator_version", BigInteger, nullable=False),
            Column("topic", TEXT, nullable=False), Column("state", LargeBinary, nullable=False),
            Column("leaf", LargeBinary, nullable=False), UniqueConstraint("originator_id", "originator_version"),
        )
        Table(
            self.receipts, metadata, Column("source", TEXT, primary_key=True),
            Column("command_id", TEXT, primary_key=True), Column("content", LargeBinary, nullable=False),
            Column("sequence", BigInteger, nullable=False), Column("count", BigInteger, nullable=False),
            sqlite_with_rowid=False,
        )
        Table(
            self.commits, metadata, Column("tree_size", SEQUENCE, primary_key=True, autoincrement=False),
            Column("first_sequence", BigInteger, nullable=False), Column("nonce", LargeBinary, nullable=False),
            Column("recorded_at", TEXT, nullable=False), Column("reference_sequence", BigInteger, nullable=False),
            Column("market_sequence", BigInteger, nullable=False), Column("root", LargeBinary, nullable=False),
            Column("frontier", LargeBinary, nullable=False), Column("seal", LargeBinary, nullable=False),
        )
        create_tables(engine, metadata)


def create_tracking(engine: Engine) -> None:
    """Creates the table of what other applications have processed."""
    metadata = MetaData()
    Table(
        "tracking", metadata, Column("application_name", TEXT, primary_key=True),
        Column("notification_id", BigInteger, nullable=False),
    )
    create_tables(engine, metadata)


def create_snapshots(engine: Engine, name: str) -> None:
    """Creates a table of aggregates that is no log: snapshots of the library's other users."""
    metadata = MetaData()
    Table(
        name, metadata, Column("originator_id", TEXT, primary_key=True),
        Column("originator_version", BigInteger, primary_key=True), Column("topic", TEXT, nullable=False),
        Column("state", LargeBinary, nullable=False),
    )
    create_tables(engine, metadata)
