"""A million events from their bytes into positions, on one core."""

from collections.abc import Sequence

from eventsourcing.persistence import Notification

from benchmarks.measure import Figure, timed
from benchmarks.world import FOUNDATION, bookings
from domain.batch import Unit
from domain.outcomes import SYSTEM, Submission
from domain.ports import LogRecorder
from domain.routing import log_of
from domain.schema import decode_command, recorded
from infra.logs import CommandedLogs, submission_of
from infra.memory.recorder import MemoryRecorder
from projections.fold import Fold, Store
from projections.positions import Positions

AT_ONCE = 2_000
DISTINCT = 50_000
LEDGER = "ledger-0"


def positions(count: int) -> list[Figure]:
    """Decoded and folded: distinct events, read again and again until there were enough."""
    stored = _events(min(DISTINCT, count))
    done = 0
    with timed() as watch:
        while done < count:
            fold = Fold([Positions()], Store(lambda _wanted: {}, lambda _model, _prefix: []))
            for at in range(0, len(stored), AT_ONCE):
                page = stored[at : at + AT_ONCE]
                fold.run([recorded(LEDGER, each.id, each) for each in page])
                done += len(page)
    return [Figure("replay into positions, one core", done / watch.seconds, "events/s")]


def _events(count: int) -> Sequence[Notification]:
    kept: dict[str, LogRecorder] = {}
    logs = CommandedLogs(lambda log: kept.setdefault(log, MemoryRecorder()))
    for command in FOUNDATION:
        logs.commit(log_of(command, 1), [Unit((submission_of(command),))])
    lines = list(bookings(count))
    for at in range(0, count, AT_ONCE):
        unit = Unit(tuple(Submission(*decode_command(line), SYSTEM.key_id) for line in lines[at : at + AT_ONCE]))
        logs.commit(LEDGER, [unit])
    return kept[LEDGER].select_notifications(2, count)


