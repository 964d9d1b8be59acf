"""Single writes over HTTP: booked, changed, settled; once for ever; only at the version that was seen."""

from typing import Any

import httpx
import pytest

from tests.http import Api, Served, problem, trade

CREATED, OK = httpx.codes.CREATED, httpx.codes.OK
SETTLED: list[tuple[str, dict[str, Any], str]] = [
    ("affirm", {}, "affirmed"), ("settle", {"quantity": "4"}, "partially-settled"), ("fail", {}, "failing"),
    ("settle", {}, "settled"),
]


def booked(everbook: Served, **changes: Any) -> str:
    trade_id = everbook.new("T")
    everbook.api.done("/v1/trades", trade(trade_id, **changes))
    return trade_id


def test_a_booking_says_where_it_is_and_at_which_version(everbook: Served, api: Api) -> None:
    answer = api.post("/v1/trades", trade("first"))
    assert (answer.status_code, answer.headers["Location"]) == (CREATED, "/v1/trades/first")
    assert answer.headers["ETag"] == '"1"'
    log, sequence = answer.headers["Everbook-Sequence"].split(":")
    assert (log, int(sequence)) == ("ledger-0", everbook.everbook.vector()["ledger-0"])
    read = api.get(answer.headers["Location"], {"Everbook-At-Least": answer.headers["Everbook-Sequence"]})
    assert (read.json()["status"], read.headers["ETag"]) == ("booked", '"1"')


def test_a_trade_goes_through_its_life(everbook: Served, api: Api) -> None:
    trade_id = booked(everbook)
    for version, (route, content, status) in enumerate(SETTLED, 2):
        answer = api.done(f"/v1/trades/{trade_id}/{route}", content)
        assert (answer.status_code, answer.headers["ETag"]) == (OK, f'"{version}"')
        assert api.read(f"/v1/trades/{trade_id}")["status"] == status
    history = [each["type"] for each in api.read(f"/v1/trades/{trade_id}/events")["items"]]
    assert history == ["trade.booked.v1", "trade.affirmed.v1", "trade.partially-settled.v1",
                       "trade.settlement-failed.v1", "trade.settled.v1"]


def test_an_amendment_and_a_correction_bring_the_full_new_terms(everbook: Served, api: Api) -> None:
    trade_id = booked(everbook)
    terms = {**trade(trade_id)["terms"], "quantity": "7"}
    api.done(f"/v1/trades/{trade_id}/amend", {"terms": terms})
    api.done(f"/v1/trades/{trade_id}/correct", {"terms": {**terms, "price": "99"}, "reason": "digits were swapped"})
    found = api.read(f"/v1/trades/{trade_id}")["state"]
    assert (found["revision"], found["terms"]["quantity"], found["terms"]["price"]) == (3, "7", "99")
    without_reason = api.post(f"/v1/trades/{trade_id}/correct", {"terms": terms})
    problem(without_reason, 422, "reason-required", "$.reason")


def test_a_cancelled_trade_changes_no_more(everbook: Served, api: Api) -> None:
    trade_id = booked(everbook)
    api.done(f"/v1/trades/{trade_id}/cancel")
    problem(api.post(f"/v1/trades/{trade_id}/affirm"), 422, "wrong-state")
    problem(api.post("/v1/trades/nowhere/cancel"), 404, "unknown-trade", "trade_id")


def test_a_change_is_made_only_at_the_version_that_was_read(everbook: Served, api: Api) -> None:
    trade_id = booked(everbook)
    etag = api.get(f"/v1/trades/{trade_id}").headers["ETag"]
    answer = api.post(f"/v1/trades/{trade_id}/affirm", headers={"If-Match": etag})
    assert answer.headers["ETag"] == '"2"'
    late = api.post(f"/v1/trades/{trade_id}/cancel", headers={"If-Match": etag})
    problem(late, 412, "version-conflict", "If-Match")
    assert api.read(f"/v1/trades/{trade_id}")["status"] == "affirmed"
    problem(api.post(f"/v1/trades/{trade_id}/cancel", headers={"If-Match": "one"}), 400, "bad-etag", "If-Match")


def test_a_write_without_a_key_of_its_own_is_not_taken(everbook: Served, api: Api) -> None:
    before = everbook.recorded()
    answer = api.post("/v1/trades", trade(everbook.new("T")), key=None)
    problem(answer, 400, "idempotency-key-missing", "Idempotency-Key")
    problem(api.post("/v1/trades", trade("T"), key="not a key"), 400, "malformed", "Idempotency-Key")
    assert everbook.recorded() == before


def test_the_same_key_gets_the_first_answer_again(everbook: Served, api: Api) -> None:
    content, key = trade(everbook.new("T")), everbook.new("again-")
    first = api.post("/v1/trades", content, key=key)
    before = everbook.recorded()
    again = api.post("/v1/trades", content, key=key)
    assert (again.status_code, again.headers["Everbook-Repeated"]) == (CREATED, "true")
    assert "Everbook-Repeated" not in first.headers
    assert {**again.json(), "repeated": False} == {**first.json(), "repeated": False}
    for header in ("Location", "ETag", "Everbook-Sequence"):
        assert again.headers[header] == first.headers[header]
    assert everbook.recorded() == before


def test_a_refusal_is_said_again_to_be_one_that_was_told_before(everbook: Served, api: Api) -> None:
    content, key = {**trade(everbook.new("T")), "book": "NOWHERE"}, everbook.new("refused-")
    first, again = (api.post("/v1/trades", content, key=key) for _ in range(2))
    problem(again, 422, "unknown-book", "$.book")
    assert "Everbook-Repeated" not in first.headers
    assert again.headers["Everbook-Repeated"] == "true"
    assert again.headers["Everbook-Sequence"] == first.headers["Everbook-Sequence"]


def test_the_same_key_with_other_content_is_refused_and_changes_nothing(everbook: Served, api: Api) -> None:
    content, key = trade(everbook.new("T")), everbook.new("again-")
    api.done("/v1/trades", content, key=key)
    before = everbook.recorded()
    other = api.post("/v1/trades", {**content, "trade_id": everbook.new("T")}, key=key)
    problem(other, 422, "key-reused", "Idempotency-Key")
    assert everbook.recorded() == before


def test_a_refusal_is_recorded_and_told_again(everbook: Served, api: Api) -> None:
    content, key = trade(everbook.new("T"), trader="nobody"), everbook.new("no-")
    first = problem(api.post("/v1/trades", content, key=key), 422, "unknown-trader", "$.trader")
    before = everbook.recorded()
    again = problem(api.post("/v1/trades", content, key=key), 422, "unknown-trader", "$.trader")
    assert (first["detail"], everbook.recorded()) == (again["detail"], before)
    (told,) = api.read("/v1/audit", type="command.refused.v1", trade_id=content["trade_id"])["items"]
    assert (told["code"], told["actor"]) == ("unknown-trader", "admin")


def test_a_dry_run_decides_and_records_nothing(everbook: Served, api: Api) -> None:
    content, key, before = trade(everbook.new("T")), everbook.new("try-"), everbook.recorded()
    tried = api.post("/v1/trades", content, key=key, dry_run="true")
    assert (tried.status_code, tried.json()["status"]) == (OK, "accepted")
    assert not {"Everbook-Sequence", "ETag", "Location"} & {name.title() for name in tried.headers}
    problem(api.post("/v1/trades", trade("T", book="NONE"), dry_run="true"), 422, "unknown-book", "$.book")
    assert everbook.recorded() == before
    assert api.post("/v1/trades", content, key=key, dry_run="false").status_code == CREATED


@pytest.mark.parametrize(("parameters", "field"), [({"dry_run": "1"}, "dry_run"), ({"dryrun": "true"}, "dryrun")])
def test_a_dry_run_that_is_misspelt_books_nothing(
    everbook: Served, api: Api, parameters: dict[str, Any], field: str
) -> None:
    before = everbook.recorded()
    answer = api.post("/v1/trades", trade(everbook.new("T")), **parameters)
    problem(answer, 422, "bad-parameter" if field == "dry_run" else "unknown-parameter", field)
    assert everbook.recorded() == before


def test_what_is_said_twice_is_not_taken_once(everbook: Served, api: Api) -> None:
    before = everbook.recorded()
    twice = api.client.post("/v1/trades?dry_run=true&dry_run=false", json=trade("T"), headers={"Idempotency-Key": "k"})
    problem(twice, 422, "bad-parameter", "dry_run")
    keys = [("Idempotency-Key", "k1"), ("Idempotency-Key", "k2")]
    problem(api.client.post("/v1/trades", json=trade("T"), headers=keys), 400, "malformed", "Idempotency-Key")
    problem(api.client.get("/v1/positions?book=EQ-1&book=EQ-2"), 422, "bad-parameter", "book")
    assert everbook.recorded() == before


def test_an_outcome_can_be_looked_up(everbook: Served, api: Api) -> None:
    key = everbook.new("c-")
    answer = api.done("/v1/trades", trade(everbook.new("T")), key=key)
    found = api.get(f"/v1/commands/admin/{key}")
    assert found.json() == answer.json()
    assert found.headers["Everbook-Sequence"] == answer.headers["Everbook-Sequence"]
    problem(api.get("/v1/commands/admin/never-sent"), 404, "unknown-command")
    problem(api.get(f"/v1/commands/other/{key}"), 404, "unknown-command")


def test_a_key_for_some_books_looks_up_its_own_commands_and_those_of_its_books(everbook: Served, api: Api) -> None:
    mine, others = everbook.key("trader", books=("EQ-1",)), everbook.new("c-")
    sent = mine.bulk(
        b'{"type":"AffirmTrade","command_id":"%s","source":"algo","trade_id":"none","book":"EQ-1"}' % others.encode()
    )
    assert mine.get(f"/v1/commands/algo/{others}").json()["code"] == sent.json()["code"] == "unknown-trade"
    first, second = everbook.new("c-"), everbook.new("c-")
    api.done("/v1/trades", trade(everbook.new("T"), book="EQ-1"), key=first)
    api.done("/v1/trades", trade(everbook.new("T"), book="EQ-2"), key=second)
    assert mine.get(f"/v1/commands/admin/{first}").status_code == OK
    problem(mine.get(f"/v1/commands/admin/{second}"), 404, "unknown-command")
