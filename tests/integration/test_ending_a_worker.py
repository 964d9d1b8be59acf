"""A worker that is to end does so within seconds, whatever it is at; what it gave up comes again."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.schema import Recorded
from infra.logs import CommandedLogs
from infra.projection_worker import LET_GO_SECONDS, ProjectionWorker
from infra.sql.read_models import SqlReadModels
from projections.positions import Positions
from projections.projection import View
from projections.registry import PROJECTIONS
from tests.decided import wait_until
from tests.feeds import busy_in_memory, tails
from tests.integration.test_retry import instead


class SlowPositions(Positions):
    """Takes minutes for what there is."""

    begun = threading.Event()

    def project(self, key: str, document: Any | None, event: Recorded, view: View) -> Any | None:
        self.begun.set()
        time.sleep(1.0)
        return super().project(key, document, event, view)


class StuckReadModels(SqlReadModels):
    """Writes once it is let."""

    def let_write(self) -> tuple[threading.Event, threading.Event]:
        self.asked, self.let = threading.Event(), threading.Event()
        return self.asked, self.let

    def write(self, *place: Any, **more: Any) -> None:
        self.asked.set()
        self.let.wait(60)
        super().write(*place, **more)


@pytest.fixture
def logs() -> CommandedLogs:
    return busy_in_memory()


@pytest.fixture
def store(tmp_path: Path, logs: CommandedLogs) -> Iterator[SqlReadModels]:
    opened = StuckReadModels.open(f"sqlite:///{tmp_path / 'read-models.db'}", PROJECTIONS, logs.ledger_id)
    yield opened
    opened.engine.dispose()


def seconds_to_stop(worker: ProjectionWorker) -> float:
    began = time.monotonic()
    worker.stop()
    return time.monotonic() - began


def caught_up(logs: CommandedLogs, store: SqlReadModels) -> bool:
    ProjectionWorker(logs.recorders, store, PROJECTIONS).catch_up()
    return all(store.reflected("positions", log) == tail for log, tail in tails(logs).items())


def test_a_batch_that_is_being_folded_is_given_up(logs: CommandedLogs, store: Any) -> None:
    store.let_write()[1].set()
    slow = SlowPositions()
    worker = ProjectionWorker(logs.recorders, store, instead(slow))
    worker.start()
    wait_until(slow.begun.is_set)
    assert seconds_to_stop(worker) < 5
    assert worker.trouble == ""
    assert caught_up(logs, store)


def test_a_write_that_does_not_end_is_left_behind(logs: CommandedLogs, store: Any) -> None:
    asked, let = store.let_write()
    worker = ProjectionWorker(logs.recorders, store, PROJECTIONS)
    worker.start()
    wait_until(asked.is_set)
    assert seconds_to_stop(worker) < 2 * LET_GO_SECONDS + 2
    let.set()
    assert worker._last_written is not None
    worker._last_written.result(30)
    assert caught_up(logs, store)
