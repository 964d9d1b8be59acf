"""What holds business back, over HTTP: reference data, limits, lists, kill switches, prices, dates and periods."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from domain.identifiers import lei_of
from tests.http import Api, Served, problem, served, trade

CREATED, OK = httpx.codes.CREATED, httpx.codes.OK


@pytest.fixture
def everbook(tmp_path: Path) -> Iterator[Served]:
    """One for each test: what holds one back would hold back the others."""
    with served(tmp_path) as running:
        yield running


def test_reference_data_is_defined_and_read_back(api: Api) -> None:
    content = {"counterparty": "CP-9", "name": "Ninth", "lei": lei_of("EVERBOOK0000000009"), "country": "FR"}
    answer = api.done("/v1/reference/counterparties", content)
    assert (answer.status_code, answer.headers["Location"]) == (CREATED, "/v1/reference/counterparties/CP-9")
    found = api.get(answer.headers["Location"])
    assert (found.json()["content"]["lei"], found.headers["ETag"]) == (content["lei"], '"1"')
    assert "CP-9" in [each["key"] for each in api.read("/v1/reference/counterparties")["items"]]
    problem(api.post("/v1/reference/planets", {}), 404, "unknown-kind", "kind")
    problem(api.get("/v1/reference/counterparties/CP-8"), 404, "not-found", "key")


def test_a_hard_limit_holds_until_it_is_lifted(api: Api) -> None:
    limit = {"book": "EQ-1", "kind": "gross-notional"}
    api.done("/v1/limits", {**limit, "amount": "1500"})
    api.done("/v1/trades", trade("T1", quantity="10"))
    held = api.post("/v1/trades", trade("T2", quantity="10"))
    problem(held, 422, "limit-gross-notional", "$.terms.quantity")
    (breach,) = api.read("/v1/breaches", book="EQ-1")["items"]
    assert (breach["code"], breach["command_id"]) == ("limit-gross-notional", held.json()["command_id"])
    (used,) = api.read("/v1/limits", book="EQ-1")["items"]
    assert (used["amount"], used["used"]) == ("1500", "1000")
    api.done("/v1/limits", limit)
    assert api.post("/v1/trades", trade("T3", quantity="10")).status_code == CREATED


@pytest.mark.parametrize("switch", [{"book": "EQ-1"}, {"trader": "anna"}])
def test_a_kill_switch_stops_new_business_until_it_is_released(api: Api, switch: dict[str, str]) -> None:
    api.done("/v1/trades", trade("T1"))
    api.done("/v1/kill-switch", {**switch, "reason": "runaway orders"})
    problem(api.post("/v1/trades", trade("T2")), 422, "kill-switch", f"$.{next(iter(switch))}")
    assert api.post("/v1/trades/T1/cancel").status_code == OK
    problem(api.post("/v1/kill-switch", switch), 422, "already-engaged")
    api.done("/v1/kill-switch", switch, method="DELETE")
    assert api.post("/v1/trades", trade("T3")).status_code == CREATED


def test_a_restricted_instrument_is_not_traded_until_it_is_off_the_list(api: Api) -> None:
    api.done("/v1/reference/restrictions", {"instrument": "SAN", "reason": "we advise its buyer"})
    problem(api.post("/v1/trades", trade("T1")), 422, "restricted-instrument", "$.terms.instrument")
    assert api.read("/v1/reference/restrictions/SAN")["in_force"] is True
    api.done("/v1/reference/restrictions/SAN", method="DELETE")
    assert api.read("/v1/reference/restrictions/SAN")["in_force"] is False
    assert api.post("/v1/trades", trade("T2")).status_code == CREATED


def test_prices_and_rates_mark_what_is_held(api: Api) -> None:
    api.done("/v1/trades", trade("T1", quantity="10"))
    answer = api.done("/v1/prices", {"instrument": "SAN", "price": "123.45"})
    api.done("/v1/rates", {"base": "EUR", "quote": "USD", "rate": "1.5"})
    held = api.read("/v1/positions/EQ-1/SAN")
    assert (held["mark"], held["unrealised"]) == ("123.45", "234.50")
    assert int(held["market_position"].split(":")[1]) > int(answer.headers["Everbook-Sequence"].split(":")[1])
    prices = {each["key"]: each["content"] for each in api.read("/v1/prices")["items"]}
    rates = {each["key"]: each["content"] for each in api.read("/v1/rates")["items"]}
    assert (prices["SAN"]["price"], prices["SAN"]["previous"]) == ("123.45", "100")
    assert (rates["EUR/USD"]["rate"], rates["EUR/USD"]["previous"]) == ("1.5", "1.25")


def test_business_dates_roll_and_periods_close(api: Api) -> None:
    problem(api.post("/v1/periods/2026-11-24/close"), 422, "date-out-of-range", "$.through")
    for day in ("2026-11-24", "2026-11-25"):
        api.done("/v1/business-dates", {"business_date": day})
    problem(api.post("/v1/business-dates", {"business_date": "2026-11-25"}), 422, "date-out-of-range",
            "$.business_date")
    assert api.read("/v1/settlements")["business_date"] == "2026-11-25"
    api.done("/v1/periods/2026-11-24/close", {"reason": "month end"})
    problem(api.post("/v1/periods/2026-11-24/close"), 422, "already-closed", "$.through")
    api.done("/v1/trades", trade("T1"))
    (booked,) = api.read("/v1/trades/T1/events")["items"]
    assert booked["state"]["business_date"] == "2026-11-25"


def test_only_what_is_due_fails_to_settle(api: Api) -> None:
    api.done("/v1/business-dates", {"business_date": "2026-11-24"})
    api.done("/v1/trades", trade("T1"))
    problem(api.post("/v1/trades/T1/fail"), 422, "not-due")
    (due,) = api.read("/v1/settlements", due_by="2026-11-26")["items"]
    assert (due["trade_id"], due["overdue"], due["quantity"], due["amount"]) == ("T1", False, "10", "-1000")
