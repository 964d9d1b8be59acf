"""Processes of a cluster killed, stopped and joined under load: nothing is lost, doubled or out of order."""

import os
import signal
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from domain.admission import OutcomeUnknown
from domain.outcomes import Outcome
from domain.schema import business_content
from infra.kafka.gate import KafkaGate
from tests.decided import SECRET, Decided, said_by, wait_until
from tests.journeys.test_kill import free_port
from tests.processes import is_stopped, stop_outside_a_write
from tests.rules import booking

DIES = """
    import os, signal
    from infra.kafka.publisher import EventsPublisher
    from infra.kafka.replies import Replies

    at = int(os.environ["EVERBOOK_TEST_DIES_AT"])
    publish, reply = EventsPublisher.publish, Replies.outcomes

    def dying_publish(self, first, events):
        if os.environ["EVERBOOK_TEST_DIES"] == "before-publish" and self._log == "ledger-0" and first > at:
            os.kill(os.getpid(), signal.SIGKILL)
        publish(self, first, events)

    def dying_reply(self, asked, outcomes):
        if os.environ["EVERBOOK_TEST_DIES"] == "before-reply" and any(
            each.log == "ledger-0" and each.sequence > at for each in outcomes
        ):
            os.kill(os.getpid(), signal.SIGKILL)
        reply(self, asked, outcomes)

    EventsPublisher.publish, Replies.outcomes = dying_publish, dying_reply
    from api.cli.deciding import decide
    from infra.settings import settings_from
    decide(settings_from(), None)
"""


@pytest.fixture
def ledger(kafka: str, tmp_path: Path) -> Iterator[Decided]:
    decided = Decided(kafka, tmp_path, 4)
    decided.ensure_topics()
    yield decided
    decided.close()


class Load:
    """Posts trades to every ledger log, one after another, until it is told to end."""

    def __init__(self, ledger: Decided, gate: KafkaGate) -> None:
        self._ledger, self._gate = ledger, gate
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(4)
        self._posting = [self._pool.submit(self._post, number) for number in range(4)]
        self.count = 0

    def _post(self, number: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        while not self._ending.is_set():
            share = [self._ledger.book(f"T{number}-{len(outcomes) + n}", f"ledger-{number}") for n in range(5)]
            outcomes += self._gate.submit(share).result()
            self.count += 5
        return outcomes

    def go_on(self, count: int) -> None:
        """Until so many more are acknowledged."""
        until = self.count + count
        wait_until(lambda: self.count >= until or any(each.done() for each in self._posting))

    def end(self) -> list[Outcome]:
        self._ending.set()
        try:
            return [outcome for posting in self._posting for outcome in posting.result()]
        finally:
            self._pool.shutdown()


@pytest.mark.parametrize("when", ["before-publish", "before-reply"])
def test_an_owner_killed_after_its_commit_loses_and_doubles_nothing(ledger: Decided, when: str) -> None:
    with ledger.processes() as start, ledger.gate() as gate:
        dying = start(script=textwrap.dedent(DIES), EVERBOOK_TEST_DIES=when, EVERBOOK_TEST_DIES_AT="30")
        load = Load(ledger, gate)
        wait_until(lambda: dying.poll() is not None)
        assert dying.returncode == -signal.SIGKILL
        start("work", "ledger")
        load.go_on(100)
        outcomes = load.end()
        ledger.require_once(outcomes)
        ledger.require_published()


def test_on_hbase_owners_killed_and_stopped_at_any_moment_lose_and_double_nothing(
    kafka: str, hbase: str, tmp_path: Path
) -> None:
    ledger = Decided(kafka, tmp_path, 4, f"{hbase}/t{uuid4().hex[:12]}")
    with ledger.processes() as start, ledger.gate() as gate:
        dying = start(script=textwrap.dedent(DIES), EVERBOOK_TEST_DIES="before-publish", EVERBOOK_TEST_DIES_AT="20")
        load = Load(ledger, gate)
        wait_until(lambda: dying.poll() is not None)
        zombie = start("work", "ledger")
        load.go_on(100)
        os.kill(zombie.pid, signal.SIGSTOP)
        start("work", "ledger")
        load.go_on(100)
        os.kill(zombie.pid, signal.SIGCONT)
        load.go_on(100)
        outcomes = load.end()
        assert zombie.poll() is None
        ledger.require_once(outcomes)
        ledger.require_published()
    ledger.close()


def test_owners_joining_leaving_and_dying_under_load_lose_and_double_nothing(ledger: Decided) -> None:
    with ledger.processes() as start, ledger.gate() as gate:
        first = start("work", "ledger")
        load = Load(ledger, gate)
        load.go_on(100)
        second = start("work", "ledger")
        said = said_by(second)
        wait_until(lambda: any("ledger-" in line for line in said))
        load.go_on(200)
        first.send_signal(signal.SIGTERM)
        assert first.wait(30) == 0
        load.go_on(100)
        third = start("work", "ledger")
        joined = said_by(third)
        wait_until(lambda: any("ledger-" in line for line in joined))
        load.go_on(100)
        second.kill()
        load.go_on(200)
        outcomes = load.end()
        ledger.require_once(outcomes)
        ledger.require_published()


def test_a_zombie_owner_that_wakes_after_its_successor_took_over_doubles_nothing(ledger: Decided) -> None:
    with ledger.processes() as start, ledger.gate() as gate:
        zombie = start("work", "ledger")
        load = Load(ledger, gate)
        load.go_on(100)
        stop_outside_a_write(zombie.pid, ledger.folder / "events.db")
        start("work", "ledger")
        load.go_on(200)
        os.kill(zombie.pid, signal.SIGCONT)
        load.go_on(200)
        outcomes = load.end()
        assert zombie.poll() is None
        ledger.require_once(outcomes)
        ledger.require_published()


def test_an_owner_stopped_before_its_append_is_fenced_and_drops_what_its_successor_decided(ledger: Decided) -> None:
    script = """
        import os, signal, time
        from infra.sql.recorder import SqlRecorder
        insert = SqlRecorder.insert_events

        def stopping(self, events, **kwargs):
            if kwargs.get("tracking") is not None and b"T-STOP" in b"".join(event.state for event in events):
                SqlRecorder.insert_events = insert
                os.kill(os.getpid(), signal.SIGSTOP)
                time.sleep(0.2)  # This thread may run on for a moment, and must not hold a lock of the store then.
            return insert(self, events, **kwargs)

        SqlRecorder.insert_events = stopping
        from api.cli.deciding import decide
        from infra.settings import settings_from
        decide(settings_from(), None)
    """
    with ledger.processes() as start, ledger.gate() as gate:
        zombie = start(script=textwrap.dedent(script))
        gate.submit([ledger.book(f"T{n}") for n in range(5)]).result()
        stopped = gate.submit([ledger.book("T-STOP"), ledger.book("T5")])
        wait_until(lambda: is_stopped(zombie.pid))
        start("work", "ledger")
        outcomes = stopped.result()
        os.kill(zombie.pid, signal.SIGCONT)
        later = gate.submit([ledger.book(f"T{n}") for n in range(6, 20)]).result()
        assert zombie.poll() is None
        ledger.require_once([*outcomes, *later])
        ledger.require_published()


def test_two_api_processes_answer_their_own_callers_and_find_every_outcome(ledger: Decided) -> None:
    with ledger.processes() as start:
        start("work", "ledger")
        ports = free_port(), free_port()
        for port in ports:
            start("serve", "--port", str(port))
        headers = {"Authorization": f"Bearer {SECRET}"}
        clients = [httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=40) for port in ports]
        for client in clients:
            wait_until(lambda client=client: _is_alive(client))  # type: ignore[misc]
        with ThreadPoolExecutor(2) as pool:
            posting = [pool.submit(_post, ledger, *each) for each in zip(clients, "ab", strict=True)]
            found = [answer for each in posting for answer in each.result()]
        assert len(found) == 2 * 20
        for client in clients:
            for command_id, position in found:
                told = client.get(f"/v1/commands/tester/{command_id}")
                assert told.headers["Everbook-Sequence"] == position
            client.close()
        ledger.require_published()


def _post(ledger: Decided, client: httpx.Client, name: str) -> list[tuple[str, str]]:
    """Each command by its id, and where its sender was told that it is."""
    found = []
    for number in range(20):
        command = booking(f"T{name}-{number}", book=ledger.books[f"ledger-{number % 4}"])
        body = business_content(command)
        answer = client.post("/v1/commands", content=body)
        assert answer.status_code == httpx.codes.OK, answer.text
        result = answer.json()
        assert (result["status"], result["command_id"]) == ("accepted", command.command_id)
        found.append((command.command_id, f"{result['log']}:{result['sequence']}"))
    return found


def test_an_api_process_whose_owner_is_gone_says_that_the_outcome_is_unknown(ledger: Decided) -> None:
    with ledger.gate(answer_seconds=1.0) as gate, pytest.raises(OutcomeUnknown):
        gate.submit([ledger.book("T1")]).result()


def _is_alive(client: httpx.Client) -> bool:
    try:
        return client.get("/livez").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
