"""How reads behave: fresh or a problem, page by page, as asked and not otherwise."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.day import lay
from tests.http import Api, Served, problem, served, trade

UNFILTERED = ("/v1/trades", "/v1/settlements", "/v1/positions", "/v1/journal", "/v1/audit", "/v1/alerts",
              "/v1/breaches", "/v1/prices", "/v1/rates", "/v1/reference/instruments")
SINGLE = ("/v1/positions/EQ-1/SAN", "/v1/positions/EQ-1/SAN/explain", "/v1/pnl", "/v1/cash", "/v1/trial-balance",
          "/v1/risk", "/v1/risk/exposures", "/v1/risk/EQ-1", "/v1/limits", "/v1/trades/T1",
          "/v1/trades/T1/events", "/v1/counterparties/ACME", "/v1/reference/books/EQ-1")
FRESH = (*UNFILTERED, *SINGLE)
MADE_FROM = {
    "/v1/trades": {"trades"}, "/v1/trades/T1": {"trades"}, "/v1/journal": {"journal"}, "/v1/audit": {"audit"},
    "/v1/positions": {"positions", "reference"}, "/v1/positions/EQ-1/SAN": {"positions", "reference"},
    "/v1/positions/EQ-1/SAN/explain": {"movements"}, "/v1/pnl": {"positions", "reference"}, "/v1/cash": {"cash"},
    "/v1/trial-balance": {"journal"}, "/v1/settlements": {"settlements", "reference"}, "/v1/prices": {"reference"},
    "/v1/risk": {"exposure", "positions", "reference"}, "/v1/risk/exposures": {"exposure", "positions", "reference"},
    "/v1/risk/EQ-1": {"exposure", "positions", "reference"}, "/v1/limits": {"exposure", "positions", "reference"},
    "/v1/counterparties/ACME": {"counterparties", "exposure", "reference", "alerts"}, "/v1/alerts": {"alerts"},
    "/v1/breaches": {"breaches"}, "/v1/reference/books": {"reference"}, "/v1/rates": {"reference"},
}


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("reads")) as running:
        lay(running)
        yield running


@pytest.mark.parametrize("path", UNFILTERED)
def test_pages_together_are_the_whole(api: Api, path: str) -> None:
    whole = api.read(path, limit=1000)
    assert whole["next"] is None
    items: list[Any] = []
    answer = api.get(path, limit=2)
    while True:
        assert len(answer.json()["items"]) <= 2
        items += answer.json()["items"]
        if answer.json()["next"] is None:
            break
        link = answer.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
        answer = api.get(link)
        assert dict(answer.request.url.params)["after"] in link
    assert items == whole["items"]
    assert "Link" not in answer.headers


@pytest.mark.parametrize("cursor", ["!", "_w", "é", "a"])
def test_a_cursor_that_no_route_gave_is_a_problem(api: Api, cursor: str) -> None:
    problem(api.get("/v1/trades", after=cursor), 400, "bad-cursor", "after")


@pytest.mark.parametrize("path", [*FRESH, "/v1/events", "/v1/proofs/ledger-0/1", "/v1/commands/admin/c-1"])
def test_a_parameter_that_a_route_does_not_have_is_refused(api: Api, path: str) -> None:
    problem(api.get(path, bok="EQ-1"), 422, "unknown-parameter", "bok")


@pytest.mark.parametrize(("path", "parameters", "field"), [
    ("/v1/trades", {"limit": "0"}, "limit"), ("/v1/trades", {"limit": "1001"}, "limit"),
    ("/v1/trades", {"limit": "many"}, "limit"), ("/v1/trades", {"status": "lost"}, "status"),
    ("/v1/trades", {"due_on": "2026-02-30"}, "due_on"),
    ("/v1/journal", {"business_date": "yesterday"}, "business_date"),
    ("/v1/pnl", {"by": "moon"}, "by"), ("/v1/risk/exposures", {"by": "colour"}, "by"),
    ("/v1/settlements", {"due_by": "2026-13-01"}, "due_by"), ("/v1/alerts", {"kind": "odd"}, "kind"),
    ("/v1/alerts", {"severity": "low"}, "severity"), ("/v1/proofs/ledger-0/1", {"size": "0"}, "size"),
    ("/v1/proofs/ledger-0/one", {}, "sequence"), ("/v1/events", {"limit": "-1"}, "limit"),
    ("/v1/events", {"from": "noon"}, "from"), ("/v1/events", {"to": "2026-11-24T10:00:00"}, "to"),
])
def test_a_parameter_with_a_wrong_value_is_named(
    api: Api, path: str, parameters: dict[str, Any], field: str
) -> None:
    problem(api.get(path, **parameters), 422, "bad-parameter", field)


@pytest.mark.parametrize("vector", ["", "ledger-0", "ledger-9:1", "ledger-0:-1", "ledger-0:1,", "ledger-0:1e3", "x:y"])
def test_a_vector_that_is_none_is_a_problem(api: Api, vector: str) -> None:
    problem(api.get("/v1/trades", {"Everbook-At-Least": vector}), 400, "bad-vector", "Everbook-At-Least")
    problem(api.get("/v1/events", after=vector), 400, "bad-vector", "after")
    problem(api.get("/v1/stream", after=vector), 400, "bad-vector", "after")


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Its read models stand where the day ended; then one more trade was booked and one more price recorded."""
    with served(tmp_path_factory.mktemp("halted"), fresh_seconds=0.05) as running:
        lay(running)
        running.worker.stop()
        running.worker.catch_up()
        running.api.done("/v1/trades", trade("late"))
        running.api.done("/v1/prices", {"instrument": "SAN", "price": "1"})
        running.api.done("/v1/reference/desks", {"desk": "NEW", "name": "New", "entity": "BANK"})
        yield running


@pytest.mark.parametrize("path", FRESH)
def test_a_read_that_demands_more_than_there_is_never_gets_older_data(halted: Served, path: str) -> None:
    answer = halted.api.get(path)
    problem(answer, 503, "not-yet-visible", "Everbook-At-Least")
    assert answer.headers["Retry-After"] == "1"
    assert halted.api.client.get(path).status_code == httpx.codes.OK


@pytest.mark.parametrize("log", ["reference", "market", "ledger-0"])
def test_every_log_of_the_vector_counts(halted: Served, log: str) -> None:
    behind = f"{log}:{halted.everbook.vector()[log]}"
    problem(halted.api.get("/v1/pnl", {"Everbook-At-Least": behind}), 503, "not-yet-visible", "Everbook-At-Least")
    reached = f"{log}:{halted.everbook.read_models.reflected('positions', log)}"
    assert halted.api.get("/v1/pnl", {"Everbook-At-Least": reached}).status_code == httpx.codes.OK


@pytest.mark.parametrize(("path", "models"), MADE_FROM.items())
def test_a_read_waits_for_every_model_that_it_is_made_from(standing: Served, path: str, models: set[str]) -> None:
    tracking = sqlite3.connect(standing.everbook.settings.data / "read-models.db", isolation_level=None)
    last = standing.everbook.vector()["market"]
    found = set()
    for (model,) in tracking.execute("SELECT DISTINCT model FROM reflected").fetchall():
        place = (model,)
        tracking.execute("UPDATE reflected SET sequence = 0 WHERE log = 'market' AND model = ?", place)
        answer = standing.api.get(path, {"Everbook-At-Least": f"market:{last}"})
        if answer.status_code != httpx.codes.OK:
            problem(answer, 503, "not-yet-visible", "Everbook-At-Least")
            found.add(model.rpartition("-v")[0])
        tracking.execute("UPDATE reflected SET sequence = ? WHERE log = 'market' AND model = ?", (last, *place))
    tracking.close()
    assert found == models


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Its worker is at the end of every log, and stands there."""
    with served(tmp_path_factory.mktemp("standing"), fresh_seconds=0.01) as running:
        lay(running)
        running.worker.stop()
        running.worker.catch_up()
        yield running


def test_a_read_waits_until_what_it_demands_is_there(everbook: Served, api: Api) -> None:
    for _ in range(20):
        trade_id = everbook.new("wait")
        at = api.done("/v1/trades", trade(trade_id)).headers["Everbook-Sequence"]
        found = api.get(f"/v1/trades/{trade_id}", {"Everbook-At-Least": at})
        assert found.json()["position"] == at
    with ThreadPoolExecutor(1) as pool:
        coming = f"ledger-0:{everbook.everbook.vector()['ledger-0'] + 1}"
        waiting = pool.submit(api.get, "/v1/trades", {"Everbook-At-Least": coming}, book="EQ-1", limit=1000)
        api.done("/v1/trades", trade("awaited"))
        assert "awaited" in {each["trade_id"] for each in waiting.result().json()["items"]}


def test_what_the_reader_has_already_is_not_sent_again(api: Api) -> None:
    first = api.get("/v1/trades/T1")
    for tag in (first.headers["ETag"], f"W/{first.headers['ETag']}", f'"7", {first.headers["ETag"]}', "*"):
        again = api.get("/v1/trades/T1", {"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert api.get("/v1/trades/T1", {"If-None-Match": '"7"'}).status_code == httpx.codes.OK


def test_what_is_nowhere_is_a_problem_too(api: Api) -> None:
    problem(api.get("/v1/nothing"), 404, "not-found")
    problem(api.get("/v1/trades/"), 404, "not-found")
    assert api.client.put("/v1/trades").headers["Allow"]
    problem(api.client.put("/v1/trades"), 405, "method-not-allowed")
    problem(api.get("/v1/reference/planets"), 404, "unknown-kind", "kind")
    problem(api.get("/v1/proofs/ledger-7/1"), 404, "unknown-log", "log")
    problem(api.get("/v1/proofs/ledger-0/99999"), 404, "no-such-sequence")
    problem(api.get("/v1/checkpoints/ledger-7"), 404, "unknown-log", "log")
