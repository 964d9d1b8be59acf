"""The events over HTTP: replayed as asked, fed live, resumed where a connection broke, proven by a tree and a key."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http.events import LOOK_AGAIN_SECONDS
from domain.events import EVENT_TYPES
from domain.merkle import leaf_hash
from domain.proofs import is_consistent, root_of_inclusion
from infra.checkpoints import BadCheckpoint, opened, public_of
from tests.day import lay
from tests.http import Api, Served, problem, results, served, trade

LONGEST_END_SECONDS = 5
LOGS = ("reference", "market", "ledger-0")


@pytest.fixture(scope="module")
def everbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("events")) as running:
        lay(running)
        yield running


def places(events: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(each["log"], each["sequence"]) for each in events]


def replay(api: Api, **parameters: Any) -> list[dict[str, Any]]:
    return results(api.get("/v1/events", **parameters))


class Feed:
    """The messages of a live feed, read one by one."""

    def __init__(self, answer: httpx.Response) -> None:
        assert answer.headers["content-type"].startswith("text/event-stream")
        self._lines = answer.iter_lines()

    def __next__(self) -> dict[str, str]:
        message: dict[str, str] = {}
        for line in self._lines:
            if not line and "data" in message:
                return message
            name, _, value = line.partition(": ")
            if name:
                message[name] = value
        raise StopIteration


def rest_of(answer: httpx.Response) -> str:
    """What is still to come of a feed, which is to end soon."""
    begun, text = time.monotonic(), ""
    for part in answer.iter_text():
        text += part
        assert time.monotonic() - begun < LONGEST_END_SECONDS, "the feed does not end"
    return text


def test_a_replay_is_every_event_of_every_log_in_order(everbook: Served, api: Api) -> None:
    found = places(replay(api))
    whole = [(log, number) for log in LOGS for number in range(1, everbook.everbook.vector()[log] + 1)]
    assert found == whole
    assert {each["type"] for each in replay(api)} <= set(EVENT_TYPES)


def test_a_refusal_names_the_limit_that_refused_for_ever(api: Api) -> None:
    refusals = [each["state"] for each in replay(api, types="command.refused.v1")]
    limits = {each["code"]: each.get("limit") for each in refusals}
    assert limits["limit-order-quantity"] == "order-quantity"


def test_a_replay_begins_after_a_vector_and_ends_at_a_limit(everbook: Served, api: Api) -> None:
    last = everbook.everbook.vector()
    assert places(replay(api, after=f"reference:{last['reference']},market:2,ledger-0:{last['ledger-0'] - 1}")) == [
        *[("market", number) for number in range(3, last["market"] + 1)], ("ledger-0", last["ledger-0"])
    ]
    assert places(replay(api, limit=3)) == [("reference", number) for number in (1, 2, 3)]
    assert replay(api, after=everbook.vector()) == []


def test_a_replay_is_of_some_types_one_book_or_a_time(api: Api) -> None:
    types = "trade.cancelled.v1,price.recorded.v1"
    assert [each["type"] for each in replay(api, types=types)] == [
        "price.recorded.v1", "price.recorded.v1", "trade.cancelled.v1"
    ]
    of_book = replay(api, book="EQ-2")
    assert {each["state"].get("book") or each["state"]["terms"]["book"] for each in of_book} == {"EQ-2"}
    assert {each["type"] for each in of_book} == {
        "book.defined.v1", "limit.set.v1", "trade.booked.v1", "command.refused.v1"
    }
    whole = replay(api)
    moments = sorted(datetime.fromisoformat(each["state"]["recorded_at"]) for each in whole)
    start, end = moments[10], moments[20]
    between = replay(api, **{"from": start.isoformat(), "to": end.isoformat()})
    assert sorted(places(between)) == sorted(places([
        each for each in whole if start <= datetime.fromisoformat(each["state"]["recorded_at"]) < end
    ]))
    assert replay(api, **{"from": (moments[-1] + timedelta(hours=1)).isoformat()}) == []
    problem(api.get("/v1/events", types="trade.booked.v9"), 422, "unknown-type", "types")


def test_the_feed_begins_now_and_goes_on_where_it_broke(api: Api) -> None:
    with api.client.stream("GET", "/v1/stream", params={"types": "trade.booked.v1"}) as answer:
        feed = Feed(answer)
        for number in range(3):
            api.done("/v1/trades", trade(f"fed-{number}"))
        first = next(feed)
    assert (first["event"], json.loads(first["data"])["state"]["trade_id"]) == ("trade.booked.v1", "fed-0")
    api.done("/v1/trades", trade("fed-3"))
    # As a browser does it: the same address as before, and the id that came last.
    again = {"Last-Event-ID": first["id"]}
    with api.client.stream("GET", "/v1/stream", params={"after": "ledger-0:1"}, headers=again) as answer:
        feed = Feed(answer)
        assert [json.loads(next(feed)["data"])["state"]["trade_id"] for _ in range(3)] == ["fed-1", "fed-2", "fed-3"]
    problem(api.get("/v1/stream", {"Last-Event-ID": "nine"}), 400, "bad-vector", "Last-Event-ID")


def test_the_feed_from_the_beginning_is_the_replay(everbook: Served, api: Api) -> None:
    whole = replay(api)
    with api.client.stream("GET", "/v1/stream", params={"after": "reference:0"}) as answer:
        feed = Feed(answer)
        messages = [next(feed) for _ in whole]
    assert [json.loads(each["data"]) for each in messages] == whole
    assert messages[-1]["id"] == everbook.vector()


def test_a_feed_ends_when_everbook_stops_or_its_key_is_revoked(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        reader = running.key("reporting")
        with reader.client.stream("GET", "/v1/stream") as answer:
            running.api.done(f"/v1/reference/keys/{reader.key_id}", method="DELETE")
            time.sleep(5 * LOOK_AGAIN_SECONDS)
            running.api.done("/v1/trades", trade("T1"))
            assert "trade.booked.v1" not in rest_of(answer)
        with running.api.client.stream("GET", "/v1/stream") as answer:
            threading.Timer(0.2, lambda: setattr(running.server, "should_exit", True)).start()
            assert rest_of(answer).strip() == ": here"


def test_every_event_is_proven_to_be_in_its_log(api: Api) -> None:
    for event in replay(api):
        proof = api.read(f"/v1/proofs/{event['log']}/{event['sequence']}")
        assert proof["root"] == api.read(f"/v1/proofs/{event['log']}/1", size=proof["tree_size"])["root"]
        found = root_of_inclusion(
            bytes.fromhex(proof["leaf"]), event["sequence"] - 1, proof["tree_size"],
            [bytes.fromhex(each) for each in proof["inclusion"]],
        )
        assert found is not None
        assert found.hex() == proof["root"]


def test_the_leaf_of_a_proof_is_the_event_as_it_was_stored(everbook: Served, api: Api) -> None:
    (stored,) = everbook.everbook.recorder("ledger-0").select_notifications(3, 1)
    expected = leaf_hash(3, str(stored.originator_id), stored.originator_version, stored.topic, stored.state)
    assert api.read("/v1/proofs/ledger-0/3")["leaf"] == expected.hex()


def test_a_log_is_proven_to_have_only_grown(everbook: Served, api: Api) -> None:
    size = everbook.everbook.vector()["ledger-0"]
    for first in range(1, size + 1):
        before = api.read(f"/v1/proofs/ledger-0/{first}", size=first)["root"]
        proof = api.read(f"/v1/proofs/ledger-0/{first}", size=size)
        path = [bytes.fromhex(each) for each in proof["consistency"]]
        old, new = bytes.fromhex(before), bytes.fromhex(proof["root"])
        assert is_consistent(first, old, size, new, path)
        assert first == size or not is_consistent(first, new, size, new, path)


@pytest.mark.parametrize("log", LOGS)
def test_a_checkpoint_is_the_head_of_its_log_signed_by_the_ledger(everbook: Served, api: Api, log: str) -> None:
    note = api.get(f"/v1/checkpoints/{log}").text
    head = opened(note, everbook.everbook.signer.public)
    proof = api.read(f"/v1/proofs/{log}/1", size=head.size)
    assert (head.log, head.root.hex()) == (log, proof["root"])
    assert head.origin == f"everbook/{everbook.everbook.ledger_id}/{log}"
    assert opened(note, public_of(api.get(f"/v1/checkpoints/{log}/key").text)) == head
    with pytest.raises(BadCheckpoint):
        opened(note.replace(f"\n{head.size}\n", f"\n{head.size + 1}\n", 1), everbook.everbook.signer.public)


def test_keys_are_told_only_to_those_who_may_read_them(everbook: Served) -> None:
    told = {role: len(replay(everbook.key(role), types="key.issued.v1")) for role in ("trader", "reporting", "admin")}
    assert (told["trader"], told["reporting"]) == (0, 0)
    assert told["admin"] > 1


@pytest.mark.parametrize(("role", "is_told"), [
    ("trader", False), ("reporting", False), ("risk", True), ("compliance", True), ("operations", True),
    ("admin", True),
])
def test_a_refusal_is_told_to_whom_it_was_and_to_those_who_watch(everbook: Served, role: str, is_told: bool) -> None:
    key, trader = everbook.key(role), everbook.key("trader")
    refused = everbook.new("R")
    assert trader.post("/v1/trades", trade(refused, quantity="50001"), key=refused).status_code == 422
    of_type = {"types": "command.refused.v1"}
    assert [each["state"]["command_id"] for each in replay(trader, **of_type)] == [refused]
    assert (refused in {each["state"]["command_id"] for each in replay(key, **of_type)}) is is_told
