"""Several ledger logs over HTTP: a trade id is unique in each, and which one is meant is asked, not guessed."""

from collections.abc import Iterator

import httpx
import pytest

from domain.routing import ledger_of
from tests.http import Served, problem, served, trade

LEDGERS = 4


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    assert ledger_of("EQ-1", LEDGERS) != ledger_of("EQ-2", LEDGERS)
    with served(tmp_path_factory.mktemp("several"), ledgers=LEDGERS) as running:
        for book in ("EQ-1", "EQ-2"):
            running.api.done("/v1/trades", trade("T1", book=book))
            running.api.done("/v1/trades", trade("T2", book=book))
        running.api.done("/v1/trades", trade("T3", book="EQ-2"))
        yield running


def test_a_trade_id_of_several_logs_is_not_guessed(everbook: Served) -> None:
    api = everbook.api
    for path in ("/v1/trades/T1", "/v1/trades/T1/events"):
        assert "EQ-1, EQ-2" in problem(api.get(path), 409, "ambiguous-trade", "book")["detail"]
    before = everbook.recorded()
    problem(api.post("/v1/trades/T1/affirm", {}), 409, "ambiguous-trade", "book")
    assert everbook.recorded() == before


def test_the_book_says_which_trade_is_meant(everbook: Served) -> None:
    api = everbook.api
    assert api.read("/v1/trades/T1", book="EQ-2")["book"] == "EQ-2"
    (booked,) = api.read("/v1/trades/T1/events", book="EQ-1")["items"]
    assert booked["state"]["terms"]["book"] == "EQ-1"
    outcome = api.post("/v1/trades/T1/affirm", {}, book="EQ-2").json()
    assert outcome["log"] == ledger_of("EQ-2", LEDGERS)
    assert [api.read("/v1/trades/T1", book=book)["status"] for book in ("EQ-1", "EQ-2")] == ["booked", "affirmed"]
    problem(api.post("/v1/trades/T1/affirm", {}, book="EQ-9"), 404, "unknown-trade", "trade_id")
    problem(api.get("/v1/trades/T1", book="EQ-9"), 404, "unknown-trade", "trade_id")


def test_the_books_of_a_key_say_which_trade_is_meant(everbook: Served) -> None:
    desk = everbook.key("trader", "operations", books=("EQ-1",))
    assert desk.read("/v1/trades/T2")["book"] == "EQ-1"
    assert desk.post("/v1/trades/T2/affirm", {}).json()["log"] == ledger_of("EQ-1", LEDGERS)
    assert desk.post("/v1/trades/T3/affirm", {}).status_code == httpx.codes.NOT_FOUND


def test_a_trade_id_of_one_log_needs_no_book(everbook: Served) -> None:
    assert everbook.api.read("/v1/trades/T3")["book"] == "EQ-2"
    everbook.api.done("/v1/trades/T3/affirm", {})
