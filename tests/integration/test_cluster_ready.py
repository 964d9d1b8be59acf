"""What the API of a cluster says of itself while Kafka or the ledger workers are away, and of commands sent then."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.cluster import Cluster
from tests.decided import SECRET, Decided, wait_until
from tests.http import problem, trade
from tests.journeys.test_kill import free_port
from tests.servers import bring_up

ANSWER_SECONDS = 4
SOON_SECONDS = 20


@pytest.fixture
def ledger(own_kafka: Cluster, tmp_path: Path) -> Iterator[Decided]:
    decided = Decided(own_kafka.endpoints["kafka"], tmp_path)
    decided.ensure_topics()
    yield decided
    bring_up(own_kafka)
    decided.close()


@pytest.fixture
def client(ledger: Decided) -> Iterator[httpx.Client]:
    """Of an API in a process of its own."""
    port = free_port()
    headers = {"Authorization": f"Bearer {SECRET}"}
    settings = {"EVERBOOK_ANSWER_SECONDS": str(ANSWER_SECONDS), "EVERBOOK_LAG_SECONDS": "100000"}
    with ledger.processes() as start, httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60
    ) as client:
        start("serve", "--port", str(port), **settings)
        wait_until(lambda: is_alive(client))
        yield client


def is_alive(client: httpx.Client) -> bool:
    try:
        return client.get("/livez").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def is_ready(client: httpx.Client) -> bool:
    return client.get("/readyz").status_code == httpx.codes.OK


def said(client: httpx.Client, words: str) -> None:
    """Readiness says so soon, and so does the metric of each log."""
    wait_until(lambda: words in client.get("/readyz").text, SOON_SECONDS)
    problem(client.get("/readyz"), 503, "not-deciding")
    assert 'everbook_owner_in_trouble{log="ledger-0"} 1.0' in client.get("/metrics").text


def posted(client: httpx.Client, trade_id: str) -> str:
    """What is said of a command that nobody decides."""
    answer = client.post("/v1/trades", json=trade(trade_id), headers={"Idempotency-Key": trade_id})
    detail: str = problem(answer, 503, "outcome-unknown")["detail"]
    return detail


def test_readiness_and_answers_tell_whether_kafka_and_a_ledger_worker_are_there(
    own_kafka: Cluster, ledger: Decided, client: httpx.Client
) -> None:
    said(client, "no ledger worker decides for ledger-0, reference, market")
    assert "it was taken, and is not decided yet" in posted(client, "T1")
    with ledger.worker():
        wait_until(lambda: is_ready(client), SOON_SECONDS)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            assert is_ready(client)
            time.sleep(0.5)
        assert 'everbook_owner_in_trouble{log="ledger-0"} 0.0' in client.get("/metrics").text
    own_kafka.down()
    said(client, "Kafka at EVERBOOK_KAFKA_BOOTSTRAP=")
    assert posted(client, "T2") == (
        "it is not known that it was taken: send the same command again, with the same id"
    )
    bring_up(own_kafka)
    with ledger.worker():
        wait_until(lambda: is_ready(client), 2 * SOON_SECONDS)


def test_a_worker_that_is_a_member_and_answers_nothing_is_noticed(
    ledger: Decided, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger.worker() as worker:
        wait_until(lambda: is_ready(client), SOON_SECONDS)
        step, idle = worker.step, threading.Event()
        monkeypatch.setattr(worker, "step", lambda: (idle.set(), time.sleep(0.1)))  # type: ignore[func-returns-value]
        assert idle.wait(SOON_SECONDS)
        assert "it was taken, and is not decided yet" in posted(client, "T1")
        said(client, "no ledger worker decides for ledger-0")
        monkeypatch.setattr(worker, "step", step)
        wait_until(lambda: is_ready(client), SOON_SECONDS)
