"""What a benchmark says."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    value: float
    unit: str
    against: str = ""

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Stopwatch:
    """``seconds`` once the block is done."""

    seconds: float = field(default=0.0)


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Times a block."""
    watch, started = Stopwatch(), time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - started


def resident_mib() -> float:
    """The memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
