"""Python processes of their own, for what threads would not show: other memory, other connections, sudden ends."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST_SECONDS = 120


class Process:
    """Runs a script; ``ready`` and ``go`` let several begin together."""

    def __init__(self, script: str, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def await_ready(self) -> None:
        assert self._stdout.readline() == "ready\n"

    def go(self) -> None:
        self._stdin.write("go\n")
        self._stdin.flush()

    def said(self) -> str:
        """What it printed to its end."""
        said, _ = self._process.communicate(timeout=LONGEST_SECONDS)
        assert self._process.returncode == 0
        return said

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


READY = """
def together():
    print("ready", flush=True)
    input()
"""


@contextmanager
def together(scripts: Sequence[tuple[str, Sequence[object]]]) -> Iterator[list[Process]]:
    """Processes that begin at one moment; ended, whatever happens. Their scripts may call ``together()``."""
    processes: list[Process] = []
    try:
        for script, arguments in scripts:
            processes.append(Process(READY + textwrap.dedent(script), *arguments))
        for process in processes:
            process.await_ready()
        for process in processes:
            process.go()
        yield processes
    finally:
        for process in processes:
            process.end()


def stop_outside_a_write(pid: int, database: Path) -> None:
    """Stops a process at any moment but those when it holds SQLite's write lock, which it would keep."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        while not is_stopped(pid):
            time.sleep(0.01)
        with contextlib.closing(sqlite3.connect(database, timeout=0)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.rollback()
                return
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
        time.sleep(0.005)


def is_stopped(pid: int) -> bool:
    """Whether the kernel has stopped a process."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
