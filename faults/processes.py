"""Everbook's own processes: started, killed, stopped and started again; whichever ends by itself is noted."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
API, OWNER, WORKER = "api", "owner", "worker"
START_SECONDS = 3.0
END_SECONDS = 30.0


class Running:
    """A process in one of the roles; its output goes to the end of a file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self.log = log
        self._from = 0
        self.started = 0.0
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as file:
            self._from = file.tell()
            self.started = time.monotonic()
            return subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )

    def again(self) -> None:
        assert self.process.poll() is not None
        self.process = self._start()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def said(self) -> str:
        """What it said since it was started."""
        with self.log.open("rb") as file:
            file.seek(self._from)
            return file.read().decode(errors="replace")

    def owns(self) -> int:
        """Of how many logs an owner said last that it decides."""
        lines = [line for line in self.said().splitlines() if line.startswith("decides for ")]
        return 0 if not lines or lines[-1].endswith("no log") else lines[-1].count(",") + 1


class Ended(msgspec.Struct, frozen=True):
    """A process that ended although nobody ended it."""

    name: str
    code: int
    said: str


class Processes:
    """By name; ``tend`` starts again what ended by itself."""

    def __init__(self, environments: Mapping[str, Mapping[str, str]], ports: Sequence[int], folder: Path) -> None:
        self._environments = environments
        self._ports = ports
        self._folder = folder
        self.by_name: dict[str, Running] = {}
        self.ended: list[Ended] = []
        self._down = False

    def start(self, role: str, count: int) -> None:
        for number in range(len(self.of(role)), count):
            name = f"{role}-{number}"
            environment = {**os.environ, **self._environments[role]}
            self.by_name[name] = Running(name, self._command(role, number), environment, self._folder / f"{name}.log")

    def of(self, role: str) -> list[Running]:
        return [each for name, each in self.by_name.items() if name.startswith(role)]

    def victim(self, role: str, chance: random.Random) -> Running | None:
        """One of a role that is at work; None as long as none is."""
        found = [
            each for each in self.of(role)
            if each.process.poll() is None and time.monotonic() - each.started > START_SECONDS
            and (role != OWNER or each.owns())
        ]
        return chance.choice(found) if found else None

    def tend(self) -> None:
        """Notes what ended, and starts it again."""
        for each in () if self._down else tuple(self.by_name.values()):
            code = each.process.poll()
            if code is not None:
                self.ended.append(Ended(each.name, code, "\n".join(each.said().splitlines()[-5:])))
                each.again()

    def kill_all(self) -> None:
        """Kills every one, until ``start_all``."""
        self._down = True
        for each in self.by_name.values():
            each.process.kill()
        for each in self.by_name.values():
            each.process.wait()

    def start_all(self) -> None:
        for each in self.by_name.values():
            each.again()
        self._down = False

    def end(self) -> None:
        """Asks all to end, and kills what does not."""
        for each in self.by_name.values():
            if each.process.poll() is None:
                each.process.send_signal(signal.SIGCONT)
                each.process.terminate()
        deadline = time.monotonic() + END_SECONDS
        for each in self.by_name.values():
            try:
                each.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                each.kill()

    def _command(self, role: str, number: int) -> list[str]:
        arguments = {
            API: ["serve", "--port", str(self._ports[number % len(self._ports)])], OWNER: ["work", "ledger"],
            WORKER: ["work", "projections"],
        }
        return [sys.executable, "-m", "api", *arguments[role]]
