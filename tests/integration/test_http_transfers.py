"""Transfers over HTTP, between books of two logs: lots are found, are in transit, and arrive or come back."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from domain.routing import ledger_of
from infra.logs import CommandedLogs
from tests.http import Api, Served, problem, served, trade

LEDGERS = 4
SECONDS = 20


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    assert ledger_of("EQ-1", LEDGERS) != ledger_of("EQ-2", LEDGERS)
    with served(tmp_path_factory.mktemp("transfers"), ledgers=LEDGERS) as running:
        running.api.done("/v1/trades", trade("T1", quantity="10", price="100"))
        running.api.done("/v1/trades", trade("T2", quantity="50", price="110"))
        yield running


@pytest.fixture
def halted(everbook: Served, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What was sent before has arrived, and nothing arrives any more until it is let go."""
    wait(lambda: everbook.api.read("/v1/transfers/in-transit")["items"] == [])
    monkeypatch.setattr(CommandedLogs, "carry_all", lambda _logs: None)
    return monkeypatch.undo


def asked(everbook: Served, **changes: Any) -> dict[str, Any]:
    return {
        "transfer_id": everbook.new("M"), "book": "EQ-1", "to_book": "EQ-2", "instrument": "SAN",
        "transfer_date": "2026-11-25", "quantity": "2", **changes,
    }


def sent(api: Api, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A transfer is sent, for which the read models must know what is held."""
    answer = api.post("/v1/transfers", body, headers={"Everbook-At-Least": api._served.vector()}, **more)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    content: dict[str, Any] = answer.json()
    return content


def wait(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def sides(api: Api, transfer_id: str) -> dict[str, Any]:
    """Both sides of a transfer, by book."""
    items = api.read("/v1/transfers", limit="1000")["items"]
    return {each["book"]: each for each in items if each["transfer_id"] == transfer_id}


def test_what_is_sent_is_in_transit_until_it_has_arrived(everbook: Served, halted: Callable[[], None]) -> None:
    api, body = everbook.api, asked(everbook)
    held = {each["id"]: each["quantity"] for each in api.read("/v1/positions", book="EQ-2")["items"]}
    before = held.get("EQ-2/SAN", "0")
    outcome = sent(api, body)
    assert outcome["log"] == ledger_of("EQ-1", LEDGERS)
    (waiting,) = api.read("/v1/transfers/in-transit")["items"]
    assert (waiting["transfer_id"], waiting["status"]) == (body["transfer_id"], "sent")
    assert [lot["trade_id"] for lot in waiting["lots"]] == ["T1"]
    assert api.read("/v1/transfers/in-transit", book="EQ-2")["items"] == []
    halted()
    wait(lambda: api.read("/v1/transfers/in-transit")["items"] == [])
    arrived = sides(api, body["transfer_id"])["EQ-2"]
    assert (arrived["status"], arrived["quantity"], arrived["cost"]) == ("received", "2", "200")
    assert int(api.read("/v1/positions/EQ-2/SAN")["quantity"]) == int(before) + 2


def test_a_transfer_that_is_asked_for_again_is_the_same_and_another_is_a_conflict(everbook: Served) -> None:
    body, key = asked(everbook), everbook.new("k-")
    first = sent(everbook.api, body, key=key)
    again = everbook.api.post("/v1/transfers", body, key=key)
    assert again.headers["Everbook-Repeated"] == "true"
    assert again.json()["sequence"] == first["sequence"]
    other = everbook.api.post("/v1/transfers", {**body, "quantity": "3"}, key=key)
    problem(other, 422, "key-reused", "Idempotency-Key")


def test_lots_may_be_named_and_only_those_that_are_open(everbook: Served) -> None:
    body = asked(everbook, lots=[{"trade_id": "T2", "quantity": "4"}])
    del body["quantity"]
    sent(everbook.api, body)
    wait(lambda: "EQ-2" in sides(everbook.api, body["transfer_id"]))
    moved = sides(everbook.api, body["transfer_id"])["EQ-1"]
    assert [(lot["trade_id"], lot["quantity"], lot["cost"]) for lot in moved["lots"]] == [("T2", "4", "440")]
    unknown = {**asked(everbook), "lots": [{"trade_id": "T9", "quantity": "2"}]}
    problem(everbook.api.post("/v1/transfers", unknown), 422, "unknown-lot", "$.lots")


def test_what_the_other_book_refuses_comes_back(everbook: Served, halted: Callable[[], None]) -> None:
    api, body = everbook.api, asked(everbook)
    held = api.read("/v1/positions/EQ-1/SAN")
    sent(api, body)
    api.done("/v1/kill-switch", {"book": "EQ-2"})
    halted()
    back = wait(lambda: (side := sides(api, body["transfer_id"])["EQ-1"])["status"] == "returned" and side)
    assert back["code"] == "kill-switch"
    after = api.read("/v1/positions/EQ-1/SAN")
    assert [after[name] for name in ("quantity", "cost", "realised")] == [
        held[name] for name in ("quantity", "cost", "realised")
    ]
    api.done("/v1/kill-switch", {"book": "EQ-2"}, method="DELETE")


@pytest.mark.parametrize(("changes", "code", "field"), [
    ({"quantity": "900"}, "more-than-held", "$.quantity"), ({"quantity": "0"}, "not-positive", "$.quantity"),
    ({"to_book": "EQ-9"}, "unknown-book", "$.to_book"), ({"instrument": "IBM"}, "more-than-held", "$.quantity"),
])
def test_what_cannot_be_moved_is_refused(everbook: Served, changes: Any, code: str, field: str) -> None:
    problem(everbook.api.post("/v1/transfers", asked(everbook, **changes)), 422, code, field)


@pytest.mark.parametrize(("body", "field"), [
    (b"{", "$"), (b"[]", "$"),
    (b'{"transfer_id": "M", "book": "EQ-1", "instrument": "SAN", "quantity": "x"}', "$.quantity"),
    (b'{"transfer_id": "M", "book": "EQ-1", "instrument": "SAN", "lots": [{"trade_id": "T1"}]}', "$.lots[0].quantity"),
    (b'{"transfer_id": "M", "book": "EQ-1", "book": "EQ-1", "instrument": "SAN", "quantity": "1"}', "$.book"),
])
def test_what_is_no_transfer_is_malformed(everbook: Served, body: bytes, field: str) -> None:
    answer = everbook.api.post("/v1/transfers", body)
    assert (answer.json()["code"], answer.json()["field"]) == ("malformed", field)
    assert answer.status_code in {400, 422}


def test_a_key_sees_and_moves_the_positions_of_its_own_books_alone(everbook: Served) -> None:
    other = everbook.key("trader", books=("EQ-2",))
    problem(other.post("/v1/transfers", asked(everbook)), 403, "not-permitted", "book")
    assert {each["book"] for each in other.read("/v1/transfers")["items"]} <= {"EQ-2"}
