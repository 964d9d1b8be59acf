"""A file is imported beside a server under load, or killed and imported again: every command lands once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from domain.schema import business_content, recorded
from infra.settings import Settings
from infra.stored_logs import stored_logs
from tests.command_line import run
from tests.journeys.test_kill import Server
from tests.rules import FOUNDATION, booking

ROOT = Path(__file__).parents[2]
PAGE = 100_000


class Load:
    """Posts bookings of its own, batch after batch, until it is told to stop."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.sent = 0
        self.outcomes: list[dict[str, Any]] = []
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            commands = [booking(f"posted-{self.sent + place}", "1", "1") for place in range(5)]
            answer = self._server.client.post("/v1/commands", content=b"\n".join(map(business_content, commands)))
            answer.raise_for_status()
            self.outcomes += [json.loads(line) for line in answer.text.splitlines()]
            self.sent += len(commands)


def importing(file: Path, data: Path) -> "subprocess.Popen[bytes]":
    command = ["import", file, "--format", "commands-ndjson", "--data", data, "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "api", *map(str, command)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def imported_again(file: Path, data: Path) -> dict[str, Any]:
    found: dict[str, Any] = run("import", file, "--format", "commands-ndjson", "--data", data, "--json", code=2)
    assert found["problems"]
    return found


def times_recorded(data: Path) -> Counter[tuple[str, str]]:
    """How many commits tell of each command: those whose events lie apart came more than once."""
    times: Counter[tuple[str, str]] = Counter()
    with stored_logs(Settings(data=data)) as logs:
        for log, recorder in logs.items():
            before: tuple[str, str] | None = None
            for stored in recorder.select_notifications(2, PAGE):
                event = recorded(log, stored.id, stored).event
                key = (event.source, event.command_id)
                times[key] += key != before
                before = key
    return times


def keys_of(file: Path) -> set[tuple[str, str]]:
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    return {(line["source"], line["command_id"]) for line in lines}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def generated(folder: Path, trades: int) -> Path:
    run("generate", "--out", folder / "day.ndjson", "--trades", trades)
    return folder / "day.ndjson"


def test_a_file_is_imported_while_a_server_takes_commands(tmp_path: Path, data: Path) -> None:
    file, server = generated(tmp_path, 1_500), Server(data)
    server.start()
    server.client.post("/v1/commands", content=b"\n".join(map(business_content, FOUNDATION))).raise_for_status()
    load = Load(server)
    try:
        time.sleep(0.2)
        report, _ = importing(file, data).communicate(timeout=120)
    finally:
        load.stop()
        server.stop()
    counts = json.loads(report)
    assert counts["accepted"] + counts["refused"] + counts["duplicates"] == len(file.read_bytes().splitlines())
    assert {each["status"] for each in load.outcomes} == {"accepted"}
    times = times_recorded(data)
    assert set(times.values()) == {1}
    assert keys_of(file) <= set(times)
    assert len({key for _, key in times if key.startswith("book-posted-")}) == load.sent > 0
    again = imported_again(file, data)
    assert (again["accepted"], again["refused"], again["malformed"]) == (0, 0, 0)
    proof = run("verify", "--data", data, "--read-models", "--json")
    assert (proof["intact"], proof["differing"]) == (True, [])


def test_an_import_that_was_killed_is_run_again(tmp_path: Path, data: Path) -> None:
    file = generated(tmp_path, 6_000)
    for after in (500, 3_000):
        process = importing(file, data)
        try:
            _wait_until(data, after, process)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode == -signal.SIGKILL
    landed = sum(times_recorded(data).values())
    keys = keys_of(file)
    assert 3_000 <= landed < len(keys)
    report = json.loads(importing(file, data).communicate()[0])
    assert report["duplicates"] > 3_000 - 100
    assert report["accepted"] > 0
    times = times_recorded(data)
    assert set(times.values()) == {1}
    assert keys <= set(times)
    proof = run("verify", "--data", data, "--read-models", "--json")
    assert (proof["intact"], proof["differing"]) == (True, [])


def _wait_until(data: Path, size: int, process: "subprocess.Popen[bytes]") -> None:
    """Until the ledger log has so many events."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if (data / "admin-key").exists():
            with stored_logs(Settings(data=data)) as logs:
                while process.poll() is None and (logs["ledger-0"].max_notification_id() or 0) < size:
                    time.sleep(0.002)
                return
        time.sleep(0.01)
    raise AssertionError("the import does not begin")
