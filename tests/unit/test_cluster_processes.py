"""Processes that are known again, and never taken for others."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from infra.cluster.processes import Process, marked, start

SLEEP = "import time; print('asleep', flush=True); time.sleep(600)"


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    mark = f"-mark={tmp_path}"
    process = start([sys.executable, "-c", SLEEP, mark], tmp_path / "logs" / "sleep.log", mark)
    yield process
    process.send(signal.SIGKILL)
    assert process.wait(10)


def test_a_started_process_is_known_and_has_a_session_of_its_own(sleeper: Process) -> None:
    assert sleeper.is_running()
    assert os.getsid(sleeper.pid) == sleeper.pid
    assert sleeper.memory_bytes() > 0
    assert marked(sleeper.mark) == sleeper


def test_another_process_with_its_id_is_not_taken_for_it(sleeper: Process) -> None:
    earlier = msgspec.structs.replace(sleeper, started=sleeper.started - 1)
    other = msgspec.structs.replace(sleeper, mark="-mark=other")
    for mistaken in (earlier, other):
        assert not mistaken.is_running()
        assert not mistaken.send(signal.SIGKILL)
        assert mistaken.wait(0)
    assert sleeper.is_running()


def test_a_mark_is_a_whole_word_and_no_part_of_one(sleeper: Process) -> None:
    assert marked(sleeper.mark[:-1]) is None


def test_a_killed_process_has_ended_even_before_its_parent_looked(sleeper: Process) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)
    assert sleeper.wait(10)
    assert not sleeper.is_running()
    assert not sleeper.send(signal.SIGTERM)
    assert not Path(f"/proc/{sleeper.pid}").exists()


def test_a_process_has_not_ended_as_long_as_one_of_its_threads_runs(tmp_path: Path) -> None:
    script = (
        "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(3,)).start();"
        "print('one less', flush=True); ctypes.CDLL(None).pthread_exit(None)"
    )
    process = start([sys.executable, "-c", script, "-first-gone"], tmp_path / "log", "-first-gone")
    while process.is_running():
        time.sleep(0.01)
    assert not process.wait(0.2)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(10)


def test_a_process_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    mark = f"-mark={tmp_path}"
    starter = (
        "import sys; from pathlib import Path; from infra.cluster.processes import start;"
        "start([sys.executable, '-c', sys.argv[1], sys.argv[2]], Path(sys.argv[3]), sys.argv[2])"
    )
    log = tmp_path / "sleep.log"
    subprocess.run(
        [sys.executable, "-c", starter, SLEEP, mark, str(log)], cwd=Path(__file__).parents[2], check=True, timeout=60
    )
    process = marked(mark)
    assert process is not None
    assert process.send(signal.SIGTERM)
    assert process.wait(10)
    assert marked(mark) is None


def test_output_is_added_to_what_the_log_holds(tmp_path: Path) -> None:
    log = tmp_path / "out.log"
    log.write_text("before\n")
    process = start([sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr)", "-m"], log, "-m")
    assert process.wait(30)
    assert sorted(log.read_text().split()) == ["before", "err", "out"]


def test_a_process_is_known_from_its_first_moment_on(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "sleep 600", "-known"]
    processes = []
    try:
        for _ in range(200):
            processes.append(start(command, tmp_path / "log", "-known"))
            assert processes[-1].is_running()
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
    assert all(process.wait(10) for process in processes)
