"""Figures over HTTP: what a day came to, worked out by hand, and explained down to its events."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.command_line import run
from tests.day import DAY, lay
from tests.http import Api, Served, problem, served, trade

# Gross, net and dealt. Nine shares at a mark of 105, a thousand euros and the loan are held; IBM has no mark. At a
# rate of 1.25 dollars for a euro 1,260 dollars were dealt for the pair and 1,000 for IBM.
DIMENSIONS: dict[str, dict[str, tuple[str, str, str]]] = {
    "book": {"EQ-1": ("37630", "37630", "39248"), "EQ-2": ("315", "315", "1850")},
    "desk": {"EQ": ("37945", "37945", "41098")},
    "entity": {"BANK": ("37945", "37945", "41098")},
    "counterparty": {"ACME": ("37945", "37945", "41098")},
    "issuer": {
        "ACME": ("36000", "36000", "36000"), "EUR": ("1000", "1000", "1008"), "IBM": ("0", "0", "800"),
        "SANOFI": ("945", "945", "3290"),
    },
    "currency": {"EUR": ("37945", "37945", "39290"), "USD": ("1008", "-1008", "1808")},
    "instrument": {
        "EURUSD": ("1000", "1000", "1008"), "IBM": ("0", "0", "800"), "LOAN-EUR": ("36000", "36000", "36000"),
        "SAN": ("945", "945", "3290"),
    },
}


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("day")) as running:
        lay(running)
        yield running


def figures(line: dict[str, Any], *names: str) -> list[Decimal]:
    return [Decimal(line[name]) for name in names]


def test_a_position_is_what_was_traded_at_its_lots_and_mark(api: Api) -> None:
    first_in_first_out = api.read("/v1/positions/EQ-1/SAN")
    assert figures(first_in_first_out, "quantity", "settled", "in_flight", "cost", "realised", "fees") == [
        6, 6, 0, 600, 40, Decimal("4.5")
    ]
    assert figures(first_in_first_out, "mark", "market_value", "unrealised", "total_in_base") == [
        105, 630, 30, Decimal("65.5")
    ]
    assert [(lot["trade_id"], lot["quantity"], lot["price"]) for lot in first_in_first_out["lots"]] == [
        ("T1", "6", "100")
    ]
    average = api.read("/v1/positions/EQ-2/SAN")
    assert figures(average, "quantity", "cost", "realised", "unrealised") == [3, 345, -105, -30]


def test_positions_are_listed_by_book_desk_and_instrument(api: Api) -> None:
    assert [each["id"] for each in api.read("/v1/positions", book="EQ-1")["items"]] == [
        "EQ-1/EURUSD", "EQ-1/IBM", "EQ-1/LOAN-EUR", "EQ-1/SAN"
    ]
    assert [each["id"] for each in api.read("/v1/positions", instrument="SAN")["items"]] == ["EQ-1/SAN", "EQ-2/SAN"]
    assert len(api.read("/v1/positions", desk="EQ")["items"]) == 5
    assert api.read("/v1/positions", desk="FX")["items"] == []
    problem(api.get("/v1/positions/EQ-1/NONE"), 404, "unknown-position", "instrument")


def test_every_position_is_explained_down_to_its_events(api: Api) -> None:
    events = {f"{each['log']}:{each['sequence']}": each for each in map(_decoded, _lines(api.get("/v1/events")))}
    for position in api.read("/v1/positions")["items"]:
        explained = api.read(f"/v1/positions/{position['id']}/explain")
        assert sum(Decimal(each["quantity"]) for each in explained["items"]) == Decimal(position["quantity"])
        assert Decimal(explained["quantity"]) == Decimal(position["quantity"])
        for each in explained["items"]:
            state = events[each["event"]]["state"]
            moved = each["settled"] if each["kind"] == "settlement" else each["quantity"]
            assert (state["trade_id"], state.get("quantity", state["terms"]["quantity"])) == (each["trade_id"], moved)
    assert "T3" not in {each["trade_id"] for each in api.read("/v1/positions/EQ-1/SAN/explain")["items"]}
    problem(api.get("/v1/positions/EQ-1/NONE/explain"), 404, "unknown-position", "instrument")


def test_profit_is_in_the_base_currency_and_names_what_has_no_mark(api: Api) -> None:
    lines = {each["name"]: each for each in api.read("/v1/pnl", by="book")["items"]}
    assert figures(lines["EQ-1"], "realised", "unrealised", "fees", "total") == [
        40, 22, Decimal("4.5"), Decimal("57.5")
    ]
    assert figures(lines["EQ-2"], "realised", "unrealised", "fees", "total") == [-105, -30, 0, -135]
    assert lines["EQ-1"]["unmarked"] == ["EQ-1/IBM"]
    (desk,), (entity,) = (api.read("/v1/pnl", by=by)["items"] for by in ("desk", "entity"))
    assert figures(desk, "total") == figures(entity, "total") == [Decimal("-77.5")]
    (one,) = api.read("/v1/pnl", by="book", book="EQ-2", desk="EQ")["items"]
    assert one == lines["EQ-2"]


def test_cash_is_settled_receivable_and_payable(api: Api) -> None:
    cash = {each["id"]: each for each in api.read("/v1/cash")["items"]}
    assert figures(cash["EQ-1/EUR"], "settled", "receivable", "payable", "total") == [
        # Six of ten for 602.70 of 1,004.50; 440 and the pair's 1,000 to come; 401.80 and the loan of 36,000 to pay.
        Decimal("-602.7"), 1440, Decimal("36401.8"), Decimal("-35564.5")
    ]
    assert figures(cash["EQ-1/USD"], "settled", "receivable", "payable", "total") == [0, 0, 2260, -2260]
    (one,) = api.read("/v1/cash", book="EQ-2", currency="EUR")["items"]
    assert figures(one, "total") == [-450]


def test_the_journal_balances_entry_by_entry_and_as_a_whole(api: Api) -> None:
    entries = api.read("/v1/journal", limit=1000)["items"]
    balances: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for posting in entry["postings"]:
            sums[posting["asset"]] += Decimal(posting["quantity"])
            balances[posting["account"], posting["asset"]] += Decimal(posting["quantity"])
        assert set(sums.values()) == {0}, entry
    read = api.read("/v1/trial-balance")
    shown = {(each["account"], each["asset"]): Decimal(each["balance"]) for each in read["items"]}
    assert shown == {place: balance for place, balance in balances.items() if place in shown}
    assert all(balance == 0 for place, balance in balances.items() if place not in shown)
    assert {Decimal(total) for total in read["sums"].values()} == {0}
    assert {each["trade_id"] for each in api.read("/v1/journal", trade_id="T3")["items"]} == {"T3"}
    assert len(api.read("/v1/journal", book="EQ-1", business_date=DAY)["items"]) > len(entries) // 2
    assert api.read("/v1/journal", business_date="2026-11-23")["items"] == []


def test_settlements_say_what_is_open_and_when(api: Api) -> None:
    items = {each["id"]: each for each in api.read("/v1/settlements", book="EQ-1")["items"]}
    assert set(items) == {"EQ-1/T1/start", "EQ-1/T2/start", "EQ-1/T4/start", "EQ-1/T5/maturity", "EQ-1/T5/start",
                          "EQ-1/T6/start"}
    partly = items["EQ-1/T1/start"]
    assert figures(partly, "quantity", "settled_quantity", "open_quantity") == [10, 6, 4]
    assert figures(partly, "amount", "open_amount") == [Decimal("-1004.5"), Decimal("-401.8")]
    assert figures(items["EQ-1/T5/maturity"], "quantity", "amount") == [-36000, 36090]
    assert [each["trade_id"] for each in api.read("/v1/settlements", due_by="2026-11-25")["items"]] == ["T5"]
    assert len(api.read("/v1/settlements", counterparty="ACME")["items"]) == 9
    assert api.read("/v1/settlements", counterparty="NOBODY")["items"] == []


@pytest.mark.parametrize("by", DIMENSIONS)
def test_exposure_is_the_same_money_by_every_dimension(api: Api, by: str) -> None:
    lines = api.read("/v1/risk/exposures", by=by)["items"]
    assert {each["name"]: tuple(figures(each, "gross", "net", "dealt")) for each in lines} == {
        name: tuple(map(Decimal, expected)) for name, expected in DIMENSIONS[by].items()
    }
    assert {each["name"]: each["unmarked"] for each in lines if each["unmarked"]} == {
        name: ["EQ-1/ACME/IBM" if by == "counterparty" else "EQ-1/IBM"]
        for name in DIMENSIONS[by] if name in {"EQ-1", "EQ", "BANK", "IBM", "USD"} or by == "counterparty"
    }


def test_a_book_shows_its_exposure_and_limits(api: Api) -> None:
    whole = api.read("/v1/risk")["items"]
    assert [each["name"] for each in whole] == ["EQ-1", "EQ-2"]
    one = api.read("/v1/risk/EQ-2")
    assert figures(one["exposure"][0], "gross", "dealt") == [315, 1850]
    assert [each["amount"] for each in one["limits"]] == ["60000"]
    assert [each["book"] for each in api.read("/v1/limits")["items"]] == ["EQ-1", "EQ-2"]
    problem(api.get("/v1/risk/NONE"), 404, "unknown-book", "book")


def test_what_was_held_back_and_what_looks_wrong_is_listed(api: Api) -> None:
    assert [each["book"] for each in api.read("/v1/breaches", code="limit-order-quantity")["items"]] == ["EQ-1", "EQ-2"]
    assert api.read("/v1/breaches", book="EQ-1", code="kill-switch")["items"] == []
    kinds = {each["id"]: each["kind"] for each in api.read("/v1/alerts")["items"]}
    assert kinds == {
        "EQ-1/off-market/T2": "off-market", "EQ-2/off-market/U1": "off-market",
        "EQ-2/wash-round-trip/U3": "wash-round-trip", "EQ-2/wash-same-owner/U2": "wash-same-owner",
    }
    high = api.read("/v1/alerts", book="EQ-2", kind="off-market", severity="high")["items"]
    assert [each["evidence"]["price"] for each in high] == ["150"]


def events_of(answer: Any) -> list[str]:
    return [each["event"] for each in answer["items"]]


def test_the_audit_is_searched_by_time_and_by_text(api: Api) -> None:
    whole = api.read("/v1/audit", limit=1000)
    middle = whole["items"][len(whole["items"]) // 2]["recorded_at"]
    before, since = (api.read("/v1/audit", limit=1000, **{name: middle}) for name in ("to", "from"))
    assert sorted(events_of(before) + events_of(since)) == sorted(events_of(whole))
    assert all(each["recorded_at"] < middle for each in before["items"])
    assert before["items"]
    (refused, other) = api.read("/v1/audit", q="LIMIT-order-quantity")["items"]
    assert {refused["trade_id"], other["trade_id"]} == {"T9", "U9"}
    assert {each["trade_id"] for each in api.read("/v1/audit", q="trade:U")["items"]} == {"U1", "U2", "U3"}
    assert [each["code"] for each in api.read("/v1/audit", q="u9")["items"]] == ["limit-order-quantity"]
    assert api.read("/v1/audit", q="exceeds the limit of 50000")["items"] == [
        each for each in (refused, other) if each["trade_id"] == "T9"
    ]
    assert api.read("/v1/audit", q="nothing is called so") == {"items": [], "next": None}


def test_pages_of_a_search_together_are_the_whole(api: Api) -> None:
    whole = events_of(api.read("/v1/audit", q="trade:", limit=1000))
    found, cursor = [], None
    while answer := api.read("/v1/audit", q="trade:", limit=3, **({"after": cursor} if cursor else {})):
        found += events_of(answer)
        assert len(answer["items"]) <= 3
        if (cursor := answer["next"]) is None:
            break
    assert found == whole
    assert len(found) > 6


def test_an_audit_of_no_time_is_refused(api: Api) -> None:
    problem(api.get("/v1/audit", to="2026-11-24T00:00:00"), 422, "bad-parameter", "to")
    problem(api.get("/v1/audit", q=""), 422, "bad-parameter", "q")


def test_the_command_line_searches_the_audit_too(everbook: Served, api: Api) -> None:
    data = everbook.everbook.settings.data
    found = run("audit", "--data", data, "--search", "trade:u", "--limit", "-1", "--json")
    assert [each["event"] for each in found] == events_of(api.read("/v1/audit", q="trade:u"))
    assert len(run("audit", "--data", data, "--search", "trade:u", "--limit", "2", "--json")) == 2
    assert run("audit", "--data", data, "--from", "2100-01-01T00:00:00Z", "--json") == []
    assert "no time of RFC 3339" in run("audit", "--data", data, "--to", "noon", code=1)


def test_the_audit_tells_who_did_what_and_why(api: Api) -> None:
    (cancelled,) = api.read("/v1/audit", type="trade.cancelled.v1", actor="admin", book="EQ-1")["items"]
    assert (cancelled["trade_id"], cancelled["reason"], cancelled["source"]) == ("T3", "never agreed", "admin")
    story = [each["type"] for each in api.read("/v1/audit", trade_id="T1")["items"]]
    assert story == ["trade.booked.v1", "trade.partially-settled.v1"]


def test_a_counterparty_is_shown_from_all_sides(api: Api) -> None:
    view = api.read("/v1/counterparties/ACME")
    assert (view["trades"], view["cancelled"], view["settlements"], view["fails"]) == (9, 1, 0, 0)
    assert (view["books"], view["fees"], view["reference"]["name"]) == (["EQ-1", "EQ-2"], {"EUR": "4.50"}, "Acme")
    assert len(view["alerts"]) == 4
    assert [sum(Decimal(each[name]) for each in view["exposure"]) for name in ("gross", "dealt")] == [37945, 41098]
    problem(api.get("/v1/counterparties/NOBODY"), 404, "unknown-counterparty")


def test_trades_are_listed_by_what_they_are(api: Api) -> None:
    def found(**parameters: str) -> list[str]:
        return [each["trade_id"] for each in api.read("/v1/trades", **parameters)["items"]]

    assert found(status="cancelled") == ["T3"]
    assert found(due_on="2026-11-25") == ["T5"]
    assert found(instrument="EURUSD", counterparty="ACME") == ["T4"]
    assert found(book="EQ-2") == ["U1", "U2", "U3"]


def _lines(answer: httpx.Response) -> list[str]:
    return answer.text.splitlines()


def _decoded(line: str) -> dict[str, Any]:
    content: dict[str, Any] = httpx.Response(200, text=line).json()
    return content


def test_what_explains_a_flat_position_is_a_plain_zero(tmp_path: Path) -> None:
    with served(tmp_path) as everbook:
        for side in ("buy", "sell"):
            everbook.api.done("/v1/trades", trade(f"T-{side}", quantity="0.000000000001", side=side))
        assert everbook.api.read("/v1/positions/EQ-1/SAN/explain")["quantity"] == "0.00"
