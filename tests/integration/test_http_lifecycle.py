"""What becomes of trades, over HTTP: where each route leads, and that it happens once."""

from typing import Any

import httpx

from domain.identifiers import lei_of
from tests.http import Api, Served, problem, trade

CREATED, OK = httpx.codes.CREATED, httpx.codes.OK


def booked(everbook: Served, **changes: Any) -> str:
    trade_id = everbook.new("B")
    everbook.api.done("/v1/trades", trade(trade_id, **changes))
    return trade_id


def status_of(api: Api, trade_id: str) -> str:
    found: str = api.read(f"/v1/trades/{trade_id}")["status"]
    return found


def test_a_block_is_allocated_and_reallocated_and_its_trades_are_read_by_their_own_ids(
    everbook: Served, api: Api
) -> None:
    block = booked(everbook)
    one, two, three = (everbook.new("A") for _ in range(3))
    asked = {"allocations": [
        {"trade_id": one, "book": "EQ-1", "share": "1"}, {"trade_id": two, "book": "EQ-2", "share": "2"},
    ]}
    answer = api.done(f"/v1/trades/{block}/allocate", asked, headers={"If-Match": '"1"'})
    assert (answer.headers["ETag"], answer.json()["count"], answer.json()["stream"]) == ('"2"', 3, f"trade:{block}")
    found = api.read(f"/v1/trades/{two}")
    assert (found["book"], found["state"]["terms"]["quantity"], found["state"]["parents"]) == ("EQ-2", "7", [block])
    problem(api.post(f"/v1/trades/{block}/cancel"), 422, "allocated")
    problem(api.post(f"/v1/trades/{block}/allocate", asked, headers={"If-Match": '"1"'}), 412, "version-conflict",
            "If-Match")
    api.done(f"/v1/trades/{block}/reallocate", {"allocations": [{"trade_id": three, "book": "EQ-1", "share": "1"}]})
    assert [status_of(api, each) for each in (block, one, two, three)] == [
        "allocated", "withdrawn", "withdrawn", "booked",
    ]
    history = [each["type"] for each in api.read(f"/v1/trades/{two}/events")["items"]]
    assert history == ["trade.booked.v1", "trade.allocation-withdrawn.v1"]


def test_an_allocation_that_is_sent_twice_happens_once(everbook: Served, api: Api) -> None:
    block, child, key = booked(everbook), everbook.new("A"), everbook.new("again-")
    asked = {"allocations": [{"trade_id": child, "book": "EQ-1", "share": "1"}]}
    first = api.done(f"/v1/trades/{block}/allocate", asked, key=key)
    before = everbook.recorded()
    again = api.done(f"/v1/trades/{block}/allocate", asked, key=key)
    assert again.headers["Everbook-Repeated"] == "true"
    assert {**again.json(), "repeated": False} == {**first.json(), "repeated": False}
    assert everbook.recorded() == before


def test_a_key_for_some_books_allocates_to_these_alone(everbook: Served, api: Api) -> None:
    mine, block = everbook.key("trader", books=("EQ-1",)), booked(everbook)
    asked = {"allocations": [{"trade_id": everbook.new("A"), "book": "EQ-2", "share": "1"}]}
    problem(mine.post(f"/v1/trades/{block}/allocate", asked), 403, "not-permitted", "$.allocations[0].book")
    assert status_of(api, block) == "booked"
    other, anew = everbook.new("A"), everbook.new("A")
    api.done(f"/v1/trades/{block}/allocate", {"allocations": [{"trade_id": other, "book": "EQ-2", "share": "1"}]})
    asked = {"allocations": [{"trade_id": anew, "book": "EQ-1", "share": "1"}]}
    problem(mine.post(f"/v1/trades/{block}/reallocate", asked), 403, "not-permitted", "$.book")
    assert status_of(api, other) == "booked"


def test_a_trade_is_novated_and_trades_are_compressed(everbook: Served, api: Api) -> None:
    beta = {"counterparty": "BETA", "name": "Beta", "lei": lei_of("EVERBOOK0000000004")}
    api.done("/v1/reference/counterparties", beta)
    one, two, three, four = booked(everbook), booked(everbook), everbook.new("N"), everbook.new("C")
    api.done(f"/v1/trades/{one}/novate", {"new_trade_id": three, "counterparty": "BETA", "quantity": "4"})
    assert [api.read(f"/v1/trades/{each}")["state"]["terms"]["quantity"] for each in (one, three)] == ["6", "4"]
    before = api.read("/v1/positions/EQ-1/SAN")
    answer = api.post("/v1/compressions", {"trade_id": four, "book": "EQ-1", "trade_ids": [one, two]})
    assert (answer.status_code, answer.headers["Location"], answer.headers["ETag"]) == (
        CREATED, f"/v1/trades/{four}", '"1"',
    )
    assert [status_of(api, each) for each in (one, two, four)] == ["compressed", "compressed", "booked"]
    after = api.read("/v1/positions/EQ-1/SAN")
    assert {name: after[name] for name in ("quantity", "cost", "realised", "fees")} == {
        name: before[name] for name in ("quantity", "cost", "realised", "fees")
    }


def test_a_trade_grows_shrinks_and_ends_early(everbook: Served, api: Api) -> None:
    trade_id = booked(everbook)
    api.done(f"/v1/trades/{trade_id}/increase", {"quantity": "5", "price": "110"})
    api.done(f"/v1/trades/{trade_id}/decrease", {"quantity": "3", "price": "105"})
    assert api.read(f"/v1/trades/{trade_id}")["state"]["terms"]["amount"] == "-1235"
    assert api.done(f"/v1/trades/{trade_id}/terminate", {"amount": "12.50"}).status_code == OK
    assert status_of(api, trade_id) == "terminated"
    problem(api.post(f"/v1/trades/{trade_id}/increase", {"quantity": "5", "price": "110"}), 422, "wrong-state")
    problem(api.post(f"/v1/trades/{booked(everbook)}/decrease", {"quantity": "0", "price": "1"}), 422, "not-positive",
            "$.quantity")
