"""What a ledger worker tells Prometheus, on a real Kafka."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from eventsourcing.persistence import OperationalError
from prometheus_client.parser import text_string_to_metric_families

from domain.batch import Unit
from infra.kafka.ledger_metrics import LedgerCollector
from infra.kafka.ledger_worker import LedgerWorker
from infra.worker_metrics import metrics_served
from tests.decided import Decided, wait_until

Samples = Mapping[tuple[str, ...], float]


@pytest.fixture
def ledger(kafka: str, tmp_path: Path) -> Iterator[Decided]:
    decided = Decided(kafka, tmp_path)
    decided.ensure_topics()
    yield decided
    decided.close()


def said(worker: LedgerWorker) -> Samples:
    """What is served, by name and labels."""
    with metrics_served(LedgerCollector(worker.counts, worker.fences, worker.trouble), 0) as port:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").raise_for_status().text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text) for sample in family.samples
    }


def test_commits_fences_and_take_overs_are_counted(ledger: Decided) -> None:
    with ledger.gate() as gate, ledger.worker() as worker:
        gate.submit([ledger.book(f"A{n}") for n in range(7)]).result()
        # Another process writes the log, and the worker has not read it when it decides.
        ledger.logs.commit("ledger-0", [Unit((ledger.book("B0"),))])
        gate.submit([ledger.book("C0")]).result()
        found = said(worker)
        assert found["everbook_commit_commands_sum",] == 8
        assert found["everbook_commit_commands_count",] == found["everbook_commit_seconds_count",] >= 2
        assert 0 < found["everbook_commit_seconds_sum",] < 60
        assert found["everbook_fences_total", "ledger-0"] == 1
        assert found["everbook_take_overs_total", "ledger-0"] == 1
        wait_until(lambda: said(worker).get(("everbook_lag_commands", "ledger-0")) == 0)
        assert said(worker)["everbook_owner_in_trouble", "ledger-0"] == 0


def test_what_was_never_published_is_counted_as_published_again(ledger: Decided) -> None:
    stored = len(ledger.stored("reference"))
    with ledger.worker() as worker:
        ledger.require_published()
        assert said(worker)["everbook_events_republished_total", "reference"] == stored
    with ledger.worker() as worker:
        assert said(worker)["everbook_events_republished_total", "reference"] == 0


def test_commands_that_wait_for_a_log_in_trouble_are_told(ledger: Decided, monkeypatch: pytest.MonkeyPatch) -> None:
    with ledger.gate() as gate, ledger.worker() as worker:
        gate.submit([ledger.book("A0")]).result()
        recorder = worker._logs.recorders["ledger-0"]

        def away(*_arguments: object, **_named: object) -> None:
            raise OperationalError("the store is away")

        with monkeypatch.context() as broken:
            broken.setattr(recorder, "insert_events", away)
            promise = gate.submit([ledger.book(f"B{n}") for n in range(3)])
            wait_until(lambda: said(worker).get(("everbook_owner_in_trouble", "ledger-0")) == 1)
            gate.submit([ledger.book(f"C{n}") for n in range(5)])
            wait_until(lambda: said(worker)["everbook_lag_commands", "ledger-0"] >= 5)
        promise.result()
        wait_until(lambda: said(worker)["everbook_owner_in_trouble", "ledger-0"] == 0)
        wait_until(lambda: said(worker)["everbook_lag_commands", "ledger-0"] == 0)
        assert said(worker)["everbook_take_overs_total", "ledger-0"] >= 2


def test_the_process_serves_them_on_the_port_it_says(ledger: Decided) -> None:
    with ledger.processes() as start:
        process = start("work", "ledger", "--metrics-port", "0")
        assert process.stderr is not None
        told = process.stderr.readline()
        url = told.removeprefix("Metrics on ").strip()
        wait_until(lambda: 'everbook_take_overs_total{log="ledger-0"} 1.0' in httpx.get(url).text)
