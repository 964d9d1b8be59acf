"""Three hundred commands a second, one by one: how long until each is acknowledged, and until a position shows it."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

from benchmarks.measure import Figure
from domain.outcomes import Outcome, Submission
from infra.cluster_everbook import ClusterEverbook
from infra.reflected import wait_until_reflected

PER_SECOND = 300
LOG, MODEL = "ledger-0", "positions"
LOOK_SECONDS = 0.05
LONGEST_SECONDS = 60.0
WARM_UP = 2


def figures(opened: ClusterEverbook, load: Iterator[Submission], seconds: float) -> list[Figure]:
    """By the gate of one process, as its HTTP routes use it; nothing else waits when it begins. Servers compile this
    way of working first, for so long as is then measured, twice.
    """
    assert wait_until_reflected(opened.read_models, [MODEL], opened.vector(), LONGEST_SECONDS)
    begun, measured = _paced(opened, load, WARM_UP * seconds), _paced(opened, load, seconds)
    names = f"{PER_SECOND} commands/s, acknowledged, median", "  shown in the position, median"
    return [
        Figure(name, _share(found, 0.5), "ms", f"p99 {_share(found, 0.99):,.0f} ms for {seconds:,.0f} s; in the "
               f"{WARM_UP * seconds:,.0f} s before {_share(first, 0.5):,.0f}, p99 {_share(first, 0.99):,.0f} ms")
        for name, found, first in zip(names, measured, begun, strict=True)
    ]


def _paced(
    opened: ClusterEverbook, load: Iterator[Submission], seconds: float
) -> tuple[Sequence[float], Sequence[float]]:
    """How long it took until each command was acknowledged, and shown."""
    acknowledged: list[float] = []
    shown: list[float] = []
    waiting: deque[tuple[int, float]] = deque()
    count = int(seconds * PER_SECOND)
    watching = threading.Thread(target=_watch, args=(opened, waiting, shown, count))
    watching.start()
    begun = time.perf_counter()
    for number in range(count):
        due = begun + number / PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        _post(opened, next(load), due, acknowledged, waiting)
    watching.join()
    assert len(acknowledged) == len(shown) == count, f"{len(acknowledged)} acknowledged, {len(shown)} shown of {count}"
    return acknowledged, shown


def _post(
    opened: ClusterEverbook, submission: Submission, due: float, acknowledged: list[float],
    waiting: deque[tuple[int, float]],
) -> None:
    """Time runs from when it was due, not from when this process came to send it."""

    def done(promise: "Future[Sequence[Outcome]]") -> None:
        (outcome,) = promise.result()
        acknowledged.append(time.perf_counter() - due)
        waiting.append((outcome.sequence, due))

    opened.gate.submit([submission]).add_done_callback(done)


def _watch(opened: ClusterEverbook, waiting: deque[tuple[int, float]], shown: list[float], count: int) -> None:
    """Times are as this sees them: a look late at most."""
    deadline = time.monotonic() + LONGEST_SECONDS + count / PER_SECOND
    while len(shown) < count and time.monotonic() < deadline:
        reflected, now = opened.read_models.reflected(MODEL, LOG), time.perf_counter()
        while waiting and waiting[0][0] <= reflected:
            shown.append(now - waiting.popleft()[1])
        time.sleep(LOOK_SECONDS)


def _share(seconds: Sequence[float], part: float) -> float:
    return sorted(seconds)[min(int(len(seconds) * part), len(seconds) - 1)] * 1000
