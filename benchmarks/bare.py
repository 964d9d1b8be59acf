"""The physical limit: the driver alone, writing as durably the same bytes that our store wrote."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import timed

AT_ONCE = 1_000
LOG = "ledger_0"
EVENTS = ("sequence", "originator_id", "originator_version", "topic", "state", "leaf")
RECEIPTS = ("source", "command_id", "content", "sequence", "count")
COLUMNS = {"events": EVENTS, "receipts": RECEIPTS}
UNIQUE = {
    "events": "PRIMARY KEY (sequence), UNIQUE (originator_id, originator_version)",
    "receipts": "PRIMARY KEY (source, command_id)",
}
Rows = Sequence[tuple[Any, ...]]


def written(database: Path) -> dict[str, Rows]:
    """The rows of our file, table by table, in the order in which they were written."""
    with sqlite3.connect(database) as connection:
        found: dict[str, Rows] = {
            table: connection.execute(f"SELECT {', '.join(names)} FROM {LOG}_{table} ORDER BY sequence").fetchall()
            for table, names in COLUMNS.items()
        }
    connection.close()
    return found


def insert(folder: Path, rows: dict[str, Rows]) -> float:
    """Events a second, a thousand a transaction, with whichever tables ``rows`` has."""
    connection = sqlite3.connect(folder / f"bare-{len(rows)}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    for table in rows:
        columns = ", ".join(f"{name} INTEGER" if name == "sequence" else name for name in COLUMNS[table])
        connection.execute(f"CREATE TABLE {table} ({columns}, {UNIQUE[table]})")
    count = len(rows["events"])
    with timed() as watch:
        for at in range(0, count, AT_ONCE):
            connection.execute("BEGIN IMMEDIATE")
            for table, found in rows.items():
                marks = ", ".join("?" * len(found[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", found[at : at + AT_ONCE])
            connection.execute("COMMIT")
    connection.close()
    return count / watch.seconds
