"""Settlements over HTTP: from the booking to the custodian's word, through nets, fails, buy-ins and penalties."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from api.examples import DEFINITIONS
from domain.commands import InstructSettlement, MatchSettlement
from tests.http import Api, Served, problem, results, served, trade
from tests.trade_commands import about


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """On Thursday 3 December; what was traded on 24 November was due on the 26th."""
    with served(tmp_path_factory.mktemp("settlements")) as running:
        running.api.done("/v1/business-dates", {"business_date": "2026-12-03"})
        for kind in ("penalty-rates", "liquidity"):
            running.api.done(f"/v1/reference/{kind}", DEFINITIONS[kind])
        yield running


@pytest.fixture
def trade_id(everbook: Served, api: Api) -> str:
    named = everbook.new("T")
    api.done("/v1/trades", trade(named))
    return named


def settlement(api: Api, trade_id: str, status: str = "all") -> Any:
    (found,) = api.read("/v1/settlements", trade_id=trade_id, status=status)["items"]
    return found


def test_a_settlement_goes_its_way_by_routes_of_its_own(api: Api, trade_id: str) -> None:
    assert settlement(api, trade_id)["status"] == "issued"
    for path, content, status in (
        ("instruct", {"instruction": "SI-1"}, "instructed"), ("mismatch", {"difference": "price"}, "instructed"),
        ("match", {}, "matched"), ("hold", {}, "matched"), ("release", {}, "matched"), ("fail", {}, "failing"),
        ("settle", {"quantity": "4"}, "partially-settled"), ("fail", {"cause": "cash"}, "failing"),
        ("buy-in", {"price": "104"}, "bought-in"),
    ):
        answer = api.done(f"/v1/trades/{trade_id}/{path}", content)
        assert answer.headers["ETag"]
        found = settlement(api, trade_id)
        assert found["status"] == status, path
    assert (found["settled_quantity"], found["open_quantity"], found["fails"]) == ("10", "0", 2)
    assert len(found["steps"]) == 10


def test_an_instruction_is_taken_back_and_given_anew(api: Api, trade_id: str) -> None:
    api.done(f"/v1/trades/{trade_id}/instruct", {"instruction": "SI-1"})
    problem(api.post(f"/v1/trades/{trade_id}/instruct", {"instruction": "SI-2"}), 422, "wrong-state")
    api.done(f"/v1/trades/{trade_id}/cancel-instruction")
    api.done(f"/v1/trades/{trade_id}/instruct", {"instruction": "SI-2"})
    assert settlement(api, trade_id)["instruction"] == "SI-2"


def test_commands_about_settlements_go_in_bulk_too(api: Api, trade_id: str) -> None:
    instructed = about(InstructSettlement, trade_id, instruction="SI-1", command_id=f"i-{trade_id}")
    answered = results(api.bulk(instructed, about(MatchSettlement, trade_id, command_id=f"m-{trade_id}")))
    assert [each["status"] for each in answered] == ["accepted", "accepted"]
    assert settlement(api, trade_id)["status"] == "matched"


def test_fails_are_found_by_how_many_business_days_they_have_been_due(api: Api, trade_id: str) -> None:
    found = settlement(api, trade_id, "open")
    assert (found["business_days_open"], found["ageing"], found["overdue"]) == (5, "5-7", True)
    for filters, is_there in (
        ({"ageing": "5-7"}, True), ({"ageing": "1-4"}, False), ({"due_by": "2026-11-26"}, True),
        ({"due_by": "2026-11-25"}, False), ({"status": "issued"}, True), ({"status": "settled"}, False),
        ({"counterparty": "ACME"}, True), ({"counterparty": "BETA"}, False), ({"book": "EQ-2"}, False),
    ):
        items = api.read("/v1/settlements", **{"trade_id": trade_id, **filters})["items"]
        assert bool(items) is is_there, filters
    problem(api.get("/v1/settlements", ageing="old"), 422, "bad-parameter", "ageing")


def test_a_penalty_is_booked_in_the_journal_and_in_cash_and_balances(api: Api, trade_id: str) -> None:
    before = {each["currency"]: each for each in api.read("/v1/cash", book="EQ-1")["items"]}["EUR"]
    problem(api.post(f"/v1/trades/{trade_id}/penalty"), 422, "no-penalty")
    api.done(f"/v1/trades/{trade_id}/fail")
    # 10 x 100 at a basis point, on six business days from the 26th to the 3rd.
    api.done(f"/v1/trades/{trade_id}/penalty")
    problem(api.post(f"/v1/trades/{trade_id}/penalty"), 422, "nothing-due")
    after = {each["currency"]: each for each in api.read("/v1/cash", book="EQ-1")["items"]}["EUR"]
    assert [Decimal(after[name]) - Decimal(before[name]) for name in ("settled", "total", "penalties")] == [
        Decimal("0.60")
    ] * 3
    entry = api.read("/v1/journal", trade_id=trade_id)["items"][-1]
    assert {posting["account"]: posting["quantity"] for posting in entry["postings"]} == {
        "Assets:Nostro": "0.60", "Income:Penalties": "-0.60"
    }
    assert {Decimal(total) for total in api.read("/v1/trial-balance")["sums"].values()} == {0}
    assert settlement(api, trade_id)["penalties"] == "0.60"


def test_a_net_settles_its_trades_at_once(everbook: Served, api: Api) -> None:
    trade_ids = [everbook.new("N") for _ in range(3)]
    for named in trade_ids:
        api.done("/v1/trades", trade(named))
    net_id = everbook.new("net-")
    answer = api.done("/v1/settlements/nets", {"net_id": net_id, "book": "EQ-1", "trade_ids": trade_ids})
    assert (answer.status_code, answer.json()["stream"], answer.json()["count"]) == (201, f"net:{net_id}", 4)
    assert len(api.read("/v1/settlements", net=net_id)["items"]) == 3
    problem(api.post(f"/v1/trades/{trade_ids[0]}/settle"), 422, "netted")
    api.done(f"/v1/settlements/nets/{net_id}/settle", {"book": "EQ-1"})
    assert {each["status"] for each in api.read("/v1/settlements", net=net_id, status="all")["items"]} == {"settled"}
    problem(api.post(f"/v1/settlements/nets/{net_id}/dissolve", {"book": "EQ-1"}), 422, "wrong-state", "$.net_id")
    for named in trade_ids:
        history = api.read(f"/v1/trades/{named}/events")["items"]
        assert [each["version"] for each in history] == [1, 2, 3]


def test_a_net_is_for_keys_of_its_book(everbook: Served, trade_id: str) -> None:
    other = everbook.key("operations", books=("EQ-2",))
    net = {"net_id": "foreign", "book": "EQ-1", "trade_ids": [trade_id, trade_id]}
    problem(other.post("/v1/settlements/nets", net), 403, "not-permitted", "$.book")


def test_a_statement_is_reconciled_and_nothing_recorded(everbook: Served, api: Api, trade_id: str) -> None:
    api.done(f"/v1/trades/{trade_id}/settle")
    theirs = Decimal(api.read("/v1/positions/EQ-1/SAN")["settled"]) + 10_000
    content = f"as_of,depot,isin,quantity\n2026-12-03,D1,FR0000120578,{theirs}\n2026-12-03,D1,BAD,1\n".encode()
    before = everbook.recorded()
    fresh = {"Everbook-At-Least": everbook.vector()}
    found = api.done("/v1/reconciliations", content, key=None, headers=fresh, kind="custody", account="D1=EQ-1").json()
    ((only,), (bad,)) = found["reconciliation"]["breaks"], found["errors"]
    assert (only["difference"], only["reasons"][0]["cause"]) == ("10000", "unexplained")
    assert (bad["line"], bad["field"]) == (3, "isin")
    assert everbook.recorded() == before
    other = everbook.key("operations", books=("EQ-2",))
    problem(other.post("/v1/reconciliations", content, account="D1=EQ-1"), 403, "not-permitted", "book")
    problem(api.post("/v1/reconciliations", content, account="D1"), 422, "bad-parameter", "account")
    problem(api.post("/v1/reconciliations", b"colour\nred"), 400, "malformed", "$")
    problem(api.post("/v1/reconciliations", b"\xff\xfe"), 400, "malformed", "$")


def test_a_settlement_is_told_as_it_was_known_page_by_page_and_for_ever(everbook: Served, api: Api) -> None:
    first, second = everbook.new("T"), everbook.new("T")
    for each in (first, second):
        api.done("/v1/trades", trade(each))
    then = everbook.vector()
    api.done(f"/v1/trades/{first}/settle", {})
    now = settlement(api, first)
    asked: dict[str, Any] = {"known_at": then, "book": "EQ-1", "status": "issued", "limit": "1"}
    page = api.read("/v1/settlements", **asked)
    found, link = list(page["items"]), page["next"]
    while link:
        page = api.read("/v1/settlements", **asked, after=link)
        found, link = [*found, *page["items"]], page["next"]
    assert page["final"]
    assert {first, second} <= {each["trade_id"] for each in found}
    (before,) = api.read("/v1/settlements", known_at=then, trade_id=first, status="all")["items"]
    assert (before["status"], before["open_quantity"], now["status"]) == ("issued", "10", "settled")
    assert api.read("/v1/settlements", known_at=then, trade_id=first, status="settled")["items"] == []
    assert api.read("/v1/settlements", valid_at="2026-01-01", trade_id=first, status="all")["items"] == []
    (shown,) = api.read("/v1/settlements", known_at=page["known_at"], valid_at="2027-01-01", trade_id=second)["items"]
    assert (shown["status"], shown["overdue"]) == ("issued", True)
    other = everbook.key("reporting", books=("EQ-2",))
    assert other.get("/v1/settlements", known_at=then, book="EQ-1").status_code == 403
    assert other.read("/v1/settlements", known_at=then, status="all")["items"] == []
    problem(api.get("/v1/settlements", known_at="today"), 400, "bad-vector", "known_at")
