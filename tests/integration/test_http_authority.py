"""Who may do and see what: keys, their roles and their books, on every route."""

import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from api.__main__ import app
from domain.events import KeyIssued
from domain.schema import decode
from infra.everbook import Everbook
from infra.settings import Settings
from tests.day import lay
from tests.http import Api, Served, problem, served, trade

OPEN = {"/livez"}
PARTS = {"trade_id": "T1", "book": "EQ-1", "instrument": "SAN", "counterparty": "ACME", "log": "ledger-0",
         "sequence": "1", "source": "admin", "command_id": "c-1", "kind": "books", "key": "EQ-1", "key_id": "nobody",
         "period": "2026-11-20", "net_id": "N-1", "action": "A-1"}
OF_EVERY_BOOK = ("/v1/trades", "/v1/positions", "/v1/pnl", "/v1/cash", "/v1/journal", "/v1/trial-balance",
                 "/v1/settlements", "/v1/risk", "/v1/risk/exposures", "/v1/limits", "/v1/breaches", "/v1/alerts",
                 "/v1/audit", "/v1/events", "/v1/counterparties/ACME", "/v1/reference/limits", "/v1/reference/books",
                 "/v1/reference/kill-switches")
BY_BOOK = ("/v1/trades", "/v1/positions", "/v1/pnl", "/v1/cash", "/v1/journal", "/v1/trial-balance", "/v1/settlements",
           "/v1/risk/exposures", "/v1/limits", "/v1/breaches", "/v1/alerts", "/v1/audit", "/v1/events", "/v1/stream")
WRITES: dict[str, tuple[str, str, Any]] = {
    "trader": ("POST", "/v1/trades", trade("role")),
    "operations": ("POST", "/v1/trades/T1/settle", {}),
    "risk": ("POST", "/v1/limits", {"book": "EQ-1", "kind": "order-quantity", "amount": "50000"}),
    "compliance": ("POST", "/v1/reference/restrictions", {"instrument": "IBM"}),
    "admin": ("POST", "/v1/reference/keys", {"key_id": "by-admin", "name": "K", "roles": ["trader"]}),
}
ROLES = (*WRITES, "reporting")


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("authority")) as running:
        lay(running)
        running.api.done("/v1/kill-switch", {"book": "EQ-2", "reason": "enough"})
        yield running


@pytest.fixture(scope="module")
def first(everbook: Served) -> Api:
    """A key of every role but admin, for EQ-1 alone."""
    return everbook.key("trader", "risk", "compliance", "operations", "reporting", books=("EQ-1",))


def routes(everbook: Served) -> list[tuple[str, str]]:
    """Every method and path that OpenAPI tells of, with its parts filled in."""
    paths: dict[str, dict[str, Any]] = everbook.api.read("/openapi.json")["paths"]
    return [(method.upper(), path.format(**PARTS)) for path, methods in paths.items() for method in methods]


def test_every_route_needs_a_key_in_force(everbook: Served) -> None:
    revoked = everbook.key("admin")
    everbook.api.done(f"/v1/reference/keys/{revoked.key_id}", method="DELETE")
    before = everbook.recorded()
    for secret in (None, "", "wrong", "é", revoked.client.headers["Authorization"].removeprefix("Bearer ")):
        headers = {} if secret is None else {b"Authorization": f"Bearer {secret}".strip().encode()}
        with httpx.Client(base_url=everbook.url, headers=headers) as stranger:
            for method, path in routes(everbook):
                answer = stranger.request(method, path, headers={"Idempotency-Key": "k"})
                if path in OPEN:
                    assert answer.status_code == httpx.codes.OK
                    continue
                problem(answer, 401, "not-authenticated", "Authorization")
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert everbook.recorded() == before


def test_a_key_goes_with_bearer_and_nothing_else(everbook: Served) -> None:
    secret = everbook.everbook.admin_secret
    for header, status in ((f"Bearer {secret}", 200), (f"bearer {secret}", 200), (f"BEARER {secret}", 200),
                           (f"Basic {secret}", 401), (secret, 401)):
        with httpx.Client(base_url=everbook.url, headers={"Authorization": header}) as client:
            assert client.get("/readyz").status_code == status


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_write_what_is_its_own(everbook: Served, role: str) -> None:
    key = everbook.key(role)
    for owner, (method, path, content) in WRITES.items():
        answer = key.post(path, content, method=method, dry_run="true" if owner != "admin" else "false")
        if role in {owner, "admin"}:
            assert answer.is_success or answer.json()["code"] == "key-exists", answer.text
        else:
            problem(answer, 403, "not-permitted")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_read_what_is_its_own(everbook: Served, role: str) -> None:
    key = everbook.key(role)
    told = {"/v1/alerts": {"compliance", "risk", "admin"}, "/v1/breaches": {"compliance", "risk", "admin"},
            "/v1/audit": {"compliance", "admin"}, "/v1/reference/keys": {"compliance", "admin"}}
    for path, roles in told.items():
        answer = key.get(path)
        if role in roles:
            assert answer.status_code == httpx.codes.OK
        else:
            problem(answer, 403, "not-permitted")
    assert bool(key.read("/v1/counterparties/ACME")["alerts"]) is (role in told["/v1/alerts"])
    assert key.get("/v1/positions").status_code == httpx.codes.OK


@pytest.mark.parametrize("path", OF_EVERY_BOOK)
def test_a_key_for_one_book_sees_nothing_of_another(everbook: Served, first: Api, path: str) -> None:
    answer = first.get(path)
    assert answer.status_code == httpx.codes.OK, answer.text
    assert "EQ-2" not in answer.text
    assert answer.text != everbook.api.get(path).text
    if path in BY_BOOK:
        assert answer.text == everbook.api.get(path, book="EQ-1").text


def test_profit_of_one_book_is_not_that_of_its_desk(first: Api, everbook: Served) -> None:
    (seen,), (whole,) = (api.read("/v1/pnl", by="desk")["items"] for api in (first, everbook.api))
    (of_book,) = everbook.api.read("/v1/pnl", by="book", book="EQ-1")["items"]
    assert (seen["total"], seen["positions"]) == (of_book["total"], of_book["positions"])
    assert seen["total"] != whole["total"]


@pytest.mark.parametrize("path", BY_BOOK)
def test_a_key_may_not_ask_for_another_book(first: Api, path: str) -> None:
    problem(first.get(path, book="EQ-2"), 403, "not-permitted", "book")


def test_what_is_of_another_book_by_its_name_is_not_there(everbook: Served, first: Api) -> None:
    for path in ("/v1/positions/EQ-2/SAN", "/v1/positions/EQ-2/SAN/explain", "/v1/risk/EQ-2"):
        problem(first.get(path), 403, "not-permitted", "book")
    for path in ("/v1/trades/U1", "/v1/trades/U1/events"):
        problem(first.get(path), 404, "unknown-trade", "trade_id")
    for path in ("/v1/reference/limits/EQ-2/order-quantity", "/v1/reference/books/EQ-2"):
        problem(first.get(path), 404, "not-found", "key")
        assert everbook.api.get(path).status_code == httpx.codes.OK


def test_the_feed_shows_a_key_its_own_books(everbook: Served, first: Api) -> None:
    with first.client.stream("GET", "/v1/stream", params={"after": "ledger-0:0"}) as answer:
        text = ""
        for text_part in answer.iter_text():
            text += text_part
            if '"trade_id":"T6"' in text:
                break
    assert "EQ-2" not in text
    assert everbook.recorded() > text.count("data: ")


def test_a_key_for_one_book_writes_for_no_other(everbook: Served, first: Api) -> None:
    changes: list[tuple[str, Any]] = [
        ("/v1/trades", trade("mine", book="EQ-2")), ("/v1/limits", {"book": "EQ-2", "kind": "order-quantity"}),
        ("/v1/kill-switch", {"book": "EQ-2"}),
    ]
    before = everbook.api.read("/v1/trades", book="EQ-2")
    for path, content in changes:
        problem(first.post(path, content), 403, "not-permitted", "$.book")
    for change in ("cancel", "settle"):
        told = problem(first.post(f"/v1/trades/U1/{change}", {}), 404, "unknown-trade", "trade_id")
        assert told["detail"] == "no trade U1 is booked"
    problem(first.post("/v1/kill-switch", {"trader": "anna"}), 403, "not-permitted", "$.trader")
    problem(first.post("/v1/business-dates", {"business_date": "2026-11-25"}), 403, "not-permitted")
    assert everbook.api.read("/v1/trades", book="EQ-2") == before
    (refused, *_) = everbook.api.read("/v1/audit", actor=first.key_id, book="EQ-2")["items"]
    assert refused["code"] == "not-permitted"


def test_a_key_issues_no_key_that_may_more_than_itself(everbook: Served) -> None:
    limited = everbook.key("admin", books=("EQ-1",))
    content = {"name": "K", "roles": ["trader"]}
    for books in ([], ["EQ-2"], ["EQ-1", "EQ-2"]):
        answer = limited.post("/v1/reference/keys", {**content, "key_id": everbook.new("k"), "books": books})
        problem(answer, 403, "not-permitted", "$.books")
    limited.done("/v1/reference/keys", {**content, "key_id": everbook.new("k"), "books": ["EQ-1"]})


def test_a_key_is_issued_once_and_its_secret_told_once(everbook: Served) -> None:
    content = {"key_id": everbook.new("desk-"), "name": "K", "roles": ["trader"]}
    tried = everbook.api.post("/v1/reference/keys", content, key="issue", dry_run="true")
    assert (tried.status_code, "secret" in tried.json()) == (200, False)
    issued = everbook.api.done("/v1/reference/keys", content, key="issue-now")
    problem(everbook.api.post("/v1/reference/keys", content, key="issue-now"), 422, "key-reused", "Idempotency-Key")
    problem(everbook.api.post("/v1/reference/keys", content), 422, "key-exists", "$.key_id")
    assert Api(everbook, issued.json()["secret"]).get("/readyz").status_code == httpx.codes.OK


def test_no_route_tells_what_a_key_is_held_against(everbook: Served) -> None:
    digests = [
        event.digest for each in everbook.everbook.recorder("reference").select_notifications(1, 1000)
        if isinstance(event := decode(each.topic, each.state), KeyIssued)
    ]
    assert digests
    for method, path in routes(everbook):
        if method != "GET" or path == "/v1/stream":
            continue
        text = everbook.api.client.get(path).text
        assert not any(digest in text for digest in digests), path
    with everbook.api.client.stream("GET", "/v1/stream", params={"after": "reference:0"}) as answer:
        text = next(part for part in answer.iter_text() if "key.issued.v1" in part)
    assert not any(digest in text for digest in digests)
    assert "digest" not in everbook.api.get("/v1/reference/keys").text


def test_the_first_key_is_shown_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    def started() -> str:
        issue = ["keys", "issue", f"k{next(numbers)}", "--role", "risk", "--data", str(tmp_path)]
        return CliRunner().invoke(app, issue).output

    numbers = count()
    first, again = started(), started()
    secret = (tmp_path / "admin-key").read_text().strip()
    assert secret in "".join(first.split())
    assert secret not in "".join(again.split())
    for file in ("admin-key", "pepper", "checkpoint-key"):
        assert stat.S_IMODE((tmp_path / file).stat().st_mode) == 0o600
    with Everbook(Settings(data=tmp_path)) as opened:
        assert opened.admin_secret == ""
        holder = opened.gate.authenticate(secret)
        assert holder is not None
        assert (holder.key_id, holder.books) == ("admin", ())


def test_only_what_holds_no_data_needs_no_key(everbook: Served) -> None:
    paths = httpx.get(f"{everbook.url}/openapi.json").json()["paths"]
    reads = [path for path, routes in paths.items() if "get" in routes and "{" not in path]
    answers = {path: httpx.get(f"{everbook.url}{path}").status_code for path in (*reads, "/", "/docs", "/openapi.json")}
    opened = {path for path, status in answers.items() if status != httpx.codes.UNAUTHORIZED}
    assert opened == {"/livez", "/", "/docs", "/openapi.json"}
    for path in ("/docs", "/openapi.json", "/"):
        text = httpx.get(f"{everbook.url}{path}").text
        assert everbook.everbook.ledger_id not in text
