"""Ours: commands from bytes to durable events, and events to every read model."""

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.bare import Row
from benchmarks.measure import Figure, peak_mib, timed
from benchmarks.world import FOUNDATION, bookings
from domain.batch import Unit
from domain.outcomes import Submission
from domain.routing import log_of
from domain.schema import decode_command
from infra.everbook import ADMIN, Everbook
from infra.logs import submission_of
from infra.settings import Settings

AT_ONCE = 1_000
LOOK_SECONDS = 0.05
LEDGER = "ledger-0"


@dataclass
class Appended:
    """What was appended, and how fast."""

    data: Path
    per_second: float
    memory_mib: float
    events: int
    rows: list[Row] = field(default_factory=list)


def book(data: Path, count: int) -> Appended:
    """Decoded, validated, decided, appended with receipts and tree: a thousand commands a commit."""
    with Everbook(Settings(data=data)) as ledger:
        for command in FOUNDATION:
            ledger.logs.commit(log_of(command, 1), [Unit((submission_of(command),))])
        lines = list(bookings(count))
        statuses: Counter[str] = Counter()
        memory = 0.0
        with timed() as watch:
            for at in range(0, count, AT_ONCE):
                unit = Unit(tuple(Submission(*decode_command(line), ADMIN) for line in lines[at : at + AT_ONCE]))
                statuses.update(outcome.status for outcome in ledger.logs.commit(LEDGER, [unit]))
                memory = memory or (peak_mib() if at >= count // 2 else 0.0)
        assert statuses == {"accepted": count}, statuses
        stored = ledger.recorder(LEDGER).select_notifications(1, count + 1)
        rows = [(each.id, str(each.originator_id), each.originator_version, each.topic, each.state) for each in stored]
    return Appended(data, count / watch.seconds, peak_mib() - memory, len(rows), rows)


def project(appended: Appended) -> list[Figure]:
    """Every read model, in a second process as ``serve`` runs it."""
    with Everbook(Settings(data=appended.data)) as ledger:
        command = [sys.executable, "-m", "api", "work", "--data", str(appended.data), "--parent", str(os.getpid())]
        with timed() as watch:
            worker = subprocess.Popen(command)
            while ledger.read_models.reflected("alerts", LEDGER) < appended.events:
                time.sleep(LOOK_SECONDS)
        worker.terminate()
        worker.wait()
        models = ("trades", "movements", "journal", "positions", "cash", "exposure", "audit", "alerts",
                  "counterparties", "activity", "breaches", "reference")
        documents = sum(len(ledger.read_models.select(model, limit=-1)) for model in models)
    per_second = appended.events / watch.seconds
    return [
        Figure("every read model on, start of the process included", per_second, "events/s",
               f"{per_second / appended.per_second:.2f} x appending"),
        Figure("documents kept by it", documents / watch.seconds, "documents/s"),
    ]
