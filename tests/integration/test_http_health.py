"""Health over HTTP: alive, ready only while the read models follow, and counted."""

import sqlite3
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from domain.batch import Unit
from infra.everbook import Everbook
from infra.logs import submission_of
from infra.projection_worker import ProjectionWorker
from infra.retry import retry
from infra.settings import Settings
from projections.registry import PROJECTIONS
from tests.http import Api, Served, problem, served, trade
from tests.integration.test_retry import BrokenPositions, instead
from tests.rules import booking

LOGS = ("reference", "market", "ledger-0")


def counted(api: Api) -> dict[tuple[str, str], float]:
    """What ``/metrics`` says now, by name and by log or status."""
    text = api.client.get("/metrics").text
    return {
        (sample.name, sample.labels.get("log", "") or sample.labels.get("status", "") or sample.labels.get("le", "")):
        sample.value for family in text_string_to_metric_families(text) for sample in family.samples
    }


def test_alive_needs_no_key_and_ready_does(everbook: Served) -> None:
    assert httpx.get(f"{everbook.url}/livez").json() == {"status": "alive"}
    problem(httpx.get(f"{everbook.url}/readyz"), 401, "not-authenticated", "Authorization")
    everbook.api.get("/v1/positions")
    assert everbook.api.client.get("/readyz").json() == {"status": "ready"}
    assert "Everbook" in httpx.get(everbook.url).text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_that_no_longer_decides_is_not_ready_and_takes_nothing(tmp_path: Path) -> None:
    def wrong(_count: int, _seconds: float) -> None:
        raise ZeroDivisionError("an error of ours")

    with served(tmp_path) as running:
        running.everbook.owner.on_commit = wrong
        running.api.done("/v1/trades", trade("T1"))
        deadline = time.monotonic() + 5
        while running.api.client.get("/readyz").status_code == httpx.codes.OK:
            assert time.monotonic() < deadline
        said = problem(running.api.client.get("/readyz"), 503, "not-deciding")
        assert "an error of ours" in said["detail"]
        problem(running.api.post("/v1/trades", trade("T2")), 503, "not-recorded")


def test_read_models_that_stand_still_are_not_ready(tmp_path: Path) -> None:
    with served(tmp_path, lag_seconds=0.4) as running:
        api = running.api
        api.get("/v1/positions")
        running.worker.stop()
        running.worker.catch_up()
        time.sleep(0.5)
        assert api.client.get("/readyz").status_code == httpx.codes.OK
        api.done("/v1/trades", trade("T1"))
        assert api.client.get("/readyz").status_code == httpx.codes.OK
        time.sleep(0.5)
        answer = api.client.get("/readyz")
        assert "ledger-0:1: 1 events wait" in problem(answer, 503, "projections-behind")["detail"]
        assert answer.headers["Retry-After"] == "1"
        assert httpx.get(f"{running.url}/livez").status_code == httpx.codes.OK
        running.worker.catch_up()
        assert api.client.get("/readyz").status_code == httpx.codes.OK


@pytest.mark.parametrize("model", ["positions", "audit", "reference", "counterparties"])
def test_one_read_model_that_falls_behind_is_enough(tmp_path: Path, model: str) -> None:
    with served(tmp_path, lag_seconds=0.001) as running:
        running.api.done("/v1/trades", trade("T1"))
        running.worker.stop()
        running.worker.catch_up()
        assert running.api.client.get("/readyz").status_code == httpx.codes.OK
        store = sqlite3.connect(tmp_path / "read-models.db")
        with store:
            family = ("positions", "journal", "movements", "trades") if model == "positions" else (model,)
            marks = ",".join("?" * len(family))
            tracked = [f"{each.name}-v{each.version}" for each in PROJECTIONS if each.name in family]
            store.execute(f"UPDATE reflected SET sequence = 1 WHERE log = 'ledger-0' AND model IN ({marks})", tracked)
        store.close()
        problem(running.api.client.get("/readyz"), 503, "projections-behind")


def test_read_models_ahead_of_their_log_are_not_ready(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        running.worker.stop()
        running.worker.catch_up()
        store = sqlite3.connect(tmp_path / "read-models.db")
        with store:
            store.execute("UPDATE reflected SET sequence = sequence + 7 WHERE log = 'market'")
        store.close()
        content = problem(running.api.client.get("/readyz"), 503, "projections-ahead")
        assert "7 events that market does not have" in content["detail"]


def test_the_lag_is_counted_in_events_and_seconds(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        running.worker.stop()
        running.worker.catch_up()
        before = counted(running.api)
        assert [before["everbook_lag_events", log] for log in LOGS] == [0, 0, 0]
        assert [before["everbook_lag_seconds", log] for log in LOGS] == [0, 0, 0]
        running.api.bulk(*[booking(f"T{number}") for number in range(5)])
        time.sleep(0.3)
        after, vector = counted(running.api), running.everbook.vector()
        assert [after["everbook_lag_events", log] for log in LOGS] == [0, 0, 5]
        assert 0.3 <= after["everbook_lag_seconds", "ledger-0"] < 30
        assert [after["everbook_log_sequence", log] for log in LOGS] == [vector[log] for log in LOGS]
        assert after["everbook_reflected_sequence", "ledger-0"] == vector["ledger-0"] - 5


def test_the_lag_in_money_and_what_is_parked_are_told_as_long_as_they_last(tmp_path: Path) -> None:
    with served(tmp_path, worker=False) as running:
        running.api.bulk(booking("T0", "10", "100"), booking("T1", "20", "100", side="sell"))
        behind = running.api.client.get("/metrics").text
        assert 'everbook_unreflected_notional{currency="EUR",log="ledger-0"} 3000.0' in behind
        opened = running.everbook
        poisoned = BrokenPositions()
        poisoned.poison = ("T1",)
        ProjectionWorker(opened.logs.recorders, opened.read_models, instead(poisoned)).catch_up()
        parked = running.api.client.get("/metrics").text
        assert 'everbook_dead_letters{model="positions"} 1.0' in parked
        assert "everbook_unreflected_notional{" not in parked
        retry(opened.logs.recorders, opened.read_models, PROJECTIONS)
        assert "everbook_dead_letters{" not in running.api.client.get("/metrics").text


def test_commands_commits_and_the_queue_are_counted(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        before = counted(running.api)
        running.api.bulk(*[booking(f"T{number}") for number in range(7)])
        running.api.bulk(booking("T0"))
        running.api.bulk(booking("X", trader="nobody"))
        running.api.bulk(booking("Y"), dry_run="true")
        after = counted(running.api)
    assert [
        after["everbook_commands_total", status] - before.get(("everbook_commands_total", status), 0)
        for status in ("accepted", "refused", "repeated")
    ] == [7, 1, 1]

    def grown(name: str, label: str = "") -> float:
        return after[name, label] - before[name, label]

    assert grown("everbook_commit_commands_count") == grown("everbook_commit_seconds_count") == 3
    assert grown("everbook_commit_commands_sum") == 9
    assert grown("everbook_commit_commands_bucket", "5.0") == 2
    assert 0 < grown("everbook_commit_seconds_sum") < 30
    assert grown("everbook_answer_seconds_count") == 4
    assert after["everbook_queued_commands", ""] == 0


def test_a_commit_that_another_process_was_ahead_of_is_counted(tmp_path: Path) -> None:
    with served(tmp_path) as running, Everbook(Settings(data=tmp_path)) as other:
        running.api.bulk(booking("T0"))
        assert counted(running.api)["everbook_fences_total", "ledger-0"] == 0
        (outcome,) = other.logs.commit("ledger-0", [Unit((submission_of(booking("T1")),))])
        assert outcome.status == "accepted"
        running.api.bulk(booking("T2"))
        running.api.bulk(booking("T3"))
        assert counted(running.api)["everbook_fences_total", "ledger-0"] == 1
