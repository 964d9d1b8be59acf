"""The logs of servers, their end and what is added to them."""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

LOOK_AGAIN_SECONDS = 0.2


def log_lines(logs: Mapping[str, Path], last: int, *, follow: bool) -> Iterator[tuple[str, str]]:
    """The last lines of each log by its server's name; then, for ever, every line that is added."""
    with ExitStack() as files:
        opened = {
            name: files.enter_context(path.open(errors="replace")) for name, path in logs.items() if path.exists()
        }
        for name, file in opened.items():
            yield from ((name, line.rstrip("\n")) for line in deque(file, last))
        while follow:
            added = False
            for name, file in opened.items():
                for line in _added(file):
                    added = True
                    yield name, line
            if not added:
                time.sleep(LOOK_AGAIN_SECONDS)


def _added(file: TextIO) -> Iterator[str]:
    """Whole lines only: a half one waits for its other half."""
    while True:
        before = file.tell()
        line = file.readline()
        if not line.endswith("\n"):
            file.seek(before)
            return
        yield line.rstrip("\n")
