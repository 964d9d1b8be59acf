"""Parked documents on mended code: as a rebuild would have them, whatever went on meanwhile."""

from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import pytest

from domain.events import TradeBooked, TradeEvent
from domain.schema import Recorded
from infra.logs import CommandedLogs
from infra.projection_worker import ProjectionWorker
from infra.rebuild import compare
from infra.retry import StillMoving, dead_letters, retry
from infra.sql.read_models import SqlReadModels
from projections.fold import DeadLetter, Parked
from projections.journal import Journal, JournalEntry
from projections.ports import ReadModelsMoved
from projections.positions import Positions
from projections.projection import Document, Projection, View
from projections.registry import PROJECTIONS
from tests.feeds import busy, busy_in_memory, differing

SAN, OTHER = "EQ-1/SAN", "EQ-4/SAN"


class Broken:
    """Raises for trades of some names; ``error`` is what it says."""

    poison: tuple[str, ...] = ("T4", "T5")
    error = "poison"

    def check(self, event: Recorded) -> None:
        if isinstance(event.event, TradeEvent) and event.event.trade_id in self.poison:
            raise ZeroDivisionError(self.error)


class BrokenPositions(Positions, Broken):
    def project(self, key: str, document: Any | None, event: Recorded, view: View) -> Any | None:
        self.check(event)
        return super().project(key, document, event, view)


class BrokenJournal(Journal, Broken):
    def project(self, key: str, document: Any | None, event: Recorded, view: View) -> JournalEntry | None:
        self.check(event)
        return super().project(key, document, event, view)


class Interrupted(SqlReadModels):
    """Lets something else happen right before it writes or mends, once."""

    before_write: Any = None
    before_mend: Any = None

    def write(
        self, log: str, documents: Mapping[str, Mapping[str, Document]], *, expected: int, reflected: int,
        models: Sequence[str], leaf: bytes = b"", parked: Set[Parked] | None = None,
    ) -> None:
        happens, self.before_write = self.before_write, None
        if happens:
            happens()
        super().write(
            log, documents, expected=expected, reflected=reflected, models=models, leaf=leaf, parked=parked
        )

    def mend(
        self, documents: Mapping[Parked, Document | None], letters: Sequence[DeadLetter], *, at: int,
        models: Sequence[str],
    ) -> None:
        happens, self.before_mend = self.before_mend, None
        if happens:
            happens()
        super().mend(documents, letters, at=at, models=models)


def instead(*changed: Projection) -> tuple[Projection, ...]:
    by_name = {each.name: each for each in changed}
    return tuple(by_name.get(each.name, each) for each in PROJECTIONS)


@pytest.fixture
def logs() -> CommandedLogs:
    return busy_in_memory()


@pytest.fixture
def store(tmp_path: Path, logs: CommandedLogs) -> Iterator[Interrupted]:
    opened = Interrupted.open(f"sqlite:///{tmp_path / 'read-models.db'}", PROJECTIONS, logs.ledger_id)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def parked(logs: CommandedLogs, store: Interrupted) -> Interrupted:
    """A store with one poisoned position in each book, and the journal entries that need them."""
    ProjectionWorker(logs.recorders, store, instead(BrokenPositions())).catch_up()
    assert {each.key for each in dead_letters(store, "positions")} == {SAN, OTHER}
    assert dead_letters(store, "journal")
    return store


def assert_as_rebuilt(logs: CommandedLogs, store: SqlReadModels) -> None:
    assert dead_letters(store) == []
    assert differing(compare(logs.recorders, store, PROJECTIONS)) == []


def test_what_was_parked_is_as_a_rebuild_would_have_it(logs: CommandedLogs, parked: Interrupted) -> None:
    waited = len(dead_letters(parked))
    done = retry(logs.recorders, parked, PROJECTIONS)
    assert {each.error for each in done} == {""}
    assert sum(each.events for each in done) == waited
    assert_as_rebuilt(logs, parked)


def test_one_document_is_mended_with_what_needed_it_and_no_other(logs: CommandedLogs, parked: Interrupted) -> None:
    done = retry(logs.recorders, parked, PROJECTIONS, model="positions", key=SAN)
    assert {each.model for each in done} == {"positions", "journal", "cash"}
    assert {each.key.partition("/")[0] for each in done} == {"EQ-1"}
    found = parked.get_many("positions", [SAN, OTHER])
    assert (found[SAN].stale, found[OTHER].stale) == (False, True)
    assert {each.key.partition("/")[0] for each in dead_letters(parked)} == {"EQ-4"}
    retry(logs.recorders, parked, PROJECTIONS, model="positions")
    assert_as_rebuilt(logs, parked)


def test_what_fails_again_stays_parked_with_the_new_error(logs: CommandedLogs, parked: Interrupted) -> None:
    waited = [each.id for each in dead_letters(parked)]
    worse = BrokenPositions()
    worse.error = "still poison"
    done = retry(logs.recorders, parked, instead(worse), model="positions")
    assert {each.error for each in done if each.model == "positions"} == {"ZeroDivisionError: still poison"}
    assert [each.id for each in dead_letters(parked)] == waited
    assert dead_letters(parked, "positions")[0].error == "ZeroDivisionError: still poison"
    assert parked.get_many("positions", [SAN])[SAN].stale
    retry(logs.recorders, parked, PROJECTIONS)
    assert_as_rebuilt(logs, parked)


def test_an_entry_is_posted_by_its_position_as_it_was_then(logs: CommandedLogs, store: Interrupted) -> None:
    ProjectionWorker(logs.recorders, store, instead(BrokenJournal())).catch_up()
    assert {each.model for each in dead_letters(store)} == {"journal"}
    retry(logs.recorders, store, PROJECTIONS, model="journal")
    assert_as_rebuilt(logs, store)


def test_a_document_that_never_began_begins_or_is_gone(logs: CommandedLogs, store: Interrupted) -> None:
    first = BrokenPositions()
    first.poison = ("T0", "T1")
    ProjectionWorker(logs.recorders, store, instead(first)).catch_up()
    key = next(each for each in dead_letters(store, "positions") if each.key == SAN).key
    retry(logs.recorders, store, instead(Ignoring()), model="positions", key=key)
    assert store.get_many("positions", [key]) == {}
    assert not [each for each in dead_letters(store, "positions") if each.key == key]


class Ignoring(Positions):
    """Knows of no position."""

    def project(self, key: str, document: Any | None, event: Recorded, view: View) -> Any | None:  # noqa: ARG002
        return None


def test_a_worker_that_knew_of_the_parked_notices_that_they_are_mended(
    logs: CommandedLogs, store: Interrupted
) -> None:
    broken = BrokenPositions()
    worker = ProjectionWorker(logs.recorders, store, instead(broken))
    worker.catch_up()
    broken.poison = ()
    retry(logs.recorders, store, PROJECTIONS)
    busy(logs, 100, 10)
    worker.catch_up()
    assert_as_rebuilt(logs, store)


def test_what_a_worker_writes_meanwhile_is_derived_too(logs: CommandedLogs, parked: Interrupted) -> None:
    worker = ProjectionWorker(logs.recorders, parked, PROJECTIONS)
    busy(logs, 100, 10)
    parked.before_mend = worker.catch_up
    retry(logs.recorders, parked, PROJECTIONS)
    assert_as_rebuilt(logs, parked)


def test_what_a_worker_has_folded_but_not_written_does_not_undo_it(logs: CommandedLogs, parked: Interrupted) -> None:
    worker = ProjectionWorker(logs.recorders, parked, PROJECTIONS, 3)
    busy(logs, 100, 10)
    parked.before_write = lambda: retry(logs.recorders, parked, PROJECTIONS)
    worker.catch_up()
    assert_as_rebuilt(logs, parked)


def test_read_models_that_never_stand_still_are_left_as_they_are(logs: CommandedLogs, parked: Interrupted) -> None:
    before = dead_letters(parked)

    def move() -> None:
        parked.before_mend = move
        raise ReadModelsMoved

    parked.before_mend = move
    with pytest.raises(StillMoving):
        retry(logs.recorders, parked, PROJECTIONS)
    assert dead_letters(parked) == before


def test_what_reads_another_book_is_not_derived_from_its_own_alone(logs: CommandedLogs, store: Interrupted) -> None:
    class Peeking(Positions):
        def project(self, key: str, document: Any | None, event: Recorded, view: View) -> Any | None:
            if key == SAN and isinstance(event.event, TradeBooked):
                view.get("positions", OTHER)
            return super().project(key, document, event, view)

    worker = ProjectionWorker(logs.recorders, store, instead(BrokenPositions()))
    worker.catch_up()
    (done,) = [
        each for each in retry(logs.recorders, store, instead(Peeking()), model="positions", key=SAN)
        if each.model == "positions"
    ]
    assert done.error == f"OutsideScope: positions {OTHER} is of another book"


def test_a_parked_document_is_the_same_whether_one_worker_parked_it_or_several(
    logs: CommandedLogs, store: Interrupted
) -> None:
    broken = instead(BrokenPositions())
    ProjectionWorker(logs.recorders, store, broken).catch_up()
    busy(logs, 100, 10)
    ProjectionWorker(logs.recorders, store, broken).catch_up()
    assert differing(compare(logs.recorders, store, broken)) == []
