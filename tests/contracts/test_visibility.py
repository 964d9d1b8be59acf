"""Several processes on one log: what a reader has passed is complete, whoever writes and whoever is killed."""

import json
import sqlite3
import threading
from itertools import groupby
from pathlib import Path
from typing import Any

from infra.sql.engine import asking, create_engine_for, rows, writing
from infra.sql.recorder import SqlRecorder
from tests.contracts.log_recorder_contract import stored
from tests.postgres import database
from tests.processes import together

WRITERS = 3
COMMITS = 40
OPENING = """
import json, sys
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
recorder = SqlRecorder(create_engine_for(sys.argv[1]), "log")
"""
WRITER = OPENING + """
name, commits = sys.argv[2], int(sys.argv[3])
together()
for number in range(commits):
    size = 1 + number % 5
    recorder.insert_events([
        StoredEvent(f"{name}-{number}-{place}", 1, "thing.happened.v1", f"{name}:{number}:{size}".encode())
        for place in range(size)
    ])
recorder.engine.dispose()
"""
READER = OPENING + """
seen, last, total = [], int(sys.argv[2]), int(sys.argv[3])
together()
while len(seen) < total:
    page = recorder.select_notifications(last, 7, inclusive_of_start=False)
    seen += [(each.id, each.state.decode()) for each in page]
    last = page[-1].id if page else last
    if not page and (recorder.max_notification_id() or 0) - last > 1000:
        break
print(json.dumps(seen))
recorder.engine.dispose()
"""
TRACKER = OPENING + """
won = []
together()
for position in range(1, 201):
    try:
        event = StoredEvent(f"{sys.argv[2]}-{position}", 1, "t", b"{}")
        recorder.insert_events([event], tracking=Tracking("up", position))
        won.append(position)
    except IntegrityError:
        pass
print(json.dumps(won))
recorder.engine.dispose()
"""
CLASHER = OPENING + """
won = []
together()
for number in range(100):
    try:
        recorder.insert_events([
            StoredEvent(f"{sys.argv[2]}-{number}-a", 1, "t", b"{}"), StoredEvent(f"shared-{number}", 1, "t", b"{}"),
            StoredEvent(f"{sys.argv[2]}-{number}-b", 1, "t", b"{}"),
        ])
        won.append(number)
    except IntegrityError:
        pass
print(json.dumps(won))
recorder.engine.dispose()
"""
PER_WRITER = sum(1 + number % 5 for number in range(COMMITS))


def test_a_reader_misses_nothing_while_several_processes_write(database_url: str) -> None:
    seen: list[Any] = []
    for phase in ("first", "after a restart"):
        writers = [(WRITER, (database_url, f"{phase}-{number}", COMMITS)) for number in range(WRITERS)]
        reader = (READER, (database_url, len(seen), WRITERS * PER_WRITER))
        with together([reader, *writers]) as (reading, *others):
            for writer in others:
                writer.said()
            seen += json.loads(reading.said())
    assert [sequence for sequence, _ in seen] == list(range(1, 2 * WRITERS * PER_WRITER + 1))
    for commit, events in groupby(seen, key=lambda each: each[1]):
        assert len(list(events)) == int(commit.rsplit(":", 1)[1])
    assert len({state for _, state in seen}) == 2 * WRITERS * COMMITS


def test_of_two_processes_that_track_one_position_exactly_one_wins(database_url: str) -> None:
    with together([(TRACKER, (database_url, name)) for name in ("one", "other")]) as processes:
        one, other = (json.loads(process.said()) for process in processes)
    assert sorted(one + other) == list(range(1, 201))
    assert _streams(database_url) == {f"one-{n}" for n in one} | {f"other-{n}" for n in other}


def test_a_commit_that_clashes_in_one_of_its_streams_leaves_nothing(database_url: str) -> None:
    with together([(CLASHER, (database_url, name)) for name in ("one", "other")]) as processes:
        one, other = (json.loads(process.said()) for process in processes)
    assert sorted(one + other) == list(range(100))
    whole = {f"one-{n}-{part}" for n in one for part in "ab"} | {f"other-{n}-{part}" for n in other for part in "ab"}
    assert _streams(database_url) == whole | {f"shared-{number}" for number in range(100)}


OPENER = """
import sys
from pathlib import Path
from infra.everbook import Everbook
from infra.settings import Settings
together()
with Everbook(Settings(data=Path(sys.argv[2]), database_url=sys.argv[1], read_database_url=sys.argv[1])) as opened:
    opened.worker().catch_up()
    print(opened.ledger_id)
"""


def test_processes_that_open_a_new_ledger_at_once_open_the_same(database_url: str, tmp_path: Any) -> None:
    with together([(OPENER, (database_url, tmp_path / "data"))] * 3) as processes:
        assert len({process.said() for process in processes}) == 1


def test_a_file_that_another_process_is_just_setting_up_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "shared.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE begun (here)")
    other.execute("BEGIN IMMEDIATE")
    engine = create_engine_for(f"sqlite:///{tmp_path / 'shared.db'}")
    done = threading.Timer(0.2, other.execute, ["COMMIT"])
    done.start()
    with asking(engine) as connection:
        assert rows(connection, "PRAGMA journal_mode") == [("wal",)]
    done.join()
    engine.dispose()
    other.close()


def test_a_store_whose_connections_were_cut_is_used_on(postgres: str) -> None:
    with database(postgres) as url:
        engine, other = create_engine_for(url), create_engine_for(url)
        recorder = SqlRecorder(engine, "log")
        recorder.insert_events([stored("trade:1")])
        with writing(other) as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database()"
            )
        other.dispose()
        recorder.insert_events([stored("trade:2")])
        assert recorder.max_notification_id() == 2
        engine.dispose()


def _streams(database_url: str) -> set[str]:
    engine = create_engine_for(database_url)
    recorder = SqlRecorder(engine, "log")
    found = recorder.select_notifications(1, 10_000)
    last = recorder.last_commit()
    assert [each.id for each in found] == list(range(1, len(found) + 1))
    assert last is not None
    assert last.tree_size == len(found)
    engine.dispose()
    return {str(each.originator_id) for each in found}
