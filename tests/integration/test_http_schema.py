"""What OpenAPI says, held against the app: examples that are accepted, answers as documented, and no error of ours."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from api.examples import ALLOCATION, BOOKING, BOOKINGS, COMPRESSION, CONTRACTS, DEFINITIONS, KEY, NET
from domain.identifiers import lei_of
from tests.day import lay
from tests.http import PROBLEM, Api, Served, results, served

BOUNDED = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LIFE_CYCLE = (
    "amend", "correct", "cancel", "affirm", "settle", "fail", "allocate", "increase", "decrease", "terminate",
    "instruct", "hold",
)
ANSWERS = {
    "trade_id": "T1", "book": "EQ-1", "instrument": "SAN", "counterparty": "ACME", "log": "ledger-0", "sequence": "2",
    "source": "admin", "command_id": "c-1", "kind": "books", "key": "EQ-1",
}


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("schema")) as running:
        lay(running)
        yield running


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_is_an_error_of_ours(everbook: Served, mode: GenerationMode) -> None:
    # The live feed never ends by itself: it has tests of its own.
    schema = schemathesis.openapi.from_url(f"{everbook.url}/openapi.json").exclude(path="/v1/stream")
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        try:
            BOUNDED(given(case=found.ok().as_strategy(generation_mode=mode))(sender(everbook)))()
            tried += 1
        except Unsatisfiable:
            assert mode == GenerationMode.NEGATIVE, "nothing can be wrong with a request that takes nothing"
    assert tried > 20


def sender(everbook: Served) -> Callable[..., None]:
    """What sends a request; whatever is wrong with it is a problem as documented."""

    def send(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {everbook.everbook.admin_secret}"})
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == [PROBLEM], answer.text
            content = answer.json()
            assert {"type", "title", "status", "code", "detail", "instance"} <= set(content)
            assert content["status"] == answer.status_code

    return send


def operations(api: Api) -> Iterator[tuple[str, str, dict[str, Any]]]:
    paths: dict[str, dict[str, Any]] = api.read("/openapi.json")["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def examples_of(operation: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Media type, name and content of each example of a request."""
    for media, content in operation.get("requestBody", {"content": {}})["content"].items():
        yield from ((media, name, each["value"]) for name, each in content.get("examples", {}).items())
        if "example" in content:
            yield media, "", content["example"]


def test_every_route_has_an_example_of_its_answer_and_tells_of_problems(api: Api) -> None:
    for method, path, operation in operations(api):
        answers = operation["responses"]
        done = next(answer for status, answer in answers.items() if status.startswith("2"))
        assert any("example" in content for content in done["content"].values()), (method, path)
        if path != "/livez":
            assert PROBLEM in answers["4XX"]["content"], (method, path)


def test_every_route_that_takes_a_body_has_an_example_of_it(api: Api) -> None:
    writes = [(path, list(examples_of(operation))) for method, path, operation in operations(api) if method != "GET"]
    assert len(writes) == 48
    assert [path for path, examples in writes if not examples] == []


class World:
    """A ledger with the foundation laid, in which each example is made to apply."""

    def __init__(self, running: Served) -> None:
        self.api = running.api
        self.new = running.new
        self.catch_up = running.worker.catch_up

    def as_it_is(self) -> dict[str, str]:
        return {}

    def trade(self) -> dict[str, str]:
        trade_id = self.new("T-")
        self.api.done("/v1/trades", {**BOOKING, "trade_id": trade_id})
        return {"trade_id": trade_id}

    def instruments(self) -> dict[str, str]:
        for each in CONTRACTS:
            self.api.done("/v1/reference/instruments", each)
        self._rolled("2026-11-24")
        return {}

    def traded(self, product: str) -> dict[str, str]:
        self.instruments()
        self.api.done("/v1/trades", BOOKINGS[product])
        return {"trade_id": BOOKING["trade_id"]}

    def option(self) -> dict[str, str]:
        return self._after(self.traded("option"), "settle")

    def written_option(self) -> dict[str, str]:
        self.instruments()
        written = {**BOOKINGS["option"], "terms": {**BOOKINGS["option"]["terms"], "side": "sell"}}
        self.api.done("/v1/trades", written)
        return self._after({"trade_id": BOOKING["trade_id"]}, "settle")

    def last_day(self) -> dict[str, str]:
        option = self.option()
        self._rolled("2026-12-18")
        return option

    def future(self) -> dict[str, str]:
        return self.traded("future")

    def loan(self) -> dict[str, str]:
        return self._after(self.traded("loan-deposit"), "settle")

    def running_loan(self) -> dict[str, str]:
        loan = self.loan()
        self._rolled("2026-12-01")
        return loan

    def due_loan(self) -> dict[str, str]:
        loan = self.loan()
        self._rolled("2026-12-24")
        return loan

    def due_trade(self) -> dict[str, str]:
        self._rolled("2026-11-27")
        return self.trade()

    def block(self) -> dict[str, str]:
        trade = self.trade()
        self.api.done(f"/v1/trades/{trade['trade_id']}/allocate", ALLOCATION)
        return trade

    def another_party(self) -> dict[str, str]:
        beta = {"counterparty": "BETA", "name": "Beta", "lei": lei_of("EVERBOOK0000000004")}
        self.api.done("/v1/reference/counterparties", beta)
        return self.trade()

    def several_trades(self) -> dict[str, str]:
        for trade_id in COMPRESSION["trade_ids"]:
            self.api.done("/v1/trades", {**BOOKING, "trade_id": trade_id})
        return {}

    def instructed_trade(self) -> dict[str, str]:
        return self._after(self.trade(), "instruct", {"instruction": "SI-1"})

    def held_trade(self) -> dict[str, str]:
        return self._after(self.trade(), "hold")

    def failing_trade(self) -> dict[str, str]:
        self._rolled("2026-12-03")
        for kind in ("penalty-rates", "liquidity"):
            self.api.done(f"/v1/reference/{kind}", DEFINITIONS[kind])
        return self._after(self.trade(), "fail")

    def net(self) -> dict[str, str]:
        self.two_trades()
        self.api.done("/v1/settlements/nets", NET)
        self._rolled("2026-11-26")
        return {"net_id": NET["net_id"]}

    def two_trades(self) -> dict[str, str]:
        for trade_id in NET["trade_ids"]:
            self.api.done("/v1/trades", {**BOOKING, "trade_id": trade_id})
        return {}

    def _after(self, trade: dict[str, str], change: str, content: Any = None) -> dict[str, str]:
        self.api.done(f"/v1/trades/{trade['trade_id']}/{change}", content or {})
        return trade

    def held(self) -> dict[str, str]:
        self.api.done("/v1/trades", BOOKING)
        self.catch_up()
        return {}

    def child(self) -> dict[str, str]:
        child = {**DEFINITIONS["instruments"], "instrument": "OPELLA", "name": "Opella", "issuer": "OPELLA"}
        self.api.done("/v1/reference/instruments", child)
        return {}

    def action(self) -> dict[str, str]:
        self.child()
        action = DEFINITIONS["corporate-actions"]
        self.api.done("/v1/reference/corporate-actions", action)
        return {"action": action["action"]}

    def key(self) -> dict[str, str]:
        self.api.done("/v1/reference/keys", {**KEY, "key_id": "leaver"})
        return {"key_id": "leaver"}

    def restriction(self) -> dict[str, str]:
        self.api.post("/v1/reference/restrictions", {"instrument": "SAN"})
        return {"instrument": "SAN"}

    def engaged(self) -> dict[str, str]:
        self.api.post("/v1/kill-switch", {"book": "EQ-1"})
        return {}

    def day(self) -> dict[str, str]:
        self._rolled("2026-11-27")
        return {"period": "2026-11-24"}

    def _rolled(self, day: str) -> None:
        self.api.post("/v1/business-dates", {"business_date": day})


NEEDS: dict[tuple[str, str], Callable[[World], dict[str, str]]] = {
    ("POST", "/v1/transfers"): World.held,
    ("DELETE", "/v1/reference/keys/{key_id}"): World.key,
    ("DELETE", "/v1/reference/restrictions/{instrument}"): World.restriction,
    ("DELETE", "/v1/kill-switch"): World.engaged,
    ("POST", "/v1/periods/{period}/close"): World.day,
    ("POST", "/v1/reference/{kind}"): World.child,
    ("POST", "/v1/reference/corporate-actions/{action}/amend"): World.action,
    ("POST", "/v1/reference/corporate-actions/{action}/cancel"): World.action,
    **{("POST", f"/v1/trades/{{trade_id}}/{change}"): World.trade for change in LIFE_CYCLE},
    ("POST", "/v1/trades/{trade_id}/fail"): World.due_trade,
    ("POST", "/v1/trades/{trade_id}/reallocate"): World.block,
    ("POST", "/v1/trades/{trade_id}/novate"): World.another_party,
    ("POST", "/v1/compressions"): World.several_trades,
    **{("POST", f"/v1/trades/{{trade_id}}/{change}"): World.instructed_trade
       for change in ("match", "mismatch", "cancel-instruction")},
    ("POST", "/v1/trades/{trade_id}/release"): World.held_trade,
    ("POST", "/v1/trades/{trade_id}/buy-in"): World.failing_trade,
    ("POST", "/v1/trades/{trade_id}/penalty"): World.failing_trade,
    ("POST", "/v1/settlements/nets"): World.two_trades,
    ("POST", "/v1/trades"): World.instruments,
    ("POST", "/v1/trades/{trade_id}/exercise"): World.option,
    ("POST", "/v1/trades/{trade_id}/assign"): World.written_option,
    ("POST", "/v1/trades/{trade_id}/expire"): World.last_day,
    ("POST", "/v1/trades/{trade_id}/fix"): World.loan,
    ("POST", "/v1/trades/{trade_id}/roll-over"): World.due_loan,
    ("POST", "/v1/trades/{trade_id}/repay"): World.running_loan,
    ("POST", "/v1/margins"): World.future,
    ("POST", "/v1/settlements/nets/{net_id}/settle"): World.net,
    ("POST", "/v1/settlements/nets/{net_id}/dissolve"): World.net,
}


def test_every_example_of_a_request_is_accepted_where_it_applies(api: Api, tmp_path: Path) -> None:
    tried = 0
    for number, (method, path, operation) in enumerate(operations(api)):
        for media, name, content in examples_of(operation):
            with served(tmp_path / f"{number}-{tried}", worker=False) as running:
                parts = NEEDS.get((method, path), World.as_it_is)(World(running))
                body = content.encode() if isinstance(content, str) else content
                # Of one kind there may be several: their names go on after it.
                place = path.format(kind=name.partition(":")[0], **parts)
                answer = running.api.post(place, body, method=method, headers={"Content-Type": media})
                assert answer.is_success, (method, path, name, answer.text)
                if path == "/v1/commands":
                    assert [each["status"] for each in results(answer)] == ["accepted"] * len(results(answer))
                tried += 1
    assert tried == 71


def test_an_example_of_an_answer_shows_what_is_really_answered(api: Api) -> None:
    for method, path, operation in operations(api):
        content = operation["responses"]["200"]["content"] if method == "GET" else {}
        if "example" not in content.get("application/json", {}):
            continue
        required = [each for each in operation.get("parameters", []) if each["in"] == "query" and each["required"]]
        asked: dict[str, Any] = {each["name"]: each["schema"]["examples"][0] for each in required}
        answer = api.get(path.format(**ANSWERS), **asked)
        assert answer.status_code == httpx.codes.OK, (path, answer.text)
        assert missing(content["application/json"]["example"], answer.json()) == [], path


def missing(example: Any, real: Any, place: str = "$") -> list[str]:
    """The places of an example that a real answer does not have."""
    if isinstance(example, dict) and isinstance(real, dict):
        lacking = [f"{place}.{name}" for name in example if name not in real]
        return lacking + [
            each for name in example if name in real for each in missing(example[name], real[name], f"{place}.{name}")
        ]
    if isinstance(example, list) and isinstance(real, list) and example and real:
        return missing(example[0], real[0], f"{place}[0]")
    return []
