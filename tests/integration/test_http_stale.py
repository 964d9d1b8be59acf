"""Documents that an event could not be applied to: each is a problem, also inside sums, and the rest goes on."""

from collections.abc import Iterator

import httpx
import msgspec
import pytest

from projections.projection import Document
from tests.day import lay
from tests.http import Served, problem, served, trade

SUMS = ("/v1/positions", "/v1/pnl", "/v1/cash", "/v1/journal", "/v1/trial-balance", "/v1/risk", "/v1/risk/exposures",
        "/v1/counterparties/ACME", "/v1/trades", "/v1/settlements", "/v1/limits", "/v1/alerts", "/v1/breaches",
        "/v1/positions?valid_at=2030-01-01", "/v1/cash?valid_at=2030-01-01", "/v1/journal?valid_at=2030-01-01",
        "/v1/trial-balance?valid_at=2030-01-01", "/v1/positions/diff?known_from=ledger-0:1")
OF_BOOK = ("/v1/positions", "/v1/pnl", "/v1/cash", "/v1/trial-balance", "/v1/risk/exposures", "/v1/journal",
           "/v1/trades", "/v1/settlements", "/v1/alerts", "/v1/breaches")
NEVER_BEGUN = {
    "positions": "EQ-2/TTE", "cash": "EQ-2/CHF", "journal": "EQ-2/ledger-0-000000000099", "trades": "EQ-2/ghost",
    "exposure": "EQ-2/CP-2/TTE", "counterparties": "EQ-2/CP-2", "movements": "EQ-2/TTE/ghost/0001",
    "alerts": "EQ-2/off-market/ghost", "breaches": "EQ-2/ledger-0-000000000099",
    "settlements": "EQ-2/ghost/start",
}


def park(everbook: Served, model: str, document: Document) -> None:
    """What the worker writes of a document that it could not go on with."""
    store = everbook.everbook.read_models
    stale = msgspec.structs.replace(document, log="ledger-0", stale=True)
    place = store.reflected(model, "ledger-0")
    store.write("ledger-0", {model: {stale.id: stale}}, expected=place, reflected=place, models=[model])


@pytest.fixture(scope="module", params=["begun", "never begun"])
def everbook(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Of each model something of EQ-2 is stale: it was there before, or could not even be begun."""
    with served(tmp_path_factory.mktemp("stale")) as running:
        lay(running)
        running.worker.stop()
        running.worker.catch_up()
        for model, key in NEVER_BEGUN.items():
            (first, *_) = running.everbook.read_models.scan(model, "EQ-2/")
            park(running, model, first if request.param == "begun" else Document(id=key))
        yield running


@pytest.mark.parametrize("path", SUMS)
def test_a_sum_over_what_is_stale_is_a_problem(everbook: Served, path: str) -> None:
    content = problem(everbook.api.client.get(path), 503, "projection-stale")
    assert [each.split("/")[0] for each in content["stale"]] == ["EQ-2"]


@pytest.mark.parametrize("path", OF_BOOK)
def test_what_the_event_does_not_touch_goes_on(everbook: Served, path: str) -> None:
    assert everbook.api.client.get(path, params={"book": "EQ-1"}).status_code == httpx.codes.OK
    problem(everbook.api.client.get(path, params={"book": "EQ-2"}), 503, "projection-stale")


def test_one_document_that_is_stale_is_not_given(everbook: Served, request: pytest.FixtureRequest) -> None:
    begun = "never" not in request.node.name
    instrument, trade_id = ("SAN", "U1") if begun else ("TTE", "ghost")
    for path in (f"/v1/positions/EQ-2/{instrument}", f"/v1/positions/EQ-2/{instrument}/explain",
                 f"/v1/trades/{trade_id}", f"/v1/trades/{trade_id}/events"):
        problem(everbook.api.client.get(path), 503, "projection-stale")


@pytest.mark.parametrize(("path", "name", "value"), [
    ("/v1/positions", "desk", "EQ"), ("/v1/trades", "status", "booked"), ("/v1/journal", "business_date", "2026-11-24"),
    ("/v1/alerts", "severity", "high"), ("/v1/breaches", "code", "limit-order-quantity"),
    ("/v1/cash", "currency", "EUR"),
])
def test_a_filter_does_not_make_what_is_stale_disappear(everbook: Served, path: str, name: str, value: str) -> None:
    problem(everbook.api.client.get(path, params={name: value}), 503, "projection-stale")


def test_a_key_for_another_book_is_not_held_up_and_not_told(everbook: Served) -> None:
    reader = everbook.key("compliance", books=("EQ-1",))
    for path in SUMS:
        answer = reader.client.get(path)
        assert answer.status_code == httpx.codes.OK, answer.text
        assert "EQ-2" not in answer.text


def test_the_log_itself_is_still_there_to_read_and_prove(everbook: Served) -> None:
    assert "U1" in everbook.api.client.get("/v1/events").text
    assert everbook.api.post("/v1/trades", trade(everbook.new("T"), book="EQ-2")).status_code == httpx.codes.CREATED
