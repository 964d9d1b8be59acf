"""Ours: commands from bytes to durable events, and events to every read model."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.cli.opening import fold_and_write_in_turn
from api.cli.posting import post, submission
from api.cli.worker_process import read_model_workers
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
    """Every read model, by the processes that ``serve`` has for it and by a single one, from the moment that they stand
    at the log's start; and then only those that the trades of a desk cannot do without.
    """
    seconds, kept = _projected(appended, Settings(data=appended.data), PROJECTIONS)
    fewer = families_of(PROJECTIONS, NAMED)
    seconds_of_fewer, _ = _projected(appended, _beside(appended, "fewer.db"), fewer)
    seconds_of_one, _ = _projected(appended, _beside(appended, "one.db"), PROJECTIONS, processors=1)
    return [
        _rate("every read model on, as serve does", appended, seconds),
        _rate(f"  {len(fewer)} of the {len(PROJECTIONS)}: {len(NAMED)} and their families", appended, seconds_of_fewer),
        _rate("  all of them in one process", appended, seconds_of_one),
        Figure("documents that it leaves", kept / seconds, "documents/s", f"{kept:,} documents"),
    ]


def _beside(appended: Appended, name: str) -> Settings:
    return Settings(data=appended.data, read_database_url=f"sqlite:///{appended.data / name}")


def _rate(name: str, appended: Appended, seconds: float) -> Figure:
    per_second = appended.events / seconds
    return Figure(name, per_second, "events/s", f"{per_second / appended.per_second:.2f} x appending")


def _projected(
    appended: Appended, settings: Settings, projections: Sequence[Projection], *, processors: int | None = None
) -> tuple[float, int]:
    """The seconds that workers took for all events, and how many documents they left."""
    names = [each.name for each in projections]
    with Everbook(settings) as ledger, _environment(EVERBOOK_READ_DATABASE_URL=settings.read_models_url):
        with read_model_workers(settings, names, processors=processors):
            _wait(ledger, names, REFERENCE, 1)
            with timed() as watch:
                _wait(ledger, names, LEDGER, appended.events)
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


def _wait(ledger: Everbook, models: Sequence[str], log: str, sequence: int) -> None:
    while any(ledger.read_models.reflected(model, log) < sequence for model in models):
        time.sleep(LOOK_SECONDS)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """What processes that are started meanwhile find set."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
