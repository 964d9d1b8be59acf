"""The server is killed again and again under load: what was acknowledged is there, once, and proves itself."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import msgspec

from domain.schema import business_content
from tests.rules import FOUNDATION, booking

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("EVERBOOK_TEST_KILLS", "50"))
LONGEST_START_SECONDS = 60
BATCH = 20


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Server:
    """``everbook serve`` in a process of its own, to be killed; ``settings`` are those of the environment."""

    def __init__(self, data: Path, **settings: str) -> None:
        self._data, self._port = data, free_port()
        self._environment = {**os.environ, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=30)

    def start(self) -> None:
        command = [sys.executable, "-m", "api", "serve", "--data", str(self._data), "--port", str(self._port)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + LONGEST_START_SECONDS
        while time.monotonic() < deadline:
            try:
                if self.client.get("/livez").status_code == httpx.codes.OK:
                    key = (self._data / "admin-key").read_text().strip()
                    self.client.headers["Authorization"] = f"Bearer {key}"
                    return
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError("the server does not start")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)
        self.client.close()


class Client:
    """Keeps a journal of what was acknowledged, on disk before it goes on; sends again what was not."""

    def __init__(self, server: Server, journal: Path) -> None:
        self._server = server
        self._journal = journal.open("a")
        self.next = 1
        self.open: dict[str, bytes] = {}
        self.acknowledged: dict[str, Any] = {}

    def run_until_killed(self) -> None:
        while True:
            while len(self.open) < BATCH:
                command = booking(f"T{self.next}", str(self.next % 90 + 1), "1")
                self.open[command.command_id] = business_content(command)
                self.next += 1
            try:
                answer = self._server.client.post("/v1/commands", content=b"\n".join(self.open.values()))
                results = [json.loads(line) for line in answer.text.splitlines()] if answer.is_success else []
            except httpx.TransportError:
                return
            self._acknowledge(results)

    def _acknowledge(self, results: list[dict[str, Any]]) -> None:
        for result in results:
            if result["status"] == "accepted":
                self._journal.write(json.dumps(result) + "\n")
                self.acknowledged[result["command_id"]] = result
                del self.open[result["command_id"]]
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def close(self) -> None:
        self._journal.close()


def test_nothing_acknowledged_is_lost_and_nothing_doubled_under_kill_9(tmp_path: Path) -> None:
    server, chance = Server(tmp_path / "data"), random.Random(11)
    client = Client(server, tmp_path / "journal")
    server.start()
    server.client.post("/v1/commands", content=b"\n".join(map(business_content, FOUNDATION))).raise_for_status()
    for _ in range(KILLS):
        _kill_after(server, client, chance.uniform(0.0, 0.25))
        server.start()
    events = _events(server)
    server.stop()
    client.close()
    by_command = {event["state"]["command_id"]: event["sequence"] for event in events}
    assert len(by_command) == len(events)
    for command_id, result in client.acknowledged.items():
        assert by_command[command_id] == result["sequence"]
    assert len(client.acknowledged) > KILLS
    proof = subprocess.run(
        [sys.executable, "-m", "api", "verify", "--data", str(tmp_path / "data"), "--read-models", "--json"], cwd=ROOT,
        capture_output=True, check=True,
    )
    assert msgspec.json.decode(proof.stdout)["intact"] is True


def _kill_after(server: Server, client: Client, seconds: float) -> None:
    timer = Timer(seconds, server.kill)
    timer.start()
    client.run_until_killed()
    timer.join()


def _events(server: Server) -> list[dict[str, Any]]:
    lines = server.client.get("/v1/events", params={"types": "trade.booked.v1"}).text.splitlines()
    return [json.loads(line) for line in lines]
