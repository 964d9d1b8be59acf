"""Whoever appends first has the sequence: two writers of one log never both use the same headroom."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from domain.ports import LogRecorder
from domain.routing import REFERENCE
from infra.logs import CommandedLogs
from infra.memory.recorder import MemoryRecorder
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
from infra.verification import verify
from tests.ledger import founded, limited, logs_in, send
from tests.postgres import database
from tests.rules import booking

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[CommandedLogs, CommandedLogs]]:
    """Two ledgers, each with a state of its own, on one store."""
    kept: dict[str, LogRecorder] = {}
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'events.db'}"
        if request.param == "postgres":
            url = stack.enter_context(database(request.getfixturevalue("postgres")))
        engine = create_engine_for(url)
        stack.callback(engine.dispose)

        def open_log(log: str) -> LogRecorder:
            if request.param == "memory":
                return kept.setdefault(log, MemoryRecorder())
            return SqlRecorder(engine, log)

        first = limited(founded(CommandedLogs(open_log)), 100)
        yield first, CommandedLogs(open_log)


def sixty(number: int) -> object:
    return booking(f"T{number}", quantity="60", price="1")


def test_two_ledgers_with_a_limit_of_100_never_both_accept_60(shared: tuple[CommandedLogs, CommandedLogs]) -> None:
    first, second = shared
    assert send(first, sixty(1))[0].status == "accepted"  # type: ignore[arg-type]
    outcome = send(second, sixty(2))[0]  # type: ignore[arg-type]
    assert (outcome.status, outcome.code) == ("refused", "limit-gross-notional")


def test_two_ledgers_in_a_race_accept_one_60(shared: tuple[CommandedLogs, CommandedLogs]) -> None:
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(send, logs, sixty(number)) for number, logs in enumerate(shared)]  # type: ignore[arg-type]
        outcomes = [each.result()[0] for each in sent]
    assert sorted(outcome.status for outcome in outcomes) == ["accepted", "refused"]


def test_many_commands_of_two_racing_ledgers_all_land_once(shared: tuple[CommandedLogs, CommandedLogs]) -> None:
    def run(part: int) -> list[str]:
        logs = shared[part]
        return [send(logs, booking(f"T{part}-{n}", "1", "0.1"))[0].status for n in range(40)]

    with ThreadPoolExecutor(2) as pool:
        outcomes = [status for statuses in pool.map(run, (0, 1)) for status in statuses]
    assert outcomes == ["accepted"] * 80
    report = verify("ledger-0", shared[0].recorders["ledger-0"])
    assert (report.intact, report.events) == (True, 81)


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
