"""Processes that are to end do so in time, though a store takes what they ask and does not answer."""

import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from elasticsearch import Elasticsearch

from api.cli.stopping import END_SECONDS, ENDED
from faults.proxy import Proxy
from tests.decided import SECRET, Decided, said_by, wait_until
from tests.indices import dropped_after
from tests.journeys.test_kill import free_port

# The end of a process takes a moment too.
MORE_SECONDS = 5.0
BEARER = {"Authorization": f"Bearer {SECRET}"}


@pytest.fixture
def events(hbase: str) -> Iterator[Proxy]:
    proxy = Proxy(hbase)
    yield proxy
    proxy.close()


@pytest.fixture
def read_models(elasticsearch: str) -> Iterator[Proxy]:
    proxy = Proxy(elasticsearch)
    yield proxy
    proxy.close()


@pytest.fixture
def ledger(kafka: str, events: Proxy, tmp_path: Path) -> Iterator[Decided]:
    decided = Decided(kafka, tmp_path, hbase_url=f"hbase://127.0.0.1:{events.port}/h{uuid4().hex[:8]}")
    decided.ensure_topics()
    yield decided
    events.come_back()
    decided.close()


def seconds_to_end(process: "subprocess.Popen[str]") -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(120)
    return time.monotonic() - began


def test_a_ledger_worker_ends_and_the_next_one_goes_on(ledger: Decided, events: Proxy) -> None:
    with ledger.processes() as start, ledger.gate() as gate:
        worker = start("work", "ledger")
        said = said_by(worker)
        wait_until(lambda: any("ledger-0" in line for line in said))
        events.hang()
        gate.submit([ledger.book("T1")])
        wait_until(lambda: events.held)
        assert seconds_to_end(worker) < END_SECONDS + MORE_SECONDS
        assert worker.returncode == ENDED
        wait_until(lambda: any(line.startswith("ended: ") for line in said))
        events.come_back()
        start("work", "ledger")
        (outcome,) = gate.submit([ledger.book("T1")]).result()
        assert outcome.status == "accepted"
        ledger.require_once([outcome])


def test_a_worker_of_read_models_ends(ledger: Decided, read_models: Proxy, elasticsearch: str) -> None:
    place = {"EVERBOOK_ELASTICSEARCH_URL": f"http://127.0.0.1:{read_models.port}"}
    with ledger.processes() as start, ledger.gate() as gate, dropped_after(elasticsearch, {ledger.logs.ledger_id}):
        start("work", "ledger")
        gate.submit([ledger.book("T1")]).result()
        worker = start("work", "projections", **place)
        with Elasticsearch(elasticsearch) as client:
            wait_until(lambda: client.count(index=f"everbook-{ledger.logs.ledger_id}-*positions*")["count"] > 0)
        read_models.hang()
        gate.submit([ledger.book("T2")]).result()
        wait_until(lambda: read_models.held)
        assert seconds_to_end(worker) < END_SECONDS + MORE_SECONDS


def test_an_api_ends(ledger: Decided, events: Proxy) -> None:
    port = free_port()
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=BEARER, timeout=60)
    with ledger.processes() as start, client, ThreadPoolExecutor(1) as pool:
        start("work", "ledger")
        api = start("serve", "--port", str(port))
        said = said_by(api)
        wait_until(lambda: any("serves" in line for line in said))
        client.get("/v1/events").raise_for_status()
        events.hang()
        pool.submit(client.get, "/v1/events")
        wait_until(lambda: events.held)
        assert seconds_to_end(api) < END_SECONDS + MORE_SECONDS
        assert api.returncode == ENDED
