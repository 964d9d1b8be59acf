"""The API while HBase or Elasticsearch is away: what it can say it says soon, and nothing cut short seems whole."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from faults.proxy import Proxy
from infra.hbase import connections as hbase_connections
from tests.http import Served, problem, served, trade
from tests.indices import dropped_after

SOON_SECONDS = 8.0
PATIENCE_SECONDS = 12.0


class Away:
    """Everbook on a real HBase and Elasticsearch, each behind a network that may break down."""

    def __init__(self, running: Served, events: Proxy, read_models: Proxy) -> None:
        self.running = running
        self.events = events
        self.read_models = read_models

    def soon(self, path: str) -> httpx.Response:
        began = time.monotonic()
        answer = self.running.api.client.get(path)
        assert time.monotonic() - began < SOON_SECONDS
        return answer


@pytest.fixture
def cluster(hbase: str, elasticsearch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Away]:
    monkeypatch.setenv("PERSISTENCE_MODULE", "infra.hbase")
    # Longer than any of these answers may take, as it is in earnest.
    monkeypatch.setattr(hbase_connections, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    ledgers: set[str] = set()
    with (
        between(hbase) as events, between(elasticsearch) as read_models, dropped_after(elasticsearch, ledgers),
        served(
            tmp_path, hbase_url=f"hbase://127.0.0.1:{events.port}/a{uuid4().hex[:8]}",
            elasticsearch_url=f"http://127.0.0.1:{read_models.port}",
        ) as running,
    ):
        ledgers.add(running.everbook.ledger_id)
        running.api.done("/v1/trades", trade("T1"))
        assert running.api.read("/v1/positions")
        yield Away(running, events, read_models)
        events.come_back()
        read_models.come_back()


@contextmanager
def between(url: str) -> Iterator[Proxy]:
    proxy = Proxy(url)
    yield proxy
    proxy.close()


def test_health_says_soon_what_is_away_and_all_the_rest(cluster: Away) -> None:
    assert cluster.soon("/readyz").status_code == httpx.codes.OK
    assert 'everbook_store_answers{store="events"} 1.0' in cluster.soon("/metrics").text
    cluster.read_models.break_down()
    detail = problem(cluster.soon("/readyz"), 503, "store-unavailable")["detail"]
    assert "Elasticsearch (EVERBOOK_ELASTICSEARCH_URL)" in detail
    assert "HBase" not in detail
    told = cluster.soon("/metrics").text
    assert 'everbook_store_answers{store="read-models"} 0.0' in told
    assert 'everbook_store_answers{store="events"} 1.0' in told
    assert 'everbook_log_sequence{log="ledger-0"}' in told
    assert "everbook_lag_events{" not in told
    cluster.events.break_down()
    detail = problem(cluster.soon("/readyz"), 503, "store-unavailable")["detail"]
    assert "HBase (EVERBOOK_HBASE_URL)" in detail
    assert "Elasticsearch" in detail
    told = cluster.soon("/metrics").text
    assert 'everbook_store_answers{store="events"} 0.0' in told
    assert "everbook_commit_seconds_count" in told
    cluster.events.come_back()
    cluster.read_models.come_back()
    deadline = time.monotonic() + 30
    while cluster.running.api.client.get("/readyz").status_code != httpx.codes.OK:
        assert time.monotonic() < deadline
    assert "everbook_lag_events{" in cluster.soon("/metrics").text


def test_a_replay_of_which_nothing_can_be_read_is_no_answer_that_is_cut_off(
    cluster: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_connections(cluster), "_patience_seconds", 1.0)
    assert cluster.running.api.client.get("/v1/events").status_code == httpx.codes.OK
    cluster.events.break_down()
    problem(cluster.running.api.client.get("/v1/events"), 503, "store-unavailable")


def test_a_replay_that_breaks_off_does_not_seem_whole(cluster: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = shared_connections(cluster)
    monkeypatch.setattr(connections, "_patience_seconds", 1.0)
    monkeypatch.setattr("api.replaying.READ_AT_ONCE", 3)
    with cluster.running.api.client.stream("GET", "/v1/events") as answer:
        assert answer.status_code == httpx.codes.OK
        cluster.events.break_down()
        with pytest.raises(httpx.RemoteProtocolError):
            list(answer.iter_raw())


def shared_connections(cluster: Away) -> hbase_connections.Connections:
    """Those that every log of the process uses."""
    recorder = cluster.running.everbook.recorder("ledger-0")
    found: hbase_connections.Connections = recorder._table._connections  # type: ignore[attr-defined]
    return found
