"""What was earned between two instants, over HTTP and on the command line: by cause, without a rest, and explained."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.command_line import run
from tests.http import Served, problem, results, served, trade
from tests.instruments import INSTRUMENTS

CAUSES = ("amendments", "corrected_marks", "trades", "fees", "penalties", "carry", "prices", "fx")
FIRST, SECOND, THIRD = "2026-11-23", "2026-11-24", "2026-11-25"


class Story:
    """IBM is bought for a book in euros before the first day ends, marked each day, traded on the second; later the
    first purchase and the second day's close turn out to be wrong.
    """

    def __init__(self, everbook: Served) -> None:
        self.api, self.data = everbook.api, everbook.everbook.settings.data
        self.rate("1.25", FIRST)
        self.price("100", FIRST)
        self.book("B1", "20", "95", FIRST)
        self.price("110", SECOND)
        self.rate("1.20", SECOND)
        self.book("B2", "5", "104", SECOND)
        self.price("108", THIRD)
        self.known = everbook.vector()
        terms = trade("B1", quantity="30", price="95", instrument="IBM")["terms"]
        self.api.done("/v1/trades/B1/correct", {"terms": terms, "reason": "ten were forgotten"}, book="EQ-2")
        self.price("109", SECOND)

    def price(self, price: str, day: str) -> None:
        self.api.done("/v1/prices", {"instrument": "IBM", "price": price, "effective_at": f"{day}T18:00:00Z"})

    def rate(self, rate: str, day: str) -> None:
        self.api.done("/v1/rates", {"base": "EUR", "quote": "USD", "rate": rate, "effective_at": f"{day}T18:00:00Z"})

    def book(self, trade_id: str, quantity: str, price: str, day: str, book: str = "EQ-2") -> None:
        content = trade(trade_id, quantity=quantity, price=price, book=book, instrument="IBM", trade_date=day)
        self.api.done("/v1/trades", {**content, "effective_at": f"{day}T10:00:00Z"})

    def earned(self, since: str, to: str, **asked: Any) -> dict[str, Decimal]:
        found = self.api.read("/v1/pnl/attribution", **{"from": since}, to=to, by="instrument", book="EQ-2", **asked)
        assert found["unmarked"] == []
        (line,) = found["items"]
        assert (line["name"], line["base_currency"]) == ("IBM", "EUR")
        return {name: Decimal(line[name]) for name in (*CAUSES, "total")}

    def level(self, day: str, **asked: Any) -> Decimal:
        (line,) = self.api.read("/v1/pnl", valid_at=day, by="instrument", book="EQ-2", **asked)["items"]
        return Decimal(line["total"])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with served(tmp_path_factory.mktemp("earnings")) as running:
        yield Story(running)


def test_a_day_splits_into_trades_prices_and_rates_as_it_was_known_then(story: Story) -> None:
    found = story.earned(FIRST, SECOND, known_at=story.known)
    # 5 bought at 104 against the earlier mark of 100, in dollars at 1.25: the euro is worth 0.8 dollars' worth.
    assert found["trades"] == Decimal(5) * (100 - 104) * Decimal("0.8")
    rate = Decimal("0.833333333333333333")
    assert found["prices"] == Decimal(25) * 10 * rate
    # What 20 bought at 95 and 5 at 104 are worth at 100, by what the dollar rose.
    assert found["fx"] == (Decimal(20) * 5 - 5 * 4) * (rate - Decimal("0.8"))
    assert found["amendments"] == found["corrected_marks"] == found["carry"] == 0
    assert found["total"] == sum(found[name] for name in CAUSES)


def test_what_was_earned_is_the_difference_of_the_profit_of_both_instants(story: Story) -> None:
    for known in ({"known_at": story.known}, {}):
        earned = story.earned(FIRST, THIRD, **known)
        assert earned["total"] == story.level(THIRD, **known) - story.level(FIRST, **known) != 0


def test_what_became_known_late_stands_apart(story: Story) -> None:
    reported = story.earned(SECOND, THIRD, known_from=story.known)
    assert reported["amendments"] == Decimal(10) * (110 - 95) * Decimal("0.833333333333333333")
    assert reported["corrected_marks"] == Decimal(35) * (109 - 110) * Decimal("0.833333333333333333")
    assert reported["total"] == story.level(THIRD) - story.level(SECOND, known_at=story.known)


def test_the_days_sum_to_the_whole(story: Story) -> None:
    found = story.api.read("/v1/pnl/daily", **{"from": FIRST}, to=THIRD, by="instrument", book="EQ-2")
    assert [each["day"] for each in found["days"]] == [SECOND, THIRD]
    lines = [each["items"][0] for each in found["days"]]
    whole = story.earned(FIRST, THIRD)
    assert sum(Decimal(line["total"]) for line in lines) == whole["total"]
    assert all(Decimal(line["amendments"]) == 0 for line in lines)


def test_an_answer_says_what_was_known_and_stays_the_same_with_it(story: Story) -> None:
    asked = {"from": FIRST, "to": SECOND, "by": "desk"}
    first = story.api.read("/v1/pnl/attribution", **asked, known_at=story.known)
    assert "market:" in first["known_at"]
    assert first["final"]
    story.book("B9", "7", "101", SECOND, book="EQ-1")
    assert story.api.read("/v1/pnl/attribution", **asked)["items"] != first["items"]
    assert story.api.read("/v1/pnl/attribution", **asked, known_at=first["known_at"]) == first


@pytest.mark.parametrize(("path", "field"), [
    ("/v1/pnl/attribution?from=soon", "from"),
    ("/v1/pnl/attribution?from=2026-11-23&to=later", "to"),
    ("/v1/pnl/attribution?from=2026-11-23&known_at=ledger-0:1", "known_at"),
    ("/v1/pnl/attribution?from=2026-11-23&known_from=ledger-0:3,market:3&known_at=ledger-0:1,market:1", "known_from"),
    ("/v1/pnl/attribution?from=2026-11-24&to=2026-11-23", "from"),
    ("/v1/pnl/daily?from=2026-11-23&to=2026-11-23", "to"),
    ("/v1/pnl/daily?from=2026-11-23&to=2029-11-23", "to"),
])
def test_what_cannot_be_asked_is_said_by_its_field(story: Story, path: str, field: str) -> None:
    problem(story.api.get(path), httpx.codes.UNPROCESSABLE_ENTITY, "bad-parameter", field)


def test_the_command_line_says_the_same(story: Story) -> None:
    asked = ("--data", story.data, "--by", "instrument", "--book", "EQ-2", "--json")
    (line,) = run("pnl", *asked, "--from", FIRST, "--to", SECOND, "--known-at", story.known)["items"]
    assert Decimal(line["total"]) == story.earned(FIRST, SECOND, known_at=story.known)["total"]
    days = run("pnl", *asked, "--from", FIRST, "--to", THIRD, "--daily")["days"]
    assert sum(Decimal(day["items"][0]["total"]) for day in days) == story.earned(FIRST, THIRD)["total"]
    (level,) = run("pnl", *asked, "--valid-at", SECOND, "--known-at", story.known)
    assert Decimal(level["total"]) == story.level(SECOND, known_at=story.known)
    assert "prices" in run("pnl", *asked[:-1], "--from", FIRST, "--to", THIRD)
    assert "--daily takes days" in run("pnl", *asked[:-1], "--from", "now", "--daily", code=1)
    assert "lies after" in run("pnl", *asked[:-1], "--from", THIRD, "--to", FIRST, code=1)


def test_profit_of_now_has_what_a_bond_has_accrued_by_the_day_of_business(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        api = running.api
        api.done("/v1/business-dates", {"business_date": SECOND})
        (defined,) = results(api.bulk(INSTRUMENTS[0]))
        assert defined["status"] == "accepted"
        api.done("/v1/trades", {**trade("G1"), "terms": {
            "product": "bond", "side": "buy", "instrument": "OAT", "quantity": "100000", "price": "99.5",
        }})
        api.done("/v1/prices", {"instrument": "OAT", "price": "99.5"})
        (line,) = api.read("/v1/pnl", by="instrument")["items"]
        position = api.read("/v1/positions/EQ-1/OAT")
        assert line["unmarked"] == []
        assert Decimal(position["accrued"]) > 0
        assert line["total"] == position["total_in_base"]
