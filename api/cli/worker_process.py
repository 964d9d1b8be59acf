"""Processes that work for this one: started again when they die, and ended with the one that started them."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from api.cli.console import warn
from infra.settings import Settings
from projections.projection import families_of
from projections.registry import PROJECTIONS

STOP_SECONDS = 10
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
WELL_SECONDS = 60
NAMES = {"projections": "read models", "ledger": "ledger"}
HALF = families_of(PROJECTIONS, ("positions",))
"""What is folded together with positions is as much work as everything else."""


@contextmanager
def read_model_workers(
    settings: Settings, models: Sequence[str] = (), *, processors: int | None = None
) -> Iterator[None]:
    """Keeps the families of ``models`` up, all when none are named: by two processes that share them, where there are
    ``processors`` for two.
    """
    with ExitStack() as stack:
        for share in shares(models, processors=processors or os.cpu_count() or 1):
            stack.enter_context(worker_process(settings, only=share))
        yield


def shares(models: Sequence[str], *, processors: int) -> list[tuple[str, ...]]:
    """Which models each process keeps up; nothing stands for all of them."""
    chosen = families_of(PROJECTIONS, models)
    halves = [[each.name for each in chosen if (each in HALF) is heavy] for heavy in (True, False)]
    if processors > 1 and all(halves):
        return [tuple(half) for half in halves]
    return [tuple(each.name for each in chosen) if models else ()]


@contextmanager
def worker_process(settings: Settings, work: str = "projections", *, only: Sequence[str] = ()) -> Iterator[None]:
    """A worker in a process of its own, which ends with this one, however that ends."""
    arguments = ["work", work, "--data", str(settings.data), "--parent", str(os.getpid())]
    arguments += [part for model in only for part in ("--only", model)]
    watched = Watched([sys.executable, "-m", "api", *arguments], NAMES[work])
    try:
        yield
    finally:
        watched.stop()


class Watched:
    """A process that is started again when it ends: after a short pause at first, then after ever longer pauses."""

    def __init__(self, command: Sequence[str], name: str = "read models") -> None:
        self._command = command
        self._name = name
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._child = self._start()
        self._thread = threading.Thread(target=self._watch, name="worker-process", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the process for good."""
        with self._starting:
            self._stopping.set()
            self._child.terminate()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            self._child.kill()
            self._thread.join()

    def _watch(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            code = self._child.wait()
            if time.monotonic() - began > WELL_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            if self._stopping.is_set():
                return
            warn(self._name, f"the process ended ({code}); it is started again in {pause:g} s")
            self._stopping.wait(pause)
            with self._starting:
                if self._stopping.is_set():
                    return
                self._child = self._start()
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _start(self) -> "subprocess.Popen[bytes]":
        # In a group of its own: what is typed to end this process is for this one alone, which then ends that one.
        return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, process_group=0)
