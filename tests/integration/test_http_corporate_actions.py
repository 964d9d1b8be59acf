"""Corporate actions over HTTP: announced once, taken over into the books of two ledger logs, amended and cancelled."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from domain.routing import ledger_of
from tests.http import Api, Served, problem, served, trade

LEDGERS = 4
BOOKS = ("EQ-1", "EQ-2")
ACTIONS = "/v1/reference/corporate-actions"
DIVIDEND = {"action": "SAN-DIV", "instrument": "SAN", "ex_date": "2026-11-26", "pay_date": "2026-11-28",
            "terms": {"kind": "cash-dividend", "amount": "2", "withholding_percent": "25"}}
CHILD = {"instrument": "EUROAPI", "name": "Euroapi", "isin": "FR0014008VX5", "mic": "XPAR", "cfi": "ESVUFR",
         "currency": "EUR", "issuer": "EUROAPI", "calendar": "XPAR"}
SPIN_OFF = {"action": "SAN-SPIN", "instrument": "SAN", "ex_date": "2026-11-25", "pay_date": "2026-11-27",
            "terms": {"kind": "spin-off", "into": "EUROAPI", "new": "1", "old": "4", "cost_percent": "10",
                      "cash_in_lieu": "12"}}
SPLIT = {"action": "SAN-SPLIT", "instrument": "SAN", "ex_date": "2026-11-27", "terms": {"kind": "split", "new": "2",
         "old": "1"}}


@pytest.fixture
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    assert ledger_of("EQ-1", LEDGERS) != ledger_of("EQ-2", LEDGERS)
    with served(tmp_path_factory.mktemp("actions"), ledgers=LEDGERS) as running:
        api = running.api
        api.done("/v1/business-dates", {"business_date": "2026-11-24"})
        for number, book in enumerate(BOOKS, 1):
            booked = trade(f"T{number}", quantity=f"{number}0", price="100", book=book)
            api.done("/v1/trades", {**booked, "effective_at": "2026-11-24T09:00:00Z"})
        api.done(ACTIONS, DIVIDEND)
        api.done(ACTIONS, SPLIT)
        yield running


def roll(api: Api, day: str) -> None:
    api.done("/v1/business-dates", {"business_date": day})


def positions(api: Api, *names: str, instrument: str = "SAN", **asked: Any) -> list[list[Decimal]]:
    found = [api.read(f"/v1/positions/{book}/{instrument}", **asked) for book in BOOKS]
    return [[Decimal(each[name]) for name in names] for each in found]


def cash(api: Api, *names: str) -> list[list[Decimal]]:
    return [[Decimal(each[name]) for name in names] for each in api.read("/v1/cash", currency="EUR")["items"]]


def test_an_action_reaches_the_books_of_every_log_on_its_dates(everbook: Served) -> None:
    api = everbook.api
    assert positions(api, "quantity", "income") == [[10, 0], [20, 0]]
    roll(api, "2026-11-26")
    before = everbook.vector()
    assert positions(api, "income", "tax") == [[15, 5], [30, 10]]
    assert cash(api, "settled", "receivable") == [[0, 15], [0, 30]]
    roll(api, "2026-11-28")
    assert positions(api, "quantity", "cost") == [[20, 1000], [40, 2000]]
    assert cash(api, "settled", "receivable") == [[15, 0], [30, 0]]
    assert positions(api, "quantity", "income", known_at=before) == [[10, 15], [20, 30]]
    assert positions(api, "quantity", "income", valid_at="2026-11-25") == [[10, 0], [20, 0]]
    balance = api.read("/v1/trial-balance")
    assert {Decimal(total) for total in balance["sums"].values()} == {Decimal(0)}
    explained = api.read("/v1/positions/EQ-1/SAN/explain")
    assert [each["kind"] for each in explained["items"]] == ["trade", "action", "payment", "action", "payment"]
    assert sum(Decimal(each["income"]) for each in explained["items"]) == Decimal(explained["income"]) == 15


def test_what_is_amended_and_cancelled_is_amended_and_cancelled_in_every_log(everbook: Served) -> None:
    api = everbook.api
    roll(api, "2026-11-28")
    first = everbook.vector()
    terms = {"kind": "cash-dividend", "amount": "3"}
    api.done(f"{ACTIONS}/SAN-DIV/amend", {"ex_date": "2026-11-26", "pay_date": "2026-11-28", "terms": terms})
    assert positions(api, "income", "tax") == [[30, 0], [60, 0]]
    api.done(f"{ACTIONS}/SAN-SPLIT/cancel", {"reason": "the meeting said no"})
    assert positions(api, "quantity") == [[10], [20]]
    shown = api.read(f"{ACTIONS}/SAN-SPLIT")
    assert (shown["in_force"], shown["content"]["action"]["instrument"]) == (False, "SAN")
    (changed,) = api.read("/v1/positions/diff", known_from=first, book="EQ-2")["items"]
    assert [Decimal(changed["change"][name]) for name in ("income", "quantity")] == [30, -20]
    # Restarted, the logs have nothing left to take over.
    recorded = everbook.recorded()
    everbook.everbook.logs.carry_over()
    assert everbook.recorded() == recorded


def test_a_spin_off_makes_positions_in_the_child_that_late_trades_change_too(everbook: Served) -> None:
    api = everbook.api
    api.done("/v1/reference/instruments", CHILD)
    api.done(ACTIONS, SPIN_OFF)
    roll(api, "2026-11-25")
    asked: dict[str, Any] = {"instrument": "EUROAPI"}
    # Of ten and twenty come two and a half, of which the half is paid out, and five.
    assert positions(api, "quantity", "cost", "realised", **asked) == [[2, 80, -14], [5, 200, 0]]
    assert positions(api, "quantity", "cost") == [[10, 900], [20, 1800]]
    assert cash(api, "receivable") == [[6], [0]]
    before = everbook.vector()
    late = trade("T9", quantity="2", price="100", book="EQ-1")
    api.done("/v1/trades", {**late, "effective_at": "2026-11-24T10:00:00Z"})
    assert positions(api, "quantity", "cost", "realised", **asked) == [[3, 120, 0], [5, 200, 0]]
    assert positions(api, "quantity", "cost", known_at=before, **asked) == [[2, 80], [5, 200]]
    assert positions(api, "quantity", valid_at="2026-11-24", known_at=everbook.vector(), **asked) == [[0], [0]]
    balance = api.read("/v1/trial-balance", valid_at="2026-11-26")
    assert {Decimal(total) for total in balance["sums"].values()} == {Decimal(0)}
    explained = api.read("/v1/positions/EQ-1/EUROAPI/explain")
    assert [(each["kind"], each["source"]) for each in explained["items"]] == [("succession", "SAN")]
    changed = api.read("/v1/positions/diff", known_from=before, book="EQ-1")["items"]
    assert {each["instrument"]: Decimal(each["change"]["cost"]) for each in changed} == {"EUROAPI": 40, "SAN": 180}
    roll(api, "2026-11-27")
    # Nothing of the spin-off is left to be paid; the dividend is, for twelve.
    assert cash(api, "settled", "receivable") == [[0, 18], [0, 30]]
    amended = {"ex_date": "2026-11-25", "terms": {**SPIN_OFF["terms"], "cost_percent": "50"}}  # type: ignore[dict-item]
    api.done(f"{ACTIONS}/SAN-SPIN/amend", amended)
    assert positions(api, "cost", **asked) == [[600], [1000]]
    api.done(f"{ACTIONS}/SAN-SPIN/cancel", {})
    assert positions(api, "quantity", "cost", **asked) == [[0, 0], [0, 0]]


def test_an_action_that_makes_no_sense_is_refused_by_its_field(everbook: Served) -> None:
    api = everbook.api
    refused: dict[str, dict[str, Any]] = {
        "$.instrument": {"instrument": "NONE"}, "$.pay_date": {"pay_date": "2026-11-01"},
        "$.terms.amount": {"terms": {"kind": "cash-dividend", "amount": "0"}}, "$.action": {"action": "SAN-DIV"},
        "$.terms.withholding_percent": {"terms": {"kind": "coupon", "percent": "4", "withholding_percent": "101"}},
        "$.terms.into": {"terms": {**SPIN_OFF["terms"], "into": "NONE"}},  # type: ignore[dict-item]
        "$.terms.cost_percent": {"terms": {**SPIN_OFF["terms"], "into": "SAN", "cost_percent": "101"}},  # type: ignore[dict-item]
        "$.terms.old": {"terms": {"kind": "split", "new": "2", "old": "-1"}},
    }
    for field, change in refused.items():
        answer = api.post(ACTIONS, {**DIVIDEND, "action": "NEW", **change})
        assert (answer.status_code, answer.json()["field"]) == (httpx.codes.UNPROCESSABLE_ENTITY, field), answer.text
    api.done(f"{ACTIONS}/SAN-DIV/cancel", {})
    problem(api.post(f"{ACTIONS}/SAN-DIV/cancel", {}), 422, "wrong-state", "$.action")
    trader = everbook.key("trader")
    assert trader.post(ACTIONS, {**DIVIDEND, "action": "NEW"}).status_code == httpx.codes.FORBIDDEN
