"""The worker in simulation: a feed that drops, repeats and delays at will, stores that stop it between any two steps.

Whatever happens, the read models are at every moment the fold of some prefix of each log, and in the end of all of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Executor, Future
from functools import cache
from typing import Any

import msgspec
import pytest
from eventsourcing.persistence import Notification
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.ports import LogRecorder
from domain.schema import recorded
from infra.projection_worker import ProjectionWorker
from infra.sequenced import Sequenced
from infra.sql.engine import create_engine_for
from infra.sql.read_models import SqlReadModels
from projections.fold import Found, Parked
from projections.projection import Document
from projections.registry import PROJECTIONS
from tests.documents import read_models
from tests.feeds import busy_in_memory

LOGS = ("ledger-0", "ledger-1")
MODELS = {each.name: each.document_type for each in PROJECTIONS if each.name in {
    "trades", "movements", "positions", "journal", "cash", "activity", "alerts",
}}
SOME = tuple(each for each in PROJECTIONS if each.name in MODELS)
HISTORY = busy_in_memory(14)
EVENTS = {log: HISTORY.recorders[log].select_notifications(1, 1_000) for log in LOGS}
LEAVES = {log: HISTORY.recorders[log].select_leaves(1, 1_000) for log in LOGS}
ENOUGH = 40
_encode = msgspec.json.Encoder(order="deterministic").encode


class Stopped(BaseException):
    """The process ends here."""


class Fuse:
    """Stops whatever runs at the n-th step from when it was lit."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Stopped


class GrowingLog:
    """The first events of a log: as much of it as was recorded so far."""

    def __init__(self, log: str, fuse: Fuse) -> None:
        self.last = 1
        self._log = log
        self._fuse = fuse

    def select_notifications(self, start: int, limit: int, stop: int | None = None) -> Sequence[Notification]:
        self._fuse.step()
        return EVENTS[self._log][start - 1 : min(start - 1 + limit, self.last, stop or self.last)]

    def max_notification_id(self) -> int:
        self._fuse.step()
        return self.last

    def select_leaves(self, start: int, limit: int) -> Sequence[tuple[int, bytes]]:
        return LEAVES[self._log][start - 1 : min(start - 1 + limit, self.last)]


class CrashingReadModels(SqlReadModels):
    """Ends the process before or after what it does."""

    fuse = Fuse()

    def find(self, wanted: Mapping[str, Sequence[str]]) -> Found:
        self.fuse.step()
        return super().find(wanted)

    def write(
        self, log: str, documents: Mapping[str, Mapping[str, Document]], *, expected: int, reflected: int,
        models: Sequence[str], leaf: bytes = b"", parked: Set[Parked] | None = None,
    ) -> None:
        self.fuse.step()
        super().write(
            log, documents, expected=expected, reflected=reflected, models=models, leaf=leaf, parked=parked
        )
        self.fuse.step()


class UnreliableFeed:
    """``EventSource`` that is told what arrives, and when time passes."""

    def __init__(self, recorders: Mapping[str, LogRecorder], monotonic: Callable[[], float]) -> None:
        self._sequenced = Sequenced(recorders, 1.0, monotonic)
        self._let_go: Callable[[], None] = lambda: None
        self.mine = set(LOGS)
        self.read = self._sequenced.read
        self.logs = self._sequenced.logs
        self.filled = self.ahead = 0

    def trouble(self) -> str:
        return ""

    def begin(self, let_go: Callable[[], None]) -> None:
        self._let_go = let_go
        for log in LOGS:
            self._sequenced.begin(log)

    def gather(self, seconds: float) -> None:
        pass

    def arrive(self, log: str, sequence: int) -> None:
        if log in self.logs():
            self._sequenced.accept(log, EVENTS[log][sequence - 1])

    def turn(self, log: str) -> None:
        """Another worker is given the log, or it comes back."""
        if log in self.logs():
            self._let_go()
            self._sequenced.forget(log)
        else:
            self._sequenced.begin(log)

    def reflected(self, log: str, sequence: int) -> None:
        pass

    def close(self) -> None:
        pass


class AtOnce(Executor):
    """Does what it is given before it goes on, so that a schedule is one run and not many."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001
            done.set_exception(error)
        return done


class Simulation:
    """Two workers on one store; time passes when it is told to."""

    def __init__(self, store: CrashingReadModels) -> None:
        store.clear([*MODELS])
        self.fuse = store.fuse = Fuse()
        self._store = store
        self._now = 0.0
        self.logs = {log: GrowingLog(log, self.fuse) for log in LOGS}
        self._recorders: Any = self.logs
        self._workers = [self._worker() for _ in range(2)]

    def close(self) -> None:
        self.fuse.left = None
        for worker, _ in self._workers:
            worker.stop()

    def do(self, what: str, who: int, log: str, much: int) -> None:
        growing, (_, feed) = self.logs[log], self._workers[who]
        match what:
            case "record":
                growing.last = min(growing.last + much, len(EVENTS[log]))
            case "arrive":
                feed.arrive(log, max(1, min(much, growing.last)))
            case "arrive in order":
                at = self._store.reflected("cash", log)
                for sequence in range(at + 1, min(at + much, growing.last) + 1):
                    feed.arrive(log, sequence)
            case "wait":
                self._now += 1.0
            case "turn":
                feed.turn(log)
            case "crash":
                self.fuse.left = much
            case "fold":
                self._fold(who)

    def settle(self) -> None:
        """Nothing more fails, and whoever has no log gets it back."""
        self.fuse.left = None
        for _, feed in self._workers:
            for log in set(LOGS) - set(feed.logs()):
                feed.turn(log)
        for _ in range(ENOUGH):
            self._now += 1.0
            if not sum(self._fold(who) for who in range(len(self._workers))) and self._at_the_end():
                return
        raise AssertionError("it does not come to its end")

    def prefix(self) -> Mapping[str, Mapping[str, bytes]]:
        """What the store says, and that it is the fold of a prefix of every log, family by family."""
        found = {}
        for model in MODELS:
            found[model] = {each.id: _encode(each) for each in self._store.scan(model, "")}
            expected: dict[str, bytes] = {}
            for log in LOGS:
                expected |= folded(log, self._store.reflected(model, log))[model]
            assert found[model] == expected, model
        return found

    def _fold(self, who: int) -> int:
        worker, _ = self._workers[who]
        try:
            return worker.step()
        except Stopped:
            worker.stop()
            self._workers[who] = self._worker()
            return 1

    def _worker(self) -> tuple[ProjectionWorker, UnreliableFeed]:
        feed = UnreliableFeed(self._recorders, lambda: self._now)
        return ProjectionWorker(self._recorders, self._store, SOME, 5, source=feed, writer=AtOnce()), feed

    def _at_the_end(self) -> bool:
        return all(
            self._store.reflected(model, log) == growing.last for model in MODELS for log, growing in self.logs.items()
        )


@cache
def folded(log: str, last: int) -> Mapping[str, Mapping[str, bytes]]:
    """The documents of the first events of a log, each event by a fold that starts afresh."""
    events = [recorded(log, each.id, each) for each in EVENTS[log][:last]]
    return {model: {key: _encode(each) for key, each in documents.items()}
            for model, documents in read_models(events, SOME).items()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashingReadModels]:
    engine = create_engine_for(f"sqlite:///{tmp_path_factory.mktemp('simulated')}/read-models.db", synchronous="OFF")
    yield CrashingReadModels(engine, SOME, "simulated")
    engine.dispose()


STEPS = st.lists(st.tuples(
    st.sampled_from(["record", "arrive", "arrive in order", "wait", "turn", "crash", "fold", "fold", "fold"]),
    st.integers(0, 1), st.sampled_from(LOGS), st.integers(0, 12),
), min_size=10, max_size=60)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_the_feed_does_the_read_models_are_a_prefix_and_in_the_end_all_of_the_log(
    store: CrashingReadModels, steps: Sequence[tuple[str, int, str, int]]
) -> None:
    simulation = Simulation(store)
    try:
        for step in steps:
            simulation.do(*step)
            if step[0] == "fold":
                simulation.prefix()
        simulation.settle()
        assert simulation.prefix() == {
            model: {key: each for log in LOGS for key, each in folded(log, simulation.logs[log].last)[model].items()}
            for model in MODELS
        }
    finally:
        simulation.close()
