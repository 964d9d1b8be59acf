"""Ours: commands from bytes to durable events, and events to every read model."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
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
from projections.projection import Projection, families_of
from projections.registry import PROJECTIONS

LOOK_SECONDS = 0.05
LEDGER = "ledger-0"
NAMED = ("trades", "movements", "journal", "positions", "cash", "exposure", "audit", "alerts")


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
    """Every read model, in a second process as ``serve`` runs it, from the moment that it stands at the log's start;
    and then only those that the trades of a desk cannot do without.
    """
    seconds, kept = _projected(appended, Settings(data=appended.data), PROJECTIONS)
    fewer = families_of(PROJECTIONS, NAMED)
    again = Settings(data=appended.data, read_database_url=f"sqlite:///{appended.data / 'fewer.db'}")
    seconds_of_fewer, _ = _projected(appended, again, fewer)
    return [
        _rate("every read model on, one process", appended, seconds),
        _rate(f"  {len(fewer)} of the {len(PROJECTIONS)}: {len(NAMED)} and their families", appended, seconds_of_fewer),
        Figure("documents that it leaves", kept / seconds, "documents/s", f"{kept:,} documents"),
    ]


def _rate(name: str, appended: Appended, seconds: float) -> Figure:
    per_second = appended.events / seconds
    return Figure(name, per_second, "events/s", f"{per_second / appended.per_second:.2f} x appending")


def _projected(appended: Appended, settings: Settings, projections: Sequence[Projection]) -> tuple[float, int]:
    """The seconds that a worker took for all events, and how many documents it left."""
    options = ["work", "projections", "--data", str(appended.data), "--parent", str(os.getpid())]
    if len(projections) < len(PROJECTIONS):
        options += [part for each in projections for part in ("--only", each.name)]
    last = projections[-1].name
    with Everbook(settings) as ledger:
        worker = subprocess.Popen(
            [sys.executable, "-m", "api", *options],
            env={**os.environ, "EVERBOOK_READ_DATABASE_URL": settings.read_models_url},
        )
        _wait(worker, lambda: ledger.read_models.reflected(last, REFERENCE) > 0)
        with timed() as watch:
            _wait(worker, lambda: ledger.read_models.reflected(last, LEDGER) >= appended.events)
        worker.terminate()
        worker.wait()
        return watch.seconds, sum(len(ledger.read_models.select(each.name, limit=-1)) for each in projections)


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
