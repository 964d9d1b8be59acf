"""When too much waits, and when the store fails: said at once, safe to send again, and nothing counted twice."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.http import Served, problem, results, served, trade
from tests.rules import booking

CREATED = httpx.codes.CREATED


@contextmanager
def held(everbook: Served) -> Iterator[None]:
    """Another process keeps SQLite's write lock: nothing can be committed."""
    store = sqlite3.connect(everbook.everbook.settings.data / "events.db", isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        store.execute("ROLLBACK")
        store.close()


@contextmanager
def broken(everbook: Served, file: str, table: str) -> Iterator[None]:
    """A table of the store is gone for a while."""
    path = everbook.everbook.settings.data / file
    _rename(path, table, "gone")
    try:
        yield
    finally:
        _rename(path, "gone", table)


def _rename(path: Path, old: str, new: str) -> None:
    store = sqlite3.connect(path, timeout=30)
    store.execute(f"ALTER TABLE {old} RENAME TO {new}")
    store.close()


def wait_for(everbook: Served, queued: int) -> None:
    deadline = time.monotonic() + 10
    while everbook.everbook.owner.queued() != queued:
        assert time.monotonic() < deadline, everbook.everbook.owner.queued()
        time.sleep(0.005)


def wait_until_taken(everbook: Served) -> None:
    """Until the owner is in the middle of the first request: what comes now has to wait."""
    deadline = time.monotonic() + 10
    while not everbook.everbook.owner._taken:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    # And waits for the store: with something in the queue it would decide that first.
    time.sleep(0.5)


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Served]:
    """Room for four commands, of which one commit takes one."""
    with served(tmp_path, queue_limit=4, batch_limit=1) as running:
        yield running


def test_a_full_queue_is_said_at_once_and_empties(narrow: Served) -> None:
    api = narrow.api
    with ThreadPoolExecutor(5) as pool:
        with held(narrow):
            first = pool.submit(api.post, "/v1/trades", trade("T0"))
            wait_until_taken(narrow)
            waiting = [pool.submit(api.post, "/v1/trades", trade(f"T{number}")) for number in range(1, 5)]
            wait_for(narrow, 4)
            before = time.monotonic()
            answer = api.post("/v1/trades", trade("T9"), key="later")
            assert time.monotonic() - before < 1
            problem(answer, 429, "queue-full")
            assert answer.headers["Retry-After"] == "1"
            problem(api.bulk(booking("T8")), 429, "queue-full")
            assert "everbook_queued_commands 4.0" in api.get("/metrics").text
        assert {each.result().status_code for each in [first, *waiting]} == {CREATED}
    assert api.post("/v1/trades", trade("T9"), key="later").status_code == CREATED
    assert len(api.read("/v1/trades")["items"]) == 6


def test_one_who_claims_to_have_seen_too_much_fails_alone(tmp_path: Path) -> None:
    with served(tmp_path) as everbook, ThreadPoolExecutor(3) as pool:
        api = everbook.api
        with held(everbook):
            first = pool.submit(api.post, "/v1/trades", trade("T1"))
            wait_until_taken(everbook)
            # What waits together is committed together.
            ahead = pool.submit(api.post, "/v1/trades", {**trade("T2"), "reference_sequence": 10**15})
            other = pool.submit(api.post, "/v1/trades", trade("T3"))
            wait_for(everbook, 2)
        assert (first.result().status_code, other.result().status_code) == (CREATED, CREATED)
        problem(ahead.result(), 409, "reference-not-reached", "$.reference_sequence")


def test_a_bulk_that_no_longer_fits_says_which_lines_were_not_taken(tmp_path: Path) -> None:
    with served(tmp_path, queue_limit=1_500, batch_limit=50) as everbook, ThreadPoolExecutor(31) as pool:
        # For its second half there is room only when twenty others were committed.
        sent = [booking(f"T{number}") for number in range(2_000)]
        with held(everbook):
            first = pool.submit(everbook.api.bulk, *sent)
            wait_until_taken(everbook)
            others = [
                pool.submit(everbook.api.bulk, *[booking(f"O{part}-{number}") for number in range(50)])
                for part in range(30)
            ]
            wait_for(everbook, 1_500)
        answered = results(first.result())
        assert [each["status"] for each in answered] == ["accepted"] * 1_000 + ["not-taken"] * 1_000
        assert (answered[1_000]["line"], answered[1_000]["code"]) == (1_001, "queue-full")
        assert {each["status"] for other in others for each in results(other.result())} == {"accepted"}
        again = results(everbook.api.bulk(*sent))
        assert [each.get("repeated", False) for each in again] == [True] * 1_000 + [False] * 1_000


def test_lines_whose_outcome_is_open_are_not_said_to_be_untaken(tmp_path: Path) -> None:
    with served(tmp_path, ledgers=2) as everbook:
        everbook.api.done("/v1/reference/books", {"book": "EQ-4", "name": "Fourth", "desk": "EQ"})
        sent = [booking(f"T{number}", book="EQ-1" if number < 1_000 else "EQ-4") for number in range(2_010)]
        with broken(everbook, "events.db", "ledger_0_events"):
            answered = results(everbook.api.bulk(*sent))
        assert [each["status"] for each in answered] == (
            ["accepted"] * 1_000 + ["unknown"] * 1_000 + ["not-taken"] * 10
        )
        assert [each["line"] for each in answered] == list(range(1, 2_011))


def test_an_outcome_that_stays_open_is_said_to_be_and_can_be_asked_for(tmp_path: Path) -> None:
    with served(tmp_path, answer_seconds=0.3) as everbook:
        api = everbook.api
        with held(everbook):
            answer = api.post("/v1/trades", trade("T1"), key="open")
            content = problem(answer, 503, "outcome-unknown")
            assert answer.headers["Retry-After"] == "1"
            problem(api.get(content["outcome"]), 404, "unknown-command")
        deadline = time.monotonic() + 10
        while not api.get(content["outcome"]).is_success and time.monotonic() < deadline:
            time.sleep(0.02)
        assert api.get(content["outcome"]).json()["status"] == "accepted"
        assert api.post("/v1/trades", trade("T1"), key="open").headers["Everbook-Repeated"] == "true"


def test_a_store_that_fails_leaves_the_outcome_unknown_and_tells_no_secrets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with served(tmp_path) as everbook:
        api = everbook.api
        with broken(everbook, "events.db", "ledger_0_events"):
            for answer in (api.post("/v1/trades", trade("T1"), key="lost"), api.bulk(booking("T2"))):
                content = problem(answer, 503, "outcome-unknown")
                assert answer.headers["Retry-After"] == "1"
                assert "SQL" not in answer.text
            assert content["outcome"] == "/v1/commands/admin/book-T2"
        assert "no such table" in caplog.text
        assert "SQL:" not in caplog.text
        assert "parameters:" not in caplog.text
        problem(api.get("/v1/commands/admin/lost"), 404, "unknown-command")
        assert api.post("/v1/trades", trade("T1"), key="lost").status_code == CREATED


def test_read_models_that_fail_are_a_problem_not_an_error(tmp_path: Path) -> None:
    with served(tmp_path, worker=False) as everbook, broken(everbook, "read-models.db", "reflected"):
        for path in ("/readyz", "/v1/positions"):
            answer = everbook.api.get(path)
            problem(answer, 503, "store-unavailable")
            assert "SQL" not in answer.text
            assert answer.headers["Retry-After"] == "1"
        told = everbook.api.get("/metrics").text
        assert 'everbook_store_answers{store="read-models"} 0.0' in told
        assert 'everbook_log_sequence{log="ledger-0"}' in told


def test_what_still_waits_when_everbook_stops_was_not_recorded(tmp_path: Path) -> None:
    with served(tmp_path) as everbook, ThreadPoolExecutor(3) as pool:
        with held(everbook):
            deciding = pool.submit(everbook.api.post, "/v1/trades", trade("T1"))
            time.sleep(0.2)
            waiting = pool.submit(everbook.api.post, "/v1/trades", trade("T2"))
            wait_for(everbook, 1)
            stopping = pool.submit(everbook.everbook.owner.stop)
            time.sleep(0.2)
        assert deciding.result().status_code == CREATED
        stopping.result()
        problem(waiting.result(), 503, "not-recorded")
        problem(everbook.api.post("/v1/trades", trade("T3")), 429, "queue-full")


def test_a_log_that_fails_leaves_the_others_going(tmp_path: Path) -> None:
    with served(tmp_path, ledgers=2) as everbook:
        everbook.api.done("/v1/reference/books", {"book": "EQ-4", "name": "Fourth", "desk": "EQ"})
        with broken(everbook, "events.db", "ledger_1_events"):
            problem(everbook.api.post("/v1/trades", trade("T1", book="EQ-1")), 503, "outcome-unknown")
            assert everbook.api.post("/v1/trades", trade("T4", book="EQ-4")).status_code == CREATED
        assert everbook.api.post("/v1/trades", trade("T1", book="EQ-1")).status_code == CREATED
