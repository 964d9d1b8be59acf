"""Ours: commands from bytes to durable events, and events to every read model."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.cli.opening import fold_and_write_in_turn
from api.cli.posting import post, submission
from benchmarks.measure import Figure, resident_mib, timed
from benchmarks.world import FOUNDATION, bookings
from domain.outcomes import Submission
from domain.routing import REFERENCE
from domain.schema import decode_command
from infra.everbook import ADMIN, Everbook
from infra.settings import Settings
from projections.registry import PROJECTIONS

LOOK_SECONDS = 0.05
LEDGER = "ledger-0"
LAST = PROJECTIONS[-1].name


@dataclass
class Appended:
    """What was appended, and how fast; ``memory_mib`` is what the second half of the trades added to the process."""

    data: Path
    per_second: float
    memory_mib: float
    events: int


def book(data: Path, count: int) -> Appended:
    """Decoded, validated, decided, appended with receipts and tree, as ``import`` and the bulk route do it."""
    lines = list(bookings(count))
    measured: list[float] = []
    done = 0

    def on_progress(landed: int) -> None:
        nonlocal done
        if done < count // 2 <= done + landed:
            measured.append(resident_mib())
        done += landed

    with Everbook(Settings(data=data)) as ledger:
        ledger.start()
        post(ledger, [submission(command, ADMIN) for command in FOUNDATION], lambda _count: None)
        with timed() as watch:
            posted = post(ledger, (Submission(*decode_command(line), ADMIN) for line in lines), on_progress)
        measured.append(resident_mib())
        assert posted.accepted == count, posted
        events = ledger.recorder(LEDGER).max_notification_id() or 0
    return Appended(data, count / watch.seconds, measured[1] - measured[0], events)


def project(appended: Appended) -> list[Figure]:
    """Every read model, in a second process as ``serve`` runs it, from the moment that it stands at the log's start."""
    with Everbook(Settings(data=appended.data)) as ledger:
        options = ["work", "projections", "--data", str(appended.data), "--parent", str(os.getpid())]
        worker = subprocess.Popen([sys.executable, "-m", "api", *options])
        _wait(worker, lambda: ledger.read_models.reflected(LAST, REFERENCE) > 0)
        with timed() as watch:
            _wait(worker, lambda: ledger.read_models.reflected(LAST, LEDGER) >= appended.events)
        worker.terminate()
        worker.wait()
        kept = sum(len(ledger.read_models.select(each.name, limit=-1)) for each in PROJECTIONS)
    per_second = appended.events / watch.seconds
    return [
        Figure("every read model on, one process", per_second, "events/s",
               f"{per_second / appended.per_second:.2f} x appending"),
        Figure("documents that it leaves", kept / watch.seconds, "documents/s", f"{kept:,} documents"),
    ]


def folded(appended: Appended) -> Figure:
    """How many documents the same work writes, a document once for each batch that changes it."""
    with Everbook(Settings(data=appended.data, read_database_url=f"sqlite:///{appended.data / 'again.db'}")) as ledger:
        worker = ledger.worker()
        fold_and_write_in_turn()
        with timed() as watch:
            worker.catch_up()
        worker.stop()
    return Figure("documents that a rebuild writes", worker.documents / watch.seconds, "documents/s",
                  f"{worker.documents:,} documents, {worker.events / watch.seconds:,.0f} events/s")


def _wait(worker: "subprocess.Popen[bytes]", until: Callable[[], bool]) -> None:
    while not until():
        assert worker.poll() is None, "the worker ended"
        time.sleep(LOOK_SECONDS)
