"""What a worker tells Prometheus: lag in events, seconds and money, what waits, and what its feed lost."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from eventsourcing.persistence import Notification
from prometheus_client.parser import text_string_to_metric_families

import infra.worker_metrics
from infra.logs import CommandedLogs
from infra.projection_worker import ProjectionWorker
from infra.retry import dead_letters
from infra.sequenced import Sequenced
from infra.sql.read_models import SqlReadModels
from infra.worker_metrics import WorkerCollector, metrics_served
from projections.lag import Lag, Unreflected
from projections.registry import PROJECTIONS
from tests.feeds import busy, busy_in_memory, tails
from tests.integration.test_retry import BrokenPositions, instead
from tests.ledger import send
from tests.rules import booking

Samples = Mapping[tuple[str, ...], float]


@pytest.fixture
def logs() -> CommandedLogs:
    return busy_in_memory()


@pytest.fixture
def store(tmp_path: Path, logs: CommandedLogs) -> Iterator[SqlReadModels]:
    opened = SqlReadModels.open(f"sqlite:///{tmp_path / 'read-models.db'}", PROJECTIONS, logs.ledger_id)
    yield opened
    opened.engine.dispose()


def said(worker: ProjectionWorker, logs: CommandedLogs, store: SqlReadModels) -> Samples:
    """What is served, by name and labels."""
    with metrics_served(WorkerCollector(worker, logs.recorders, store), 0) as port:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").raise_for_status().text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text) for sample in family.samples
    }


def test_the_lag_is_told_in_events_seconds_and_money(logs: CommandedLogs, store: SqlReadModels) -> None:
    worker = ProjectionWorker(logs.recorders, store, PROJECTIONS)
    worker.catch_up()
    found = said(worker, logs, store)
    assert found["everbook_lag_events", "ledger-1"] == found["everbook_lag_seconds", "ledger-1"] == 0
    assert ("everbook_unreflected_notional", "EUR", "ledger-1") not in found
    assert found["everbook_worker_events_total",] == sum(tails(logs).values())
    assert found["everbook_worker_documents_total",] == worker.documents > 0
    send(logs, booking("T-big", "10", "100"), booking("T-short", "20", "100", side="sell"))
    found = said(worker, logs, store)
    assert found["everbook_lag_events", "ledger-1"] == 2
    assert found["everbook_lag_seconds", "ledger-1"] > 0
    assert found["everbook_unreflected_notional", "EUR", "ledger-1"] == 3_000
    worker.catch_up()
    assert ("everbook_unreflected_notional", "EUR", "ledger-1") not in said(worker, logs, store)


def test_a_store_that_hangs_keeps_nothing_else_from_being_told(
    logs: CommandedLogs, store: SqlReadModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, answers = ProjectionWorker(logs.recorders, store, PROJECTIONS), threading.Event()
    worker.catch_up()
    at_once = store.reflected

    def hanging(model: str, log: str) -> int:
        answers.wait()
        return at_once(model, log)

    monkeypatch.setattr(store, "reflected", hanging)
    monkeypatch.setattr(infra.worker_metrics, "ANSWER_SECONDS", 0.2)
    try:
        for _ in range(3):
            found = said(worker, logs, store)
            assert found["everbook_worker_events_total",] > 0
            assert ("everbook_lag_events", "ledger-1") not in found
    finally:
        answers.set()


def test_a_long_lag_is_valued_to_its_end_though_each_look_reads_only_so_much(logs: CommandedLogs) -> None:
    last = tails(logs)["ledger-1"]
    send(logs, *[booking(f"N{number}", "1", "100") for number in range(3_500)])
    unreflected = Unreflected(logs.recorders["ledger-1"])
    seen = [unreflected.notional(Lag("ledger-1", last, 3_500), 1_000)["EUR"] for _ in range(6)]
    assert seen == sorted(seen)
    assert seen[0] == (2_000 - last) * 100
    assert seen[-1] == 350_000
    # As the read models move on, what they reflect counts no more.
    assert unreflected.notional(Lag("ledger-1", last + 2_345, 1_155)) == {"EUR": 115_500}
    assert unreflected.notional(Lag("ledger-1", last + 3_500, 0)) == {}


def test_what_is_not_reflected_is_read_once(logs: CommandedLogs, monkeypatch: pytest.MonkeyPatch) -> None:
    last = tails(logs)["ledger-1"]
    send(logs, *[booking(f"N{number}", "1", "100") for number in range(3_500)])
    recorder = logs.recorders["ledger-1"]
    unreflected = Unreflected(recorder)
    lag = Lag("ledger-1", last, 3_500)
    first = unreflected.notional(lag)
    read: list[int] = []
    select = recorder.select_notifications

    def counted(*place: Any, **bounds: Any) -> Sequence[Notification]:
        found = select(*place, **bounds)
        read.append(len(found))
        return found

    monkeypatch.setattr(recorder, "select_notifications", counted)
    assert unreflected.notional(lag) == first
    # Only the two ends, which are no whole thousands.
    assert sum(read) == (1_000 - last) + (last + 3_500) % 1_000


def test_what_is_parked_is_told_by_model(logs: CommandedLogs, store: SqlReadModels) -> None:
    worker = ProjectionWorker(logs.recorders, store, instead(BrokenPositions()))
    worker.catch_up()
    found = said(worker, logs, store)
    assert found["everbook_dead_letters", "positions"] == len(dead_letters(store, "positions")) > 1
    assert ("everbook_dead_letters", "exposure") not in found


def test_what_a_feed_lost_is_counted(logs: CommandedLogs) -> None:
    sequenced = Sequenced(logs.recorders, 1.0, lambda: 0.0)
    sequenced.begin("ledger-1")
    stored = logs.recorders["ledger-1"].select_notifications(1, 10)
    for sequence in (1, 2, 5, 6):
        sequenced.accept("ledger-1", stored[sequence - 1])
    read: list[int] = []
    while page := sequenced.read("ledger-1", len(read), 3):
        read += [event.id for event in page]
    assert read == [1, 2, 3, 4, 5, 6]
    assert (sequenced.filled, sequenced.ahead) == (2, 0)


def test_what_is_only_late_is_no_gap_and_what_never_comes_is_one_once_a_later_one_comes(logs: CommandedLogs) -> None:
    seconds = iter(range(1_000))
    sequenced = Sequenced(logs.recorders, 0.0, lambda: float(next(seconds)))
    sequenced.begin("ledger-1")
    stored = logs.recorders["ledger-1"].select_notifications(1, 10)
    sequenced.accept("ledger-1", stored[0])
    assert [event.id for event in sequenced.read("ledger-1", 0, 1)] == [1]
    # Nothing came while the step took long: it reads on by itself.
    assert [event.id for event in sequenced.read("ledger-1", 1, 5)] == [2, 3, 4, 5, 6]
    assert (sequenced.filled, sequenced.ahead) == (0, 5)
    for sequence in (2, 3, 4):
        sequenced.accept("ledger-1", stored[sequence - 1])
    assert sequenced.filled == 0
    sequenced.accept("ledger-1", stored[6])
    assert sequenced.filled == 2


def test_where_a_feed_begins_is_no_gap_nor_is_what_is_read_once_more(logs: CommandedLogs) -> None:
    sequenced = Sequenced(logs.recorders, 1.0, lambda: 0.0)
    sequenced.begin("ledger-1")
    stored = logs.recorders["ledger-1"].select_notifications(1, 10)
    for sequence in (5, 6, 7):
        sequenced.accept("ledger-1", stored[sequence - 1])
    # The read models are behind where the offsets are.
    assert [event.id for event in sequenced.read("ledger-1", 0, 10)] == [1, 2, 3, 4]
    assert [event.id for event in sequenced.read("ledger-1", 4, 10)] == [5, 6, 7]
    assert sequenced.read("ledger-1", 7, 10) == []
    # The store was away for a moment: it begins again from what is stored.
    sequenced.accept("ledger-1", stored[7])
    assert [event.id for event in sequenced.read("ledger-1", 4, 10)] == [5, 6, 7]
    assert (sequenced.filled, sequenced.ahead) == (0, 0)


def test_trouble_is_told_though_the_store_of_read_models_is_away(logs: CommandedLogs, store: SqlReadModels) -> None:
    worker = ProjectionWorker(logs.recorders, store, PROJECTIONS)
    worker.trouble = "OperationalError: away"
    busy(logs, 100, 1)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE reflected RENAME TO elsewhere")
    found = said(worker, logs, store)
    assert found["everbook_worker_in_trouble",] == 1
    assert ("everbook_lag_events", "ledger-1") not in found
