"""Workers while Kafka is away, or was never there: they say so by its setting, and end soon when they are told."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from infra.cluster import Cluster
from tests.decided import Decided, said_by, wait_until
from tests.journeys.test_kill import free_port

NAMED = "Kafka at EVERBOOK_KAFKA_BOOTSTRAP=127.0.0.1:"
SOON_SECONDS = 15


@pytest.fixture
def ledger(own_kafka: Cluster, tmp_path: Path) -> Decided:
    decided = Decided(own_kafka.endpoints["kafka"], tmp_path, 4)
    decided.ensure_topics()
    return decided


def kill_kafka(cluster: Cluster) -> None:
    process = cluster.process("kafka")
    assert process is not None
    process.send(signal.SIGKILL)
    assert process.wait(30)


def seconds_to_end(process: "subprocess.Popen[str]") -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
    return time.monotonic() - began


@pytest.mark.parametrize("at_once", [True, False])
def test_a_ledger_worker_says_once_that_kafka_is_away_and_ends_soon(
    own_kafka: Cluster, ledger: Decided, at_once: bool
) -> None:
    with ledger.processes() as start:
        worker = start("work", "ledger")
        said = said_by(worker)
        wait_until(lambda: any("ledger-3" in line for line in said))
        kill_kafka(own_kafka)
        if not at_once:
            wait_until(lambda: any("trouble: Kafka: KafkaFails" in line for line in said))
            time.sleep(10)
        assert seconds_to_end(worker) < SOON_SECONDS
    text = "".join(said).replace("\n", " ")
    assert "FAIL" not in text
    assert text.count(NAMED) <= 3


def test_a_worker_of_read_models_says_that_kafka_went_and_came_back_and_ends_soon(
    own_kafka: Cluster, ledger: Decided
) -> None:
    with ledger.processes() as start:
        worker = start("work", "projections")
        said = said_by(worker)
        # It says nothing while all is well; by then it has asked Kafka more than once.
        time.sleep(10)
        kill_kafka(own_kafka)
        wait_until(lambda: NAMED in "".join(said))
        own_kafka.up()
        wait_until(lambda: "read models: they go on" in "".join(said))
        kill_kafka(own_kafka)
        wait_until(lambda: "".join(said).count(NAMED) == 2)
        assert seconds_to_end(worker) < SOON_SECONDS
    assert "FAIL" not in "".join(said)


@pytest.mark.parametrize("work", ["ledger", "projections"])
def test_a_worker_without_kafka_ends_with_its_setting(tmp_path: Path, work: str) -> None:
    ledger = Decided(f"127.0.0.1:{free_port()}", tmp_path)
    with ledger.processes() as start:
        worker = start("work", work)
        said = said_by(worker)
        assert worker.wait(60) == 1
        wait_until(lambda: f"error: KafkaFails: {NAMED}" in "".join(said), 5)
    assert "FAIL" not in "".join(said)


def test_a_ledger_worker_that_waits_for_kafka_ends_at_once(tmp_path: Path) -> None:
    ledger = Decided(f"127.0.0.1:{free_port()}", tmp_path)
    with ledger.processes() as start:
        worker = start("work", "ledger")
        time.sleep(8)
        assert seconds_to_end(worker) < SOON_SECONDS
