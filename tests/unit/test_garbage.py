"""What is held is not looked at with every collection; what became garbage is collected all the same."""

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli.garbage import Survivors

ROOT = Path(__file__).parents[2]
told = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="it tells of no full collections where it collects bit by bit"
)
HOLDS = """
    import gc, time
    from api.cli.garbage import Survivors

    Survivors().keep()
    held = []
    until = time.monotonic() + 30
    while not gc.get_freeze_count() and time.monotonic() < until:
        held.append([])
        if len(held) > 3_000_000:
            held.clear()
    print(gc.get_freeze_count() > 0)
"""
SIGNALLED = """
    import gc, signal, time
    from api.cli import garbage

    garbage.LOOK_SECONDS = 0.01
    garbage.Survivors().keep()
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    swallowed, held = 0, []
    for _ in range(50):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            until = time.monotonic() + 1
            while time.monotonic() < until:
                held.append([[] for _ in range(100)])
                if len(held) > 5_000:
                    held.clear()
            swallowed += 1
        except KeyboardInterrupt:
            pass
    print(swallowed, gc.get_freeze_count() > 0)
"""


class Held:
    """Something that may hold itself."""

    itself: Any = None


@pytest.fixture(autouse=True)
def only_when_told() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def ring() -> Held:
    held = Held()
    held.itself = held
    return held


def printed(script: str) -> str:
    lines = "\n".join(line[4:] for line in script.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", lines], check=True, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_what_outlives_a_full_collection_is_not_looked_at_again() -> None:
    survivors = Survivors()
    held = [Held() for _ in range(1_000)]
    survivors.look()
    gc.collect(1)
    survivors.look()
    assert gc.get_freeze_count() == 0
    gc.collect()
    survivors.look()
    assert gc.get_freeze_count() >= len(held)
    assert len(gc.get_objects()) < len(held)


def test_what_became_garbage_later_is_collected_once_everything_is_looked_at() -> None:
    survivors = Survivors(until_all=3)
    held = ring()
    gone = weakref.ref(held)
    gc.collect()
    survivors.look()
    del held
    gc.collect()
    survivors.look()
    assert gone() is not None
    gc.collect()
    survivors.look()
    assert gone() is None
    assert gc.get_freeze_count() > 0


@told
def test_a_process_that_holds_much_sets_it_aside() -> None:
    assert printed(HOLDS) == "True"


@told
def test_what_a_signal_raises_is_not_swallowed() -> None:
    assert printed(SIGNALLED) == "0 True"
