"""Bad input over HTTP: a problem that names the field, and a log that holds nothing that it should not."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.commands import DefineTrader
from domain.identifiers import isin_of, lei_of
from domain.money import exact
from domain.schema import business_content
from tests.bad_inputs import DEFINITIONS, EQUITY, FX, LOAN, MALFORMED, NO_COMMAND, OTHERS
from tests.day import FX as FX_TERMS
from tests.day import LOAN as LOAN_TERMS
from tests.http import PROBLEM, Api, Served, problem, results, served, trade
from tests.rules import booking

HERE = "@@@"
GOOD: dict[str, dict[str, Any]] = {
    "instruments": {"instrument": "NEW", "name": "New", "isin": isin_of("FR000012057"), "mic": "XPAR", "cfi": "ESVUFR",
                    "currency": "EUR", "issuer": "NEW", "calendar": "XPAR"},
    "entities": {"entity": "NEW", "name": "New", "lei": lei_of("EVERBOOK0000000003"), "base_currency": "EUR"},
    "counterparties": {"counterparty": "NEW", "name": "New", "lei": lei_of("EVERBOOK0000000004"), "country": "FR"},
    "desks": {"desk": "NEW", "name": "New", "entity": "BANK"},
    "books": {"book": "NEW", "name": "New", "desk": "EQ"},
    "traders": {"trader": "new", "name": "New", "desk": "EQ"},
    "calendars": {"calendar": "NEW", "name": "New"},
}
TERMS = {"equity": trade("T")["terms"], "fx-spot": FX_TERMS, "loan-deposit": LOAN_TERMS}
BOOKINGS = [(product, *case) for product, cases in (("equity", EQUITY), ("fx-spot", FX), ("loan-deposit", LOAN))
            for case in cases]


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("bad")) as running:
        running.api.done("/v1/trades", trade("T0"))
        running.api.bulk(
            b'{"type":"DefineDesk","command_id":"d","desk":"FX","name":"FX","entity":"BANK"}',
            business_content(DefineTrader(command_id="t", trader="bob", name="Bob", desk="FX")),
        )
        yield running


def named(case: Sequence[str]) -> str:
    return " ".join(case)[:80]


def written(content: dict[str, Any], path: str, literal: str) -> bytes:
    """The content as JSON, with what is at ``path`` as it is written in ``literal``."""
    *parents, name = path.split(".")
    changed: dict[str, Any] = json.loads(json.dumps(content))
    place = changed
    for parent in parents:
        place = place[parent]
    place[name] = HERE
    return json.dumps(changed).replace(json.dumps(HERE), literal).encode()


def check(everbook: Served, answer: httpx.Response, code: str, field: str, before: int) -> None:
    """A problem of this code and field; a malformed command records nothing, a refused one its refusal alone."""
    assert answer.headers["content-type"] == PROBLEM, answer.text
    content = answer.json()
    assert (content["code"], content.get("field")) == (code, field), content
    assert 400 <= answer.status_code < 500
    assert everbook.recorded() == before + (code != MALFORMED)
    if code != MALFORMED:
        (last,) = results(everbook.api.get("/v1/events", after=_but_last(everbook, answer), types="command.refused.v1"))
        assert (last["state"]["code"], last["state"]["command_id"]) == (code, content["command_id"])


def _but_last(everbook: Served, answer: httpx.Response) -> str:
    log, sequence = answer.headers["Everbook-Sequence"].split(":")
    vector = {**everbook.everbook.vector(), log: int(sequence) - 1}
    return ",".join(f"{name}:{place}" for name, place in vector.items())


@pytest.mark.parametrize("case", BOOKINGS, ids=named)
def test_a_bad_booking(everbook: Served, api: Api, case: Sequence[str]) -> None:
    product, path, literal, code, field = case
    content, before = {**trade(everbook.new("T")), "terms": TERMS[product]}, everbook.recorded()
    check(everbook, api.post("/v1/trades", written(content, path, literal)), code, field, before)


@pytest.mark.parametrize("case", DEFINITIONS, ids=named)
def test_a_bad_definition(everbook: Served, api: Api, case: Sequence[str]) -> None:
    kind, name, literal, code, field = case
    before = everbook.recorded()
    check(everbook, api.post(f"/v1/reference/{kind}", written(GOOD[kind], name, literal)), code, field, before)


@pytest.mark.parametrize("case", OTHERS, ids=named)
def test_a_bad_command(everbook: Served, api: Api, case: Sequence[str]) -> None:
    path, content, code, field = case
    before = everbook.recorded()
    check(everbook, api.post(path, content.encode()), code, field, before)


@pytest.mark.parametrize(("content", "status", "field"), NO_COMMAND)
def test_what_is_no_command(everbook: Served, api: Api, content: bytes, status: int, field: str) -> None:
    before = everbook.recorded()
    problem(api.post("/v1/trades", content), status, MALFORMED, field)
    assert everbook.recorded() == before


@pytest.mark.parametrize(("content", "field"), [
    (b"{", "$"), (b"[]", "$"), (b'{"type":"Sell"}', "$.type"), (b'{"command_id":"c"}', "$.type"),
    (b'{"type":7}', "$.type"),
    (b'{"type":"AffirmTrade","command_id":"c","trade_id":"T","book":"EQ-1","book":"EQ-2"}', "$.book"),
    (b'{"x":' + b"[" * 5_000 + b"]" * 5_000 + b',"type":"AffirmTrade"}', "$"), (b"\xff", "$"), (b"nonsense", "$"),
    (b'{"type":"AffirmTrade","command_id":"c","trade_id":"T","book":"EQ-1","reason":"' + b"r" * 10_000_000 + b'"}',
     "$.reason"),
    (b'{"type":"AffirmTrade","' + b"k" * 10_000_000 + b'":1}', "$." + "k" * 298),
])
def test_a_bad_line_among_good_ones(everbook: Served, api: Api, content: bytes, field: str) -> None:
    before = everbook.recorded()
    lines = [business_content(booking(everbook.new("B"))), content, business_content(booking(everbook.new("B")))]
    answer = api.bulk(*lines)
    found = results(answer)
    assert [each["status"] for each in found] == ["accepted", "malformed", "accepted"]
    assert (found[1]["line"], found[1]["code"], found[1]["field"]) == (2, MALFORMED, field)
    assert len(answer.content) < 2_000
    assert everbook.recorded() == before + 2


@pytest.mark.parametrize("content", [b"", b"\n \n", b"[" * 100_000, b"[{]", b'[{"type":"AffirmTrade"}', b"[1]]"])
def test_a_bad_bulk(everbook: Served, api: Api, content: bytes) -> None:
    before = everbook.recorded()
    problem(api.client.post("/v1/commands", content=content), 400, MALFORMED, "$")
    assert everbook.recorded() == before


@pytest.mark.parametrize("tag", ['"one"', "1.5", '"-1"', '"1", "2"', '""', f'"{"9" * 20}"', "²"])
def test_a_bad_etag(everbook: Served, api: Api, tag: str) -> None:
    before = everbook.recorded()
    headers = {"If-Match": tag.encode("latin-1").decode("latin-1")}
    problem(api.post("/v1/trades/T0/affirm", headers=_bytes(headers)), 400, "bad-etag", "If-Match")
    assert everbook.recorded() == before


@pytest.mark.parametrize("key", ["a b", "a/b", "k" * 65, "é", "-a", "#"])
def test_a_bad_key(everbook: Served, api: Api, key: str) -> None:
    before = everbook.recorded()
    headers = _bytes({"Idempotency-Key": key})
    problem(api.post("/v1/trades", trade("T"), key=None, headers=headers), 400, MALFORMED, "Idempotency-Key")
    assert everbook.recorded() == before


@pytest.mark.parametrize("period", ["2026-02-30", "november", "0"])
def test_a_bad_path(everbook: Served, api: Api, period: str) -> None:
    before = everbook.recorded()
    problem(api.post(f"/v1/periods/{period}/close"), 422, "bad-parameter", "period")
    problem(api.post("/v1/trades/a%2Fb/affirm"), 404, "not-found")
    problem(api.post("/v1/trades/%FF/affirm"), 404, "unknown-trade", "trade_id")
    assert everbook.recorded() == before


def test_figures_as_large_as_they_may_be_are_exact_all_the_way(tmp_path: Path) -> None:
    largest = "123456789012345678.123456789012"
    fx = {"product": "fx-spot", "side": "buy", "base": "CHF", "quote": "JPY", "quantity": largest, "rate": largest}
    with served(tmp_path) as running:
        api = running.api
        for base, quote in (("JPY", "USD"), ("USD", "EUR")):
            api.done("/v1/rates", {"base": base, "quote": quote, "rate": largest})
        api.done("/v1/trades", {**trade("T1"), "terms": fx})
        (line,) = api.read("/v1/risk")["items"]
        # Size, price, and a rate that is crossed from two: the dollar and the euro.
        assert Decimal(line["dealt"]).as_tuple() == _fourth_power(largest).as_tuple()
        for path in ("/v1/positions", "/v1/pnl", "/v1/cash", "/v1/trial-balance", "/v1/settlements"):
            assert api.get(path).status_code == httpx.codes.OK


def _fourth_power(number: str) -> Decimal:
    with exact():
        return Decimal(number) ** 4


def _bytes(headers: dict[str, str]) -> Any:
    return {name.encode(): value.encode("latin-1") for name, value in headers.items()}
