"""Whoever appends first has the sequence: two writers of one log never both use the same headroom."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.ports import LogRecorder
from domain.routing import REFERENCE
from infra.logs import CommandedLogs, OpenLog
from infra.memory.recorder import MemoryRecorder
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
from infra.verification import verify
from tests.contracts.ownership_contract import OwnershipContract
from tests.ledger import founded, limited, logs_in, send
from tests.postgres import database
from tests.rules import booking

ROOT = Path(__file__).parents[2]


class TestMemory(OwnershipContract):
    @pytest.fixture
    def open_log(self) -> OpenLog:
        kept: dict[str, LogRecorder] = {}
        return lambda log: kept.setdefault(log, MemoryRecorder())


class TestSqlite(OwnershipContract):
    @pytest.fixture
    def open_log(self, tmp_path: Path) -> Iterator[OpenLog]:
        engine = create_engine_for(f"sqlite:///{tmp_path / 'events.db'}")
        yield lambda log: SqlRecorder(engine, log)
        engine.dispose()


class TestPostgres(OwnershipContract):
    @pytest.fixture
    def open_log(self, postgres: str) -> Iterator[OpenLog]:
        with database(postgres) as url:
            engine = create_engine_for(url)
            yield lambda log: SqlRecorder(engine, log)
            engine.dispose()


STOPPED_WRITER = """
    import os, signal, sys
    from pathlib import Path
    from infra.sql.recorder import SqlRecorder
    from tests.ledger import logs_in, send
    from tests.rules import booking

    class Stops(SqlRecorder):
        def insert_events(self, events, **kwargs):
            os.kill(os.getpid(), signal.SIGSTOP)
            return super().insert_events(events, **kwargs)

    logs = logs_in(Path(sys.argv[1]))
    logs.recorders["ledger-0"].__class__ = Stops
    print(send(logs, booking("T1", "60", "1"))[0].code, flush=True)
"""


def test_a_writer_stopped_between_decide_and_append_decides_again(tmp_path: Path) -> None:
    logs = limited(founded(logs_in(tmp_path)), 100)
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STOPPED_WRITER), str(tmp_path)], stdout=subprocess.PIPE, text=True,
        cwd=ROOT,
    )
    try:
        _wait_until_stopped(writer.pid)
        assert send(logs, booking("T2", "60", "1"))[0].status == "accepted"
        os.kill(writer.pid, signal.SIGCONT)
        said, _ = _resumed(writer)
    finally:
        writer.kill()
        writer.communicate()
    assert said.strip() == "limit-gross-notional"
    assert verify("ledger-0", logs.recorders["ledger-0"]).intact


def _wait_until_stopped(pid: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
            return
        time.sleep(0.01)
    raise AssertionError("the writer never reached its append")


def _resumed(writer: "subprocess.Popen[str]") -> tuple[str, str]:
    """It stops again at its second append, of the refusal."""
    deadline = time.monotonic() + 60
    while writer.poll() is None and time.monotonic() < deadline:
        os.kill(writer.pid, signal.SIGCONT)
        time.sleep(0.02)
    return writer.communicate(timeout=10)


def test_a_log_of_another_ledger_is_not_opened() -> None:
    kept: dict[str, LogRecorder] = {}
    CommandedLogs(lambda log: kept.setdefault(log, MemoryRecorder()))
    kept[REFERENCE] = MemoryRecorder()
    with pytest.raises(Exception, match="another ledger"):
        CommandedLogs(lambda log: kept.setdefault(log, MemoryRecorder()))


def test_the_number_of_ledger_logs_is_fixed() -> None:
    kept: dict[str, LogRecorder] = {}
    CommandedLogs(lambda log: kept.setdefault(log, MemoryRecorder()), 2)
    with pytest.raises(Exception, match="2 ledger logs for ever"):
        CommandedLogs(lambda log: kept.setdefault(log, MemoryRecorder()), 3)
