"""What a projection worker holds itself to, whatever brings its events."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from domain.events import TradeAffirmed
from domain.ports import LogRecorder, NewEvent
from domain.schema import Recorded
from infra.event_source import EventSource
from infra.logs import CommandedLogs
from infra.memory.recorder import MemoryRecorder
from infra.projection_worker import ProjectionWorker
from infra.rebuild import compare
from infra.reflected import ReadModelsAhead, wait_until_reflected
from infra.retry import dead_letters, retry
from infra.sql.read_models import SqlReadModels
from projections.exposure import Exposure, Exposures
from projections.fold import Parked, ProjectionStopped
from projections.projection import Document, Projection, View
from projections.registry import PROJECTIONS
from tests.feeds import MODELS, busy, busy_in_memory, differing, tails

LONGEST_SECONDS = 30.0


class Poisoned(Exposures):
    """Exposures that cannot take an affirmation, nor place a trade, when it is told so."""

    poison = True
    unplaceable = ""

    def keys(self, event: Recorded) -> Sequence[str]:
        if self.unplaceable and event.log == self.unplaceable:
            raise ZeroDivisionError("no key")
        if self.poison and isinstance(event.event, TradeAffirmed):
            return (f"{event.event.terms.book}/ACME/SAN",)
        return super().keys(event)

    def project(self, key: str, document: Exposure | None, event: Recorded, view: View) -> Exposure | None:
        if isinstance(event.event, TradeAffirmed):
            raise ZeroDivisionError("poison")
        return super().project(key, document, event, view)


class SlowReadModels(SqlReadModels):
    """Takes its time over every write."""

    seconds = 0.0

    def write(
        self, log: str, documents: Mapping[str, Mapping[str, Document]], *, expected: int, reflected: int,
        models: Sequence[str], leaf: bytes = b"", parked: Set[Parked] | None = None,
    ) -> None:
        time.sleep(self.seconds)
        super().write(
            log, documents, expected=expected, reflected=reflected, models=models, leaf=leaf, parked=parked
        )


class EventSourceContract(ABC):
    """``publish`` brings what the logs hold to the source, well or badly; by default it brings it well."""

    @abstractmethod
    def source(self, recorders: Mapping[str, Any] | None = None, group: str = "workers") -> EventSource: ...

    @abstractmethod
    def publish(self) -> None: ...

    @pytest.fixture
    def logs(self) -> CommandedLogs:
        return busy_in_memory()

    @pytest.fixture
    def store(self, tmp_path: Path, logs: CommandedLogs) -> Iterator[SlowReadModels]:
        opened = SlowReadModels.open(f"sqlite:///{tmp_path / 'read-models.db'}", PROJECTIONS, logs.ledger_id)
        yield opened
        opened.engine.dispose()

    @contextmanager
    def working(
        self, logs: CommandedLogs, store: SqlReadModels, projections: Sequence[Projection] = PROJECTIONS,
        group: str = "workers", **changed: Any,
    ) -> Iterator[ProjectionWorker]:
        recorders = {**logs.recorders, **changed.pop("recorders", {})}
        worker = ProjectionWorker(recorders, store, projections, 7, source=self.source(recorders, group))
        worker.start()
        try:
            yield worker
        finally:
            worker.stop()

    def test_everything_is_reflected_and_goes_on(self, logs: CommandedLogs, store: SlowReadModels) -> None:
        self.publish()
        with self.working(logs, store):
            reflect(logs, store)
            busy(logs, 100, 10)
            self.publish()
            reflect(logs, store)
        assert_rebuilt_equal(logs, store)

    def test_what_nothing_brings_is_found_in_the_log(self, logs: CommandedLogs, store: SlowReadModels) -> None:
        self.publish()
        with self.working(logs, store):
            reflect(logs, store)
            busy(logs, 100, 10)
            reflect(logs, store)
        assert_rebuilt_equal(logs, store)

    def test_a_slow_store_delays_and_loses_nothing(self, logs: CommandedLogs, store: SlowReadModels) -> None:
        store.seconds = 0.15
        self.publish()
        with self.working(logs, store):
            busy(logs, 100, 10)
            self.publish()
            reflect(logs, store)
        assert_rebuilt_equal(logs, store)

    def test_workers_come_and_go_and_nothing_is_lost_or_doubled(
        self, logs: CommandedLogs, store: SlowReadModels
    ) -> None:
        store.seconds = 0.03
        self.publish()
        with self.working(logs, store) as first:
            until(lambda: first.events > 20)
            with self.working(logs, store) as second:
                busy(logs, 100, 15)
                self.publish()
                until(lambda: self.shared(logs, first, second))
                busy(logs, 200, 15)
                self.publish()
                reflect(logs, store)
            busy(logs, 300, 5)
            self.publish()
            reflect(logs, store)
        assert_rebuilt_equal(logs, store)

    def test_processes_of_different_models_share_them(self, logs: CommandedLogs, store: SlowReadModels) -> None:
        some = tuple(each for each in PROJECTIONS if each.name in {"counterparties", "exposure", "audit"})
        rest = tuple(each for each in PROJECTIONS if each not in some)
        self.publish()
        with self.working(logs, store, some, "some"), self.working(logs, store, rest, "rest"):
            reflect(logs, store)
        assert_rebuilt_equal(logs, store)

    def test_a_poison_event_parks_its_document_until_it_is_retried_on_mended_code(
        self, logs: CommandedLogs, store: SlowReadModels
    ) -> None:
        broken = tuple(Poisoned() if each.name == "exposure" else each for each in PROJECTIONS)
        self.publish()
        with self.working(logs, store, broken):
            reflect(logs, store)
            busy(logs, 100, 10)
            self.publish()
            reflect(logs, store)
        assert [each.stale for each in store.scan("exposure", "EQ-")] == [True, True]
        assert [each.error for each in dead_letters(store)][:1] == ["ZeroDivisionError: poison"]
        with self.working(logs, store):
            assert {each.error for each in retry(logs.recorders, store, PROJECTIONS)} == {""}
            busy(logs, 200, 5)
            self.publish()
            reflect(logs, store)
        assert dead_letters(store) == []
        assert_rebuilt_equal(logs, store)

    def test_one_log_that_goes_no_further_holds_up_no_other(self, logs: CommandedLogs, store: SlowReadModels) -> None:
        stopping = Poisoned()
        stopping.unplaceable = "ledger-0"
        self.publish()
        with self.working(logs, store, (stopping,)) as worker:
            ends = {log: last for log, last in tails(logs).items() if log != "ledger-0"}
            assert wait_until_reflected(store, ["exposure"], ends, LONGEST_SECONDS)
            until(lambda: worker.trouble.startswith(ProjectionStopped.__name__))
            assert "ledger-0:1 " in worker.trouble
        assert store.reflected("exposure", "ledger-0") == 0

    def test_a_log_that_was_cut_under_it_stops_the_worker(self, logs: CommandedLogs, store: SlowReadModels) -> None:
        self.publish()
        with self.working(logs, store):
            reflect(logs, store)
        with self.working(logs, store, recorders={"ledger-1": cut(logs.recorders["ledger-1"], 9)}) as worker:
            until(lambda: worker.trouble.startswith(ReadModelsAhead.__name__))

    @staticmethod
    def shared(_logs: CommandedLogs, first: ProjectionWorker, second: ProjectionWorker) -> bool:
        """Whether the logs are as they will be shared."""
        return bool(first.logs() and second.logs())


def reflect(logs: CommandedLogs, store: SqlReadModels, models: Sequence[str] = tuple(MODELS)) -> None:
    """Waits until everything recorded is reflected."""
    assert wait_until_reflected(store, models, tails(logs), LONGEST_SECONDS)


def assert_rebuilt_equal(logs: CommandedLogs, store: SqlReadModels) -> None:
    assert differing(compare(logs.recorders, store, PROJECTIONS)) == []


def cut(recorder: LogRecorder, last: int) -> LogRecorder:
    """A log that was restored from a backup of its first events."""
    shorter = MemoryRecorder()
    shorter.insert_events([
        NewEvent(str(each.originator_id), each.originator_version, each.topic, each.state)
        for each in recorder.select_notifications(1, last)
    ])
    return shorter


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
