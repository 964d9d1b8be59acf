"""What changed between two known times, over HTTP and on the command line, and which events caused it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.command_line import run
from tests.day import lay
from tests.http import Api, Served, problem, served, trade
from tests.integration.test_http_as_of import Story, figures

OF = ("cash", "pnl", "settlements", "trial-balance")
NAMED = {"cash": ("book", "currency"), "pnl": ("name", "base_currency"), "settlements": ("book", "trade_id", "leg"),
         "trial-balance": ("account", "asset")}


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("differences")) as running:
        lay(running)
        yield running


@pytest.fixture(scope="module")
def story(everbook: Served) -> Story:
    morning = {"effective_at": "2026-11-24T08:00:00Z"}
    everbook.api.done("/v1/prices", {"instrument": "IBM", "price": "105", **morning})
    everbook.api.done("/v1/rates", {"base": "EUR", "quote": "USD", "rate": "1.25", **morning})
    return Story(everbook)


def changes(api: Api, of: str, known_from: str, known_to: str, **asked: Any) -> list[dict[str, Any]]:
    """What changed; each figure by its causes, of which none is without a part."""
    read = api.read(f"/v1/{of}/diff", known_from=known_from, known_to=known_to, **asked)
    for each in read["items"]:
        for name, change in each["change"].items():
            assert Decimal(each["before"].get(name, "0")) + Decimal(change) == Decimal(each["after"][name])
            assert sum(Decimal(cause["change"].get(name, "0")) for cause in each["causes"]) == Decimal(change)
        assert each["causes"]
    items: list[dict[str, Any]] = read["items"]
    return items


def test_a_difference_names_the_events_that_caused_it_and_sums_to_it(story: Story) -> None:
    found = story.api.read("/v1/positions/diff", book="EQ-2", known_from=story.first, known_to=story.last)
    (ibm,) = found["items"]
    assert (ibm["instrument"], ibm["before"]["quantity"], ibm["after"]["quantity"]) == ("IBM", "20", "15")
    assert figures(ibm["change"], "quantity", "cost", "realised") == [-5, -530, 20]
    for name, change in ibm["change"].items():
        assert sum(Decimal(each[name]) for each in ibm["items"]) == Decimal(change)
    assert [(each["actor"], each["reason"]) for each in ibm["causes"]] == [
        ("admin", "digits were swapped"), ("admin", None)]
    assert sorted((each["trade_id"], each["what"]) for each in ibm["items"]) == [
        ("S1", "added"), ("S1", "removed"), ("S2", "restated"), ("S3", "added")]
    assert story.api.read(
        "/v1/positions/diff", known_from=story.first, known_to=story.last, valid_at="2026-11-24T08:00:00Z"
    )["items"] == []


def test_differences_come_in_pages(everbook: Served, story: Story) -> None:
    asked: dict[str, Any] = {"known_from": "ledger-0:1", "known_to": story.last}
    whole = everbook.api.read("/v1/positions/diff", **asked)["items"]
    answer = everbook.api.get("/v1/positions/diff", **asked, limit=1)
    items = answer.json()["items"]
    while answer.json()["next"] is not None:
        answer = everbook.api.get(answer.headers["Link"].removeprefix("<").removesuffix('>; rel="next"'))
        items += answer.json()["items"]
    assert items == whole
    assert len(items) > 3


def test_cash_and_accounts_changed_by_what_was_corrected_and_what_came_late(story: Story) -> None:
    (cash,) = changes(story.api, "cash", story.first, story.last, book="EQ-2")
    assert (cash["book"], cash["currency"], cash["change"]) == ("EQ-2", "USD", {"payable": "-550", "total": "550"})
    assert [(each["actor"], each["reason"], each["change"]["payable"]) for each in cash["causes"]] == [
        ("admin", "digits were swapped", "-1000"), ("admin", None, "450")]
    accounts = {(each["account"], each["asset"]): each for each in changes(
        story.api, "trial-balance", story.first, story.last, book="EQ-2"
    )}
    trading = accounts["Equity:Trading:IBM", "USD"]
    assert figures(trading["change"], "balance") == [-530]
    assert [each["reason"] for each in accounts["Income:RealisedPnL", "USD"]["causes"]] == [None]


def test_profit_changed_by_a_trade_and_by_a_price(everbook: Served) -> None:
    api, first = everbook.api, everbook.vector()
    api.done("/v1/trades", trade(everbook.new("P"), quantity="10", price="100", book="EQ-2"))
    api.done("/v1/prices", {"instrument": "SAN", "price": "107"})
    api.done("/v1/prices", {"instrument": "SAN", "price": "106"})
    last = everbook.vector()
    (line,) = changes(api, "pnl", first, last, by="instrument", book="EQ-2", desk="EQ")
    assert line["name"] == "SAN"
    # Three were held and ten come at five below the mark, which then gains one on thirteen.
    assert [each["event"].partition(":")[0] for each in line["causes"]] == ["ledger-0", "market"]
    assert [figures(each["change"], "unrealised", "total") for each in line["causes"]] == [[50, 50], [13, 13]]
    for side, known in (("before", first), ("after", last)):
        every = api.read("/v1/pnl", by="instrument", book="EQ-2", known_at=known)["items"]
        (read,) = [each for each in every if each["name"] == "SAN"]
        assert {name: figure for name, figure in read.items() if name in line[side]} == line[side]
    (of_book,) = changes(api, "pnl", first, last, book="EQ-2")
    assert (of_book["name"], of_book["change"]) == ("EQ-2", line["change"])


def test_settlements_changed_by_what_moved_and_come_in_pages(everbook: Served) -> None:
    api, first = everbook.api, everbook.vector()
    names = [everbook.new("S-") for _ in range(3)]
    for name in names:
        api.done("/v1/trades", trade(name, quantity="10", price="100"))
    booked = everbook.vector()
    api.done(f"/v1/trades/{names[0]}/affirm")
    api.done(f"/v1/trades/{names[0]}/instruct", {"instruction": "SI-1"})
    api.done(f"/v1/trades/{names[0]}/settle", {"quantity": "4"})
    last = everbook.vector()
    (moved,) = changes(api, "settlements", booked, last)
    assert (moved["trade_id"], moved["before"]["status"], moved["after"]["status"]) == (
        names[0], "issued", "partially-settled")
    assert figures(moved["change"], "open_quantity", "settled_amount") == [-4, -400]
    # That it was affirmed changed nothing of it.
    assert [each["change"].get("open_quantity") for each in moved["causes"]] == [None, "-4"]
    whole = changes(api, "settlements", first, last, book="EQ-1")
    assert [(each["trade_id"], each["before"]["status"]) for each in whole] == [(name, None) for name in names]
    answer = api.get("/v1/settlements/diff", known_from=first, known_to=last, limit=2)
    items = answer.json()["items"]
    api.done(f"/v1/trades/{names[2]}/cancel", {"reason": "never agreed"})
    items += api.get(answer.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')).json()["items"]
    assert items == whole


@pytest.mark.parametrize("of", OF)
def test_nothing_changed_between_a_time_and_itself(story: Story, of: str) -> None:
    assert changes(story.api, of, story.last, story.last) == []


@pytest.mark.parametrize("of", OF)
def test_what_is_said_of_each_time_is_what_it_is_said_to_have_been(story: Story, of: str) -> None:
    more: dict[str, Any] = {"settlements": {"status": "all"}, "pnl": {"by": "book"}}.get(of, {})
    found = changes(story.api, of, story.first, story.last, book="EQ-2", valid_at="2026-11-24")
    assert found
    for side, known in (("before", story.first), ("after", story.last)):
        read = story.api.read(f"/v1/{of}", book="EQ-2", valid_at="2026-11-24", known_at=known, **more)["items"]
        said = {tuple(each[name] for name in NAMED[of]): each for each in read}
        for each in found:
            line = said.get(tuple(each[name] for name in NAMED[of]), {})
            for name, figure in each[side].items():
                assert line.get(name) == figure or Decimal(line.get(name, "0")) == Decimal(figure)


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize("of", ["positions", *OF])
def test_a_key_sees_what_changed_of_its_own_books_alone(everbook: Served, of: str) -> None:
    own, path = everbook.key("reporting", books=("EQ-2",)), f"/v1/{of}/diff"
    asked: dict[str, Any] = {"known_from": "ledger-0:1,market:1", "known_to": everbook.vector()}
    found = own.read(path, **asked)["items"]
    assert found == everbook.api.read(path, **asked, book="EQ-2")["items"] != []
    assert found != everbook.api.read(path, **asked)["items"]
    assert own.get(path, **asked, book="EQ-1").status_code == httpx.codes.FORBIDDEN
    assert httpx.get(everbook.url + path, params=asked).status_code == httpx.codes.UNAUTHORIZED
    problem(own.get(path, **asked, boook="EQ-2"), 422, "unknown-parameter", "boook")


@pytest.mark.parametrize("of", ["positions", *OF])
def test_the_command_line_compares_alike(story: Story, of: str) -> None:
    between = ("--of", of, "--data", story.data, "--book", "EQ-2", "--known-from", story.first,
               "--known-to", story.last, "--valid-at", "2026-11-24")
    read = story.api.read(f"/v1/{of}/diff", book="EQ-2", known_from=story.first, known_to=story.last,
                          valid_at="2026-11-24")
    assert run("diff", *between, "--json").items() <= read.items()
    assert "digits were swapped" in run("diff", *between)


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("--known-from", "ledger-0:9", "--known-to", "ledger-0:3"), 1, "lies after"),
    (("--known-from", "ledger-0:9", "--of", "risk"), 2, "--of is one of"),
])
def test_what_cannot_be_compared_is_said(story: Story, arguments: tuple[str, ...], code: int, said: str) -> None:
    assert said in run("diff", *arguments, "--data", story.data, code=code)
