"""The physical limit: the driver alone, writing the same bytes as durably."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import timed

AT_ONCE = 1_000
Row = tuple[int, str, int, str, bytes]


def insert(folder: Path, rows: Sequence[Row]) -> float:
    """Rows a second, a thousand a transaction, under the one unique index that any event store needs."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE events (sequence INTEGER PRIMARY KEY, originator_id TEXT, originator_version INTEGER, "
        "topic TEXT, state BLOB, UNIQUE (originator_id, originator_version))"
    )
    with timed() as watch:
        for at in range(0, len(rows), AT_ONCE):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows[at : at + AT_ONCE])
            connection.execute("COMMIT")
    connection.close()
    return len(rows) / watch.seconds
