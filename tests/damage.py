"""Damage to a stored log: any value of any row, altered behind Everbook's back with plain SQL."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from infra.checkpoints import Checkpoint
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
from infra.verification import Verification, verify

LOG = "ledger-0"
EVENTS, COMMITS, RECEIPTS = "ledger_0_events", "ledger_0_commits", "ledger_0_receipts"
KEYS = {EVENTS: ("sequence",), COMMITS: ("tree_size",), RECEIPTS: ("source", "command_id")}


class Stored:
    """A SQLite file that holds a log, open to anyone's SQL."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def copy(self, folder: Path) -> "Stored":
        return Stored(Path(shutil.copyfile(self.file, folder / "events.db")))

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self._connected() as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]

    def run(self, statement: str, *values: Any) -> None:
        with self._connected() as connection, connection:
            connection.execute(statement, values)

    def set(self, table: str, row: dict[str, Any], column: str, value: Any) -> None:
        """Another value in one column of one row; bytes that are no text may stand in a text."""
        kept_as = "CAST(? AS TEXT)" if isinstance(row[column], str) and isinstance(value, bytes) else "?"
        key = " AND ".join(f"{name} = ?" for name in KEYS[table])
        self.run(f"UPDATE {table} SET {column} = {kept_as} WHERE {key}", value, *(row[name] for name in KEYS[table]))

    def verify(self, *checkpoints: Checkpoint, log: str = LOG) -> Verification:
        engine = create_engine_for(f"sqlite:///{self.file}")
        try:
            return verify(log, SqlRecorder(engine, log, create=False), checkpoints)
        finally:
            engine.dispose()

    def names(self, table: str, row: dict[str, Any]) -> list[str]:
        """What a finding may call a row: its event, or the commit that it belongs to."""
        sequence = row["sequence"] if table != COMMITS else row["tree_size"]
        commit = next(each for each in self.rows(COMMITS) if each["tree_size"] >= sequence)
        names = [f"{LOG} commit at {commit['first_sequence']}:"]
        return names if table == COMMITS else [*names, f"{LOG}:{sequence}:"]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file)) as connection:
            yield connection


def flipped(value: Any, bit: int) -> Any:
    """A value with one bit turned."""
    if isinstance(value, int):
        return value ^ (1 << bit % 63)
    content = bytearray(value.encode() if isinstance(value, str) else value)
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    return bytes(content)


def mentions(report: Verification, names: list[str]) -> bool:
    return any(re.match(re.escape(name), finding) for name in names for finding in report.findings)
