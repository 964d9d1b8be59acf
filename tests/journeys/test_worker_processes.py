"""Worker processes that are killed, stopped and come back: nothing is lost, nothing doubled, nothing newer undone."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from infra.everbook import Everbook
from infra.rebuild import compare
from infra.reflected import wait_until_reflected
from infra.settings import Settings
from projections.registry import PROJECTIONS
from tests.feeds import LEDGERS, MODELS, OTHER_BOOK, Topics, busy, differing, tails, topics_of
from tests.journeys.test_kill import free_port
from tests.ledger import founded, send
from tests.processes import stop_outside_a_write

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("EVERBOOK_TEST_WORKER_KILLS", "6"))
LONGEST_SECONDS = 60
SESSION_SECONDS = "6"
ONE_COMMIT = 4


class Ledger:
    """A ledger in a folder, perhaps with topics, and the workers that keep its read models up."""

    def __init__(self, opened: Everbook, topics: Topics | None) -> None:
        self.opened = opened
        self._topics = topics
        self._data = opened.settings.data
        self._booked = 0
        self._started: list[subprocess.Popen[bytes]] = []

    def book(self, trades: int = ONE_COMMIT) -> None:
        """Books trades, and publishes all that followed from them."""
        before = tails(self.opened.logs)
        busy(self.opened.logs, self._booked, trades)
        self._booked += trades
        if self._topics:
            for log, last in tails(self.opened.logs).items():
                # As after a take-over, a little of what was published before comes again.
                self._topics.publish(log, range(max(1, before[log] - 2), last + 1))

    def worker(self, *options: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "EVERBOOK_LEDGERS": str(LEDGERS)}
        if self._topics:
            environment |= {
                "EVERBOOK_KAFKA_BOOTSTRAP": self._topics.client["bootstrap.servers"],
                "EVERBOOK_KAFKA_PREFIX": self._topics.prefix, "EVERBOOK_KAFKA_SESSION_SECONDS": SESSION_SECONDS,
                "EVERBOOK_PEPPER": (self._data / "pepper").read_text().strip(),
            }
        command = [sys.executable, "-m", "api", "work", "projections", "--data", str(self._data), *options]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        self._started.append(process)
        return process

    def reflect(self) -> None:
        assert wait_until_reflected(self.opened.read_models, MODELS, tails(self.opened.logs), LONGEST_SECONDS)

    @property
    def read_models(self) -> Path:
        """The file that the workers write."""
        return self._data / "read-models.db"

    def reflected(self) -> int:
        return sum(self.opened.read_models.reflected("journal", log) for log in tails(self.opened.logs))

    def assert_as_rebuilt(self) -> None:
        assert differing(compare(self.opened.logs.recorders, self.opened.read_models, PROJECTIONS)) == []

    def end(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


@pytest.fixture(params=["polled", "kafka"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with ExitStack() as stack:
        opened = stack.enter_context(Everbook(Settings(data=tmp_path / "data", ledgers=LEDGERS)))
        founded(opened.logs)
        send(opened.logs, OTHER_BOOK)
        topics = None
        if request.param == "kafka":
            topics = stack.enter_context(topics_of(request.getfixturevalue("kafka"), opened.logs))
            topics.publish_all()
        found = Ledger(opened, topics)
        stack.callback(found.end)
        yield found


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def load(ledger: Ledger, seconds: float) -> Iterator[None]:
    """Books for so long, and then a little more while the rest happens."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        ledger.book()
        time.sleep(0.05)
    yield


def test_workers_killed_at_random_moments_lose_and_double_nothing(ledger: Ledger) -> None:
    chance = random.Random(3)
    lasting = ledger.worker()
    for _ in range(KILLS):
        worker = ledger.worker()
        with load(ledger, chance.uniform(0.6, 2.5)):
            victim, lasting = (worker, lasting) if chance.random() < 0.5 else (lasting, worker)
            victim.kill()
    ledger.reflect()
    assert lasting.poll() is None
    ledger.assert_as_rebuilt()


def test_a_worker_that_was_thought_dead_undoes_nothing_newer(ledger: Ledger) -> None:
    zombie = ledger.worker()
    until(lambda: ledger.reflected() > 0)
    for _ in range(3):
        with load(ledger, 0.3):
            stop_outside_a_write(zombie.pid, ledger.read_models)
        successor = ledger.worker()
        ledger.book()
        ledger.reflect()
        seen = [ledger.opened.read_models.digest(model) for model in MODELS]
        zombie.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        assert [ledger.opened.read_models.digest(model) for model in MODELS] == seen
        ledger.book()
        ledger.reflect()
        zombie = successor
    ledger.assert_as_rebuilt()


def test_a_worker_that_is_asked_to_end_ends_in_order_and_another_goes_on_at_once(ledger: Ledger) -> None:
    first = ledger.worker()
    until(lambda: ledger.reflected() > 0)
    ledger.book()
    first.terminate()
    assert first.wait(LONGEST_SECONDS) == 0
    began = time.monotonic()
    ledger.worker()
    ledger.reflect()
    # It left its group: nobody had to wait until it was thought dead.
    assert time.monotonic() - began < float(SESSION_SECONDS)
    ledger.assert_as_rebuilt()


def test_processes_share_the_models_and_each_tells_its_lag(ledger: Ledger) -> None:
    ports = [free_port(), free_port()]
    ledger.worker("--only", "cash", "--only", "audit", "--metrics-port", str(ports[0]))
    rest = [each for each in MODELS if each not in {"cash", "audit"}]
    ledger.worker(*(part for model in rest for part in ("--only", model)), "--metrics-port", str(ports[1]))
    ledger.book()
    ledger.reflect()
    ledger.assert_as_rebuilt()
    for port in ports:
        said = httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
        assert 'everbook_lag_events{log="ledger-1"} 0.0' in said
