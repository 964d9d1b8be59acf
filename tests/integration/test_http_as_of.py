"""The books as of any instant over HTTP and on the command line: what was said stays said, and is explained."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
import pytest

from tests.command_line import run
from tests.day import lay
from tests.http import Api, Served, problem, served, trade

NOON, EVENING = "2026-11-24T12:00:00Z", "2026-11-24T18:00:00Z"
AT_NINE, AT_ELEVEN = "2026-11-24T09:00:00Z", "2026-11-24T11:00:00Z"
ROUTES = ("/v1/positions", "/v1/positions/EQ-1/SAN", "/v1/positions/EQ-1/SAN/explain", "/v1/cash", "/v1/journal",
          "/v1/trial-balance")


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("as-of")) as running:
        lay(running)
        yield running


class Story:
    """Thirty bought, ten of them sold; then the purchase is corrected and an earlier one comes late."""

    def __init__(self, everbook: Served) -> None:
        self.api, self.data = everbook.api, everbook.everbook.settings.data
        self.book(trade("S1", quantity="30", price="100", book="EQ-2", instrument="IBM"), AT_NINE)
        self.book(trade("S2", quantity="10", price="110", side="sell", book="EQ-2", instrument="IBM"), AT_ELEVEN)
        self.first = everbook.vector()
        terms = trade("S1", quantity="20", price="100", instrument="IBM")["terms"]
        self.api.done("/v1/trades/S1/correct", {"terms": terms, "reason": "digits were swapped"}, book="EQ-2")
        self.corrected = everbook.vector()
        self.book(trade("S3", quantity="5", price="90", book="EQ-2", instrument="IBM", trade_date="2026-11-23"), NOON)
        self.last = everbook.vector()

    def book(self, content: dict[str, Any], effective_at: str) -> None:
        self.api.done("/v1/trades", {**content, "effective_at": effective_at})

    def position(self, **asked: Any) -> list[Decimal]:
        return figures(self.api.read("/v1/positions/EQ-2/IBM", **asked), "quantity", "cost", "realised")


def figures(line: dict[str, Any], *names: str) -> list[Decimal]:
    return [Decimal(line[name]) for name in names]


@pytest.fixture(scope="module")
def story(everbook: Served) -> Story:
    return Story(everbook)


def test_a_position_is_what_was_known_and_held_then(story: Story) -> None:
    # By the moving average: 30 at 100, then 20, then five of the day before at 90 among them.
    assert story.position() == [15, 1470, 120]
    assert story.position(known_at=story.first) == [20, 2000, 100]
    assert story.position(known_at=story.corrected) == [10, 1000, 100]
    assert story.position(known_at=story.first, valid_at=AT_NINE) == [30, 3000, 0]
    assert story.position(known_at=story.last, valid_at=AT_ELEVEN) == [10, 1000, 100]
    assert story.position(valid_at="2026-11-24") == story.position()
    assert story.position(valid_at="2026-11-23") == [0, 0, 0]


def test_the_open_lots_are_those_of_the_time(api: Api, everbook: Served) -> None:
    now = api.read("/v1/positions/EQ-1/SAN")
    then = api.read("/v1/positions/EQ-1/SAN", known_at=everbook.vector())
    assert then["lots"] == now["lots"] != []
    assert {name: now[name] for name in then if name not in {"valid_at", "known_at", "final"}} == {
        name: value for name, value in then.items() if name not in {"valid_at", "known_at", "final"}
    }
    assert "mark" not in then


def test_as_known_now_every_list_says_what_the_live_one_does(everbook: Served) -> None:
    api, vector = everbook.api, everbook.vector()
    live = {each["id"]: each for each in api.read("/v1/positions")["items"]}
    then = {each["id"]: each for each in api.read("/v1/positions", known_at=vector)["items"]}
    assert live.keys() == then.keys()
    for key, each in then.items():
        assert {name: number(value) for name, value in each.items()} == {
            name: number(live[key][name]) for name in each
        }
    cash = {each["id"]: each for each in api.read("/v1/cash")["items"]}
    for each in api.read("/v1/cash", known_at=vector)["items"]:
        assert each["id"] in cash
        names = ("settled", "receivable", "payable", "total", "fees")
        assert figures(each, *names) == figures(cash[each["id"]], *names)
    assert api.read("/v1/journal", known_at=vector, limit=1000)["items"] == api.read(
        "/v1/journal", limit=1000)["items"]
    assert balances(api, known_at=vector) == balances(api)


def number(text: Any) -> Any:
    """Figures are equal whatever zeros they end in."""
    try:
        return Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        return text


def balances(api: Api, **asked: str) -> dict[tuple[str, str], Decimal]:
    read = api.read("/v1/trial-balance", **asked)
    assert {Decimal(total) for total in read["sums"].values()} <= {Decimal(0)}
    found = {(each["account"], each["asset"]): Decimal(each["balance"]) for each in read["items"]}
    return {key: balance for key, balance in found.items() if balance}


@pytest.mark.parametrize("path", ROUTES)
def test_what_was_said_with_a_token_is_said_again_after_more_was_recorded(everbook: Served, path: str) -> None:
    api = everbook.api
    asked: dict[str, Any] = {"valid_at": EVENING}
    first = api.read(path, **asked)
    assert first["final"] is True
    api.done("/v1/trades", {**trade(everbook.new("late-"), quantity="3", price="7", trade_date="2026-11-20"),
                            "effective_at": "2026-11-20T09:00:00Z"})
    assert api.read(path, **asked, known_at=first["known_at"]) == first
    assert api.read(path, **asked)["known_at"] != first["known_at"]
    if "trial" not in path:
        assert api.read(path, **asked) != {**first, "known_at": api.read(path, **asked)["known_at"]}


def test_a_time_is_final_once_its_log_has_recorded_something_later(everbook: Served) -> None:
    api = everbook.api
    api.done("/v1/trades", trade(everbook.new("K-")))
    known_at = recorded_at(api, everbook.vector())
    unsure = api.read("/v1/positions/EQ-1/SAN", known_at=known_at)
    assert unsure["final"] is False
    assert unsure["known_at"] == f"ledger-0:{everbook.everbook.vector()['ledger-0']}"
    api.done("/v1/trades", trade(everbook.new("K-")))
    sure = api.read("/v1/positions/EQ-1/SAN", known_at=known_at)
    assert sure == {**unsure, "final": True}
    before = api.read("/v1/positions/EQ-1/SAN", known_at=just_before(known_at))
    assert (before["final"], before["known_at"] != sure["known_at"]) == (True, True)
    assert Decimal(before["quantity"]) == Decimal(sure["quantity"]) - 10


def recorded_at(api: Api, vector: str) -> str:
    """When the last event of the ledger log was recorded."""
    sequence = vector.rpartition(":")[2]
    (entry,) = [each for each in api.read("/v1/audit", limit=1000)["items"] if each["event"] == f"ledger-0:{sequence}"]
    return str(entry["recorded_at"])


def just_before(moment: str) -> str:
    return (datetime.fromisoformat(moment) - timedelta(microseconds=1)).isoformat().replace("+00:00", "Z")


def test_a_time_to_come_is_not_final_and_a_token_to_come_is_a_problem(everbook: Served) -> None:
    api = everbook.api
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert api.read("/v1/cash", known_at=later)["final"] is False
    everbook.server.config.app.state.services.fresh_seconds = 0.2  # type: ignore[union-attr]
    problem(api.get("/v1/cash", known_at="ledger-0:999999"), 503, "not-yet-visible", "known_at")


def test_nothing_was_known_before_the_first_trade(api: Api) -> None:
    assert api.read("/v1/positions", known_at="2000-01-01T00:00:00Z")["items"] == []
    assert api.read("/v1/cash", known_at="ledger-0:1")["items"] == []
    assert api.read("/v1/trial-balance", known_at="ledger-0:1")["items"] == []
    assert api.read("/v1/journal", known_at="ledger-0:1")["items"] == []
    for path in ("/v1/positions/EQ-1/SAN", "/v1/positions/EQ-1/SAN/explain"):
        problem(api.get(path, known_at="ledger-0:1"), 404, "unknown-position", "instrument")
        problem(api.get(path.replace("SAN", "NONE"), known_at="ledger-0:1"), 404, "unknown-position", "instrument")


@pytest.mark.usefixtures("story")
def test_pages_of_an_instant_together_are_the_whole_though_more_is_recorded_between_them(everbook: Served) -> None:
    api = everbook.api
    for path in ("/v1/positions", "/v1/journal"):
        whole = api.read(path, valid_at=EVENING, limit=1000)
        items: list[Any] = []
        answer = api.get(path, valid_at=EVENING, limit=1)
        while True:
            items += answer.json()["items"]
            if answer.json()["next"] is None:
                break
            api.done("/v1/trades", trade(everbook.new("P-"), instrument="IBM", effective_at=None))
            answer = api.get(answer.headers["Link"].removeprefix("<").removesuffix('>; rel="next"'))
            if len(items) > 4 and path == "/v1/journal":
                break
        assert items == whole["items"][: len(items)]
        assert len(items) > 2
        assert path == "/v1/journal" or len(items) == len(whole["items"])


def test_a_position_is_explained_by_contributions_that_sum_to_every_figure(story: Story) -> None:
    explained = story.api.read("/v1/positions/EQ-2/IBM/explain", known_at=story.corrected, superseded="true")
    for name in ("quantity", "settled", "cost", "realised", "fees", "income"):
        assert sum(Decimal(each[name]) for each in explained["items"]) == Decimal(explained[name])
    bought, sold = explained["items"]
    assert (bought["trade_id"], bought["revision"], bought["reason"], bought["actor"]) == (
        "S1", 2, "digits were swapped", "admin")
    assert bought["opened"] == [{"trade_id": "", "quantity": "20"}]
    assert sold["closed"] == [{"trade_id": "", "quantity": "10"}]
    assert figures(sold, "realised") == [100]
    (wrong,) = explained["superseded"]
    assert (wrong["quantity"], wrong["superseded_by"], wrong["superseded_because"]) == (
        "30", bought["event"], "digits were swapped")
    assert bought["supersedes"] == wrong["event"]
    assert story.api.read("/v1/positions/EQ-2/IBM/explain", known_at=story.corrected)["superseded"] is None


@pytest.mark.parametrize(("path", "asked", "code", "field"), [
    ("/v1/positions", {"valid_at": "noon"}, 422, "valid_at"),
    ("/v1/positions", {"valid_at": "2026-02-30"}, 422, "valid_at"),
    ("/v1/cash", {"valid_at": "2026-11-24T12:00:00"}, 422, "valid_at"),
    ("/v1/cash", {"valid_at": "0001-01-01T00:00:00+14:00"}, 422, "valid_at"),
    ("/v1/journal", {"known_at": "2026-13-01"}, 422, "known_at"),
    ("/v1/trial-balance", {"known_at": "nowhere:3"}, 400, "known_at"),
    ("/v1/positions/EQ-1/SAN", {"known_at": "market:3"}, 422, "known_at"),
    ("/v1/positions/diff", {"known_from": "ledger-0:9", "known_to": "ledger-0:8"}, 422, "known_from"),
    ("/v1/positions/diff", {"known_from": "today"}, 400, "known_from"),
    ("/v1/positions/diff", {}, 422, "known_from"),
    ("/v1/cash/diff", {"known_from": "ledger-0:9", "known_to": "ledger-0:8"}, 422, "known_from"),
    ("/v1/pnl/diff", {"known_from": "ledger-0:9"}, 422, "known_from"),
    ("/v1/settlements/diff", {"known_from": "ledger-0:9", "known_to": "today"}, 400, "known_to"),
    ("/v1/trial-balance/diff", {}, 422, "known_from"),
])
def test_a_time_that_makes_no_sense_is_named(
    api: Api, path: str, asked: dict[str, Any], code: int, field: str
) -> None:
    problem(api.get(path, **asked), code, "bad-vector" if code == 400 else "bad-parameter", field)


@pytest.mark.usefixtures("story")
def test_a_key_sees_the_past_of_its_own_books_alone(everbook: Served) -> None:
    own = everbook.key("reporting", books=("EQ-2",))
    for path in ("/v1/positions", "/v1/cash", "/v1/journal"):
        assert {each["book"] for each in own.read(path, valid_at=EVENING)["items"]} == {"EQ-2"}
    for path in ("/v1/positions/EQ-1/SAN", "/v1/positions/EQ-1/SAN/explain"):
        assert own.get(path, valid_at=EVENING).status_code == httpx.codes.FORBIDDEN


@pytest.mark.parametrize(("command", "path"), [
    (("positions", "--book", "EQ-2"), "/v1/positions"), (("cash", "--book", "EQ-2"), "/v1/cash"),
    (("trial-balance", "--book", "EQ-2"), "/v1/trial-balance"),
])
def test_the_command_line_says_the_same(story: Story, command: tuple[str, ...], path: str) -> None:
    asked = ("--valid-at", AT_ELEVEN, "--known-at", story.corrected)
    said = run(*command, "--data", story.data, *asked, "--json")
    read = story.api.read(path, book="EQ-2", valid_at=AT_ELEVEN, known_at=story.corrected)
    assert said.items() <= read.items()
    assert "ledger-0:" in run(*command, "--data", story.data, *asked)


def test_the_command_line_explains_and_compares_alike(story: Story) -> None:
    asked = ("--data", story.data, "--known-at", story.corrected, "--superseded")
    assert run("explain", "EQ-2", "IBM", *asked, "--json") == story.api.read(
        "/v1/positions/EQ-2/IBM/explain", known_at=story.corrected, superseded="true")
    tree = run("explain", "EQ-2", "IBM", *asked)
    assert "EQ-2/IBM is 10 for ever" in tree
    assert "admin" in tree
    assert "digits were swapped" in tree
    assert "taken back by" in tree
    known = ("--valid-at", "2027-01-01", "--known-at", story.first)
    entries = run("journal", "--data", story.data, "--book", "EQ-2", *known, "--limit", "-1", "--json")
    told = story.api.read("/v1/journal", book="EQ-2", valid_at="2027-01-01", known_at=story.first)["items"]
    assert [each["id"] for each in entries] == [each["id"] for each in told]
    assert 0 < len(entries) < len(run("journal", "--data", story.data, "--book", "EQ-2", "--limit", "-1", "--json"))


@pytest.mark.parametrize(("arguments", "said"), [
    (("positions", "--valid-at", "noon"), "--valid-at is no time"),
    (("cash", "--known-at", "nowhere:1"), "'nowhere:1' is no log:sequence"),
    (("trial-balance", "--known-at", "ledger-0:999999"), "does not go so far yet"),
    (("explain", "EQ-2"), "no position"),
])
def test_an_instant_that_cannot_be_is_said(story: Story, arguments: tuple[str, ...], said: str) -> None:
    assert said in run(*arguments, "--data", story.data, code=1)
