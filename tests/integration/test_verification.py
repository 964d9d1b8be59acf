"""Whoever alters a stored byte is found: an event, a commit, a leaf hash or a receipt, and which one it was."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AffirmTrade, CancelTrade
from domain.merkle import Frontier
from domain.ports import Receipt
from infra.checkpoints import Checkpoint
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
from infra.verification import verify
from tests.contracts.log_recorder_contract import commit_of
from tests.damage import COMMITS, EVENTS, LOG, RECEIPTS, Stored, flipped, mentions
from tests.ledger import founded, limited, logs_in, send
from tests.rules import booking

TABLES = (EVENTS, COMMITS, RECEIPTS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Trades, a refusal, and commits of one and of several commands."""
    folder = tmp_path_factory.mktemp("whole")
    logs = limited(founded(logs_in(folder)), 100)
    send(logs, *[booking(f"T{number}", "2", "1") for number in range(4)])
    send(logs, booking("too-much", "60000", "1"))
    send(logs, AffirmTrade(command_id="a", trade_id="T0", book="EQ-1"))
    send(logs, booking("T4", "3", "1"), CancelTrade(command_id="c", trade_id="T1", book="EQ-1"))
    logs.recorders[LOG].engine.dispose()  # type: ignore[attr-defined]
    return Stored(folder / "events.db")


@pytest.fixture
def stored(whole: Stored, tmp_path: Path) -> Stored:
    return whole.copy(tmp_path)


def head(stored: Stored, size: int) -> Checkpoint:
    (root,) = [row["root"] for row in stored.rows(COMMITS) if row["tree_size"] == size]
    return Checkpoint(f"everbook/x/{LOG}", size, root)


def test_a_log_that_nobody_touched_is_intact(stored: Stored) -> None:
    report = stored.verify(head(stored, 1), head(stored, 9))
    assert (report.findings, report.events, report.commits) == ([], 9, 5)


@pytest.mark.parametrize("table", TABLES)
def test_any_altered_column_of_any_row_is_found_and_named(stored: Stored, table: str) -> None:
    for row in stored.rows(table):
        names = stored.names(table, row)
        for column, value in row.items():
            for bit in {0, 9, 61} if isinstance(value, int) else {0, 8 * len(value) - 2}:
                altered = flipped(value, bit)
                try:
                    stored.set(table, row, column, altered)
                except sqlite3.IntegrityError:
                    continue
                assert mentions(stored.verify(), names), (table, column, value, altered)
                stored.set(table, {**row, column: altered if isinstance(value, int) else _text(value, altered)}, column,
                           value)
    assert stored.verify().intact


@settings(max_examples=150, deadline=None)
@given(table=st.sampled_from(TABLES), data=st.data())
def test_any_turned_bit_is_found_and_named(whole: Stored, table: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        stored = whole.copy(Path(folder))
        row = data.draw(st.sampled_from(stored.rows(table)))
        column = data.draw(st.sampled_from(sorted(row)))
        width = 63 if isinstance(row[column], int) else 8 * len(row[column])
        names = stored.names(table, row)
        try:
            stored.set(table, row, column, flipped(row[column], data.draw(st.integers(0, width - 1))))
        except sqlite3.IntegrityError:
            return
        assert mentions(stored.verify(), names)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_turned_bit_of_the_file_is_found_unless_no_row_changed(whole: Stored, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        stored = whole.copy(Path(folder))
        before = _everything(stored)
        content = stored.file.read_bytes()
        stored.file.write_bytes(flipped(content, data.draw(st.integers(0, 8 * len(content) - 1))))
        after = _everything(stored)
        assert after == before or any(not stored.verify(log=log).intact for log in ("reference", "market", LOG))


@pytest.mark.parametrize("value", [None, "text", b"bytes", 1.5, -1, "", b""])
@pytest.mark.parametrize("table", TABLES)
def test_a_value_of_another_type_is_found_and_named(stored: Stored, table: str, value: Any) -> None:
    row = stored.rows(table)[1]
    names = stored.names(table, row)
    for column in row:
        again = stored.copy(_folder(stored, f"{column}"))
        try:
            again.set(table, row, column, value)
        except sqlite3.IntegrityError:
            continue
        assert mentions(again.verify(), names), column


@pytest.mark.parametrize(("old", "new"), [("+", "-"), ("T", " "), ("+00:00", "Z")])
def test_the_same_time_written_otherwise_is_found_and_named(stored: Stored, old: str, new: str) -> None:
    row = stored.rows(COMMITS)[2]
    stored.set(COMMITS, row, "recorded_at", row["recorded_at"].replace(old, new))
    assert mentions(stored.verify(), stored.names(COMMITS, row))


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_was_taken_out_is_found_and_named(stored: Stored, table: str) -> None:
    for place, row in enumerate(stored.rows(table)):
        again = stored.copy(_folder(stored, str(place)))
        names = stored.names(table, row)
        again.run(f"DELETE FROM {table} WHERE {' AND '.join(f'{key} = ?' for key in row)}", *row.values())
        assert mentions(again.verify(), names), row


def test_an_event_that_was_put_in_is_found(stored: Stored) -> None:
    row = {**stored.rows(EVENTS)[3], "originator_id": "trade:T9"}
    for sequence in (-4, 0, 10, 1 << 40):
        again = stored.copy(_folder(stored, str(sequence)))
        values = {**row, "sequence": sequence}
        again.run(f"INSERT INTO {EVENTS} VALUES ({', '.join('?' * len(values))})", *values.values())
        assert mentions(again.verify(), [f"{LOG}:{sequence}:"]), sequence


def test_a_receipt_that_was_put_in_is_found(stored: Stored) -> None:
    stored.run(f"INSERT INTO {RECEIPTS} VALUES ('desk', 'never-sent', x'00', 3, 1)")
    assert stored.verify().findings == [f"{LOG}: it has 9 receipts, its events 8"]


@pytest.mark.parametrize("columns", [("originator_id", "state", "leaf"), ("state",), ("leaf",)])
def test_two_events_that_changed_places_are_both_named(stored: Stored, columns: tuple[str, ...]) -> None:
    third, fourth = stored.rows(EVENTS)[2:4]
    stored.set(EVENTS, third, "originator_id", "aside")
    for column in columns:
        stored.set(EVENTS, fourth, column, third[column])
        stored.set(EVENTS, third, column, fourth[column])
    report = stored.verify()
    assert mentions(report, [f"{LOG}:3:"])
    assert mentions(report, [f"{LOG}:4:"])


def test_only_what_was_altered_is_named(stored: Stored) -> None:
    row = stored.rows(EVENTS)[2]
    stored.set(EVENTS, row, "state", row["state"].replace(b'"quantity":"2"', b'"quantity":"3"'))
    assert stored.verify().findings == [f"{LOG}:3: the stored event does not match its leaf hash"]


def test_an_event_altered_with_its_leaf_names_the_commit(stored: Stored) -> None:
    rewritten(stored, b'"trade_id":"T3"', b'"trade_id":"T8"', only=EVENTS)
    assert stored.verify().findings == [f"{LOG} commit at 2: its root is not that of the events up to 5"]


def test_a_log_rewritten_whole_is_found_only_from_outside(stored: Stored) -> None:
    known = head(stored, 9)
    rewritten(stored, b'"quantity":"2"', b'"quantity":"3"')
    assert stored.verify().intact
    assert stored.verify(known).findings == [f"{LOG}: the checkpoint at 9 has another root: the log was rewritten"]


def test_a_log_that_was_cut_is_found_only_from_outside(stored: Stored) -> None:
    known, early = head(stored, 9), head(stored, 6)
    for table, column in ((EVENTS, "sequence"), (COMMITS, "tree_size"), (RECEIPTS, "sequence")):
        stored.run(f"DELETE FROM {table} WHERE {column} > 6")
    assert stored.verify().intact
    assert stored.verify(early).intact
    assert stored.verify(known).findings == [f"{LOG}: a checkpoint knows 9 events, the log has 6: it was cut"]


def rewritten(stored: Stored, old: bytes, new: bytes, only: str = "") -> None:
    """Everything that the log itself can check is made to fit the altered states."""
    engine = create_engine_for(f"sqlite:///{stored.file}")
    recorder, other = SqlRecorder(engine, LOG, create=False), SqlRecorder(engine, "other")
    frontier = Frontier()
    for commit in recorder.select_commits(1, 100):
        events = [
            event.__class__(event.originator_id, event.originator_version, event.topic, event.state.replace(old, new),
                            event.id)
            for event in recorder.select_notifications(commit.first_sequence, 100, stop=commit.tree_size)
        ]
        receipts = tuple(
            Receipt(*row.values()) for row in sorted(stored.rows(RECEIPTS), key=lambda row: row["sequence"])
            if commit.first_sequence <= row["sequence"] <= commit.tree_size
        )
        fitting = commit_of(list(events), frontier, receipts)
        fitting = msgspec.structs.replace(fitting, recorded_at=commit.recorded_at)
        other.insert_events(events, commit=fitting)
    engine.dispose()
    for table in [only] if only else TABLES:
        stored.run(f"DELETE FROM {table}")
        stored.run(f"INSERT INTO {table} SELECT * FROM {table.replace('ledger_0', 'other')}")


def _everything(stored: Stored) -> Any:
    """Every row as it is stored, or that it cannot be read."""
    try:
        with closing(sqlite3.connect(stored.file)) as connection:
            connection.text_factory = bytes
            tables = [
                f"{log}_{kind}" for log in ("reference", "market", "ledger_0") for kind in
                ("events", "commits", "receipts")
            ]
            return [sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in tables]
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def _folder(stored: Stored, name: str) -> Path:
    folder = stored.file.parent / name
    folder.mkdir()
    return folder


def _text(value: Any, altered: bytes) -> Any:
    """What an altered text reads as, to find its row again."""
    return altered if isinstance(value, bytes) else altered.decode(errors="replace")


class Busy:
    """A log to which others append as often as ``times`` says whenever it is read."""

    def __init__(self, recorder: Any, append: Callable[[], object], times: int = 3) -> None:
        self._recorder, self._append = recorder, append
        self._left = Counter(dict.fromkeys(("count_receipts", "select_commits", "select_notifications"), times))

    def __getattr__(self, name: str) -> Any:
        of_the_log = getattr(self._recorder, name)
        if not self._left[name]:
            return of_the_log

        def asked(*arguments: Any, **options: Any) -> Any:
            self._left[name] -= 1
            self._append()
            return of_the_log(*arguments, **options)

        return asked


def test_what_is_appended_meanwhile_raises_no_alarm(tmp_path: Path) -> None:
    logs, numbers = founded(logs_in(tmp_path)), count()

    def busy() -> Any:
        return Busy(logs.recorders[LOG], lambda: send(logs, booking(f"T{next(numbers)}", "2", "1")))

    send(logs, booking("first", "2", "1"))
    assert verify(LOG, busy()).findings == []
    stored = Stored(tmp_path / "events.db")
    stored.run(f"UPDATE {EVENTS} SET state = replace(state, 'anna', 'bert') WHERE sequence = 2")
    assert mentions(verify(LOG, busy()), [f"{LOG}:2:"])
    stored.run(f"DELETE FROM {RECEIPTS} WHERE sequence = 2")
    assert any("receipt" in finding for finding in verify(LOG, busy()).findings)
