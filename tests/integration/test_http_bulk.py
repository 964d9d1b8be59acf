"""Commands in bulk: one line each, in order; all or nothing where that is asked."""

import json
from collections.abc import Iterator

import msgspec
import pytest

from domain.commands import AffirmTrade, RecordPrice
from domain.schema import business_content
from tests.http import Api, Served, problem, results, served
from tests.rules import booking

NDJSON = "application/x-ndjson"


def lines(everbook: Served, number: int) -> list[bytes]:
    return [business_content(booking(everbook.new("B"))) for _ in range(number)]


def price_of(everbook: Served) -> bytes:
    return business_content(RecordPrice(command_id=everbook.new("p"), instrument="SAN", price=booking().terms.price))  # type: ignore[union-attr]


def ids(content: list[bytes]) -> list[str]:
    return [json.loads(line)["command_id"] for line in content]


def test_every_line_gets_its_result_in_order(everbook: Served, api: Api) -> None:
    sent = lines(everbook, 25)
    answer = api.bulk(*sent)
    assert answer.headers["content-type"] == NDJSON
    found = results(answer)
    assert [each["command_id"] for each in found] == ids(sent)
    assert [each["line"] for each in found] == list(range(1, 26))
    assert [each["sequence"] for each in found] == sorted(each["sequence"] for each in found)
    assert {(each["status"], each["source"]) for each in found} == {("accepted", "admin")}


@pytest.mark.parametrize("how", [{}, {"atomic": "true"}])
def test_what_a_read_must_reflect_to_show_all_lines_is_said_for_up_to_a_thousand(
    everbook: Served, api: Api, how: dict[str, str]
) -> None:
    answer = api.bulk(*lines(everbook, 3), **how)
    assert answer.headers["Everbook-Sequence"] == f"ledger-0:{results(answer)[-1]['sequence']}"
    everywhere = api.bulk(*lines(everbook, 1), price_of(everbook), b"{")
    booked, priced, _ = results(everywhere)
    assert everywhere.headers["Everbook-Sequence"] == f"ledger-0:{booked['sequence']},market:{priced['sequence']}"
    assert "Everbook-Sequence" not in api.bulk(b"{").headers
    assert "Everbook-Sequence" not in api.bulk(*lines(everbook, 1_001)).headers


def test_a_json_array_is_taken_like_lines(everbook: Served, api: Api) -> None:
    sent = [json.loads(line) for line in lines(everbook, 3)]
    found = results(api.client.post("/v1/commands", json=sent))
    assert [(each["line"], each["status"]) for each in found] == [(number, "accepted") for number in (1, 2, 3)]


def test_more_lines_than_go_at_once_are_answered_as_one(everbook: Served, api: Api) -> None:
    sent = lines(everbook, 2_500)
    assert [each["command_id"] for each in results(api.bulk(*sent))] == ids(sent)


def test_a_broken_line_is_named_and_the_others_go_on(everbook: Served, api: Api) -> None:
    first, last = lines(everbook, 2)
    before = everbook.recorded()
    found = results(api.bulk(
        first, b'{"type":"BookTrade","command_id":', b"", b'{"type":"AffirmTrade","command_id":"x","book":"EQ-1"}', last
    ))
    assert [(each["line"], each["status"]) for each in found] == [
        (1, "accepted"), (2, "malformed"), (4, "malformed"), (5, "accepted")
    ]
    assert (found[1]["field"], found[2]["field"]) == ("$", "$.trade_id")
    assert everbook.recorded() == before + 2


def test_later_lines_see_what_earlier_ones_did(everbook: Served, api: Api) -> None:
    new, name = booking(everbook.new("B")), everbook.new("X")
    content: list[bytes] = [
        b'{"type":"DefineCalendar","command_id":"%s","calendar":"%s","name":"Later"}' % (name.encode(), name.encode()),
        business_content(RecordPrice(command_id=name + "p", instrument="SAN", price=new.terms.price)),  # type: ignore[union-attr]
        business_content(new), business_content(new),
        business_content(AffirmTrade(command_id=name + "a", trade_id=new.trade_id, book="EQ-1", expected_version=1)),
    ]
    found = results(api.bulk(*content))
    assert [each["status"] for each in found] == ["accepted"] * 5
    assert [each.get("repeated", False) for each in found] == [False, False, False, True, False]
    assert [each["log"] for each in found] == ["reference", "market", "ledger-0", "ledger-0", "ledger-0"]


def test_an_atomic_unit_is_all_or_nothing(everbook: Served, api: Api) -> None:
    good, bad = lines(everbook, 1)[0], business_content(booking(everbook.new("B"), counterparty="NOBODY"))
    found = results(api.bulk(good, bad, atomic="true"))
    assert [each["code"] for each in found] == ["unit-refused", "unknown-counterparty"]
    trade_id = json.loads(good)["trade_id"]
    problem(api.get(f"/v1/trades/{trade_id}"), 404, "unknown-trade", "trade_id")
    whole = lines(everbook, 3)
    assert [each["status"] for each in results(api.bulk(*whole, atomic="true"))] == ["accepted"] * 3
    (at,) = {api.read(f"/v1/trades/{json.loads(line)['trade_id']}")["state"]["version"] for line in whole}
    assert at == 1


def test_an_atomic_unit_with_a_broken_line_is_not_taken(everbook: Served, api: Api) -> None:
    before = everbook.recorded()
    answer = api.bulk(*lines(everbook, 1), b'{"type":"BookTrade"}', atomic="true")
    assert problem(answer, 422, "malformed", "$.command_id")["line"] == 2
    assert everbook.recorded() == before


def test_an_atomic_unit_belongs_to_one_log(everbook: Served, api: Api) -> None:
    before = everbook.recorded()
    problem(api.bulk(*lines(everbook, 1), price_of(everbook), atomic="true"), 422, "not-one-log", "$")
    assert everbook.recorded() == before


def test_a_dry_run_in_bulk_records_nothing(everbook: Served, api: Api) -> None:
    sent, before = lines(everbook, 3), everbook.recorded()
    assert [each["status"] for each in results(api.bulk(*sent, dry_run="true"))] == ["accepted"] * 3
    assert everbook.recorded() == before
    assert all("repeated" not in each for each in results(api.bulk(*sent)))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger with two ledger logs, whose books EQ-1 and EQ-4 are apart."""
    with served(tmp_path_factory.mktemp("two"), ledgers=2) as running:
        running.api.done("/v1/reference/books", {"book": "EQ-4", "name": "Fourth", "desk": "EQ"})
        yield running


def test_books_of_two_logs_share_a_bulk_but_no_unit(two: Served) -> None:
    both = [booking(two.new("B")), booking(two.new("B"), book="EQ-4")]
    problem(two.api.bulk(*both, atomic="true"), 422, "not-one-log", "$")
    assert {each["log"] for each in results(two.api.bulk(*both))} == {"ledger-0", "ledger-1"}


def test_one_who_claims_to_have_seen_too_much_does_not_hold_up_the_others(everbook: Served, api: Api) -> None:
    ahead = {**json.loads(lines(everbook, 1)[0]), "reference_sequence": 10**15}
    answer = api.client.post("/v1/commands", content=msgspec.json.encode(ahead))
    problem(answer, 409, "reference-not-reached", "$.reference_sequence")
    assert answer.headers["Retry-After"] == "1"
    ahead["reference_sequence"] = everbook.everbook.vector()["reference"]
    assert results(api.client.post("/v1/commands", content=msgspec.json.encode(ahead)))[0]["status"] == "accepted"


def test_a_body_may_be_large_but_not_too_large(everbook: Served, api: Api) -> None:
    before = everbook.recorded()
    problem(api.post("/v1/trades", b" " * 1_000_001), 413, "too-large", "$")
    chunks = (b" " * 500_000 for _ in range(3))
    answer = api.client.post("/v1/trades", content=chunks, headers={"Idempotency-Key": "k"})
    problem(answer, 413, "too-large", "$")
    problem(api.client.post("/v1/commands", content=b" " * 64_000_001), 413, "too-large", "$")
    assert everbook.recorded() == before
