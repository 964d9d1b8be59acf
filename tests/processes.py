"""Python processes of their own, for what threads would not show: other memory, other connections, sudden ends."""

import subprocess
import sys
import textwrap
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
