"""Time that passes when it is told to, and work that others would do in threads, in the modules of the product."""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from random import Random
from typing import Any, NamedTuple

import infra.elasticsearch.bulk
import infra.elasticsearch.connection
import infra.kafka.bounds
import infra.kafka.event_feed
import infra.kafka.gate
import infra.kafka.ledger_worker
import infra.kafka.published
import infra.kafka.sender
import infra.kafka.topics
import infra.projection_worker
import infra.seen
from infra.sequenced import Sequenced

IN_TIME = (
    infra.elasticsearch.bulk, infra.elasticsearch.connection, infra.kafka.bounds, infra.kafka.gate,
    infra.kafka.ledger_worker, infra.kafka.published, infra.kafka.sender, infra.kafka.topics, infra.projection_worker,
)


class Clock:
    """Stands in for the module ``time``."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Later(Future[Any]):
    """Work that is done when somebody waits for it, at the latest."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work: Callable[[], Any] | None = work

    def run(self) -> None:
        work, self._work = self._work, None
        if work is None:
            return
        try:
            self.set_result(work())
        except BaseException as error:  # noqa: BLE001
            self.set_exception(error)

    def result(self, timeout: float | None = None) -> Any:
        self.run()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self.run()
        return super().exception(timeout)


class Threads(Executor):
    """Does what it is given at once, or when it is waited for, or when ``catch_up`` says so."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._left: list[Later] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Later:
        work = Later(lambda: fn(*args, **kwargs))
        if self._random.random() < 0.5:
            work.run()
        self._left = [each for each in (*self._left, work) if not each.done()]
        return work

    def catch_up(self) -> None:
        for each in self._left:
            each.run()


class Waited(NamedTuple):
    done: Collection[Future[Any]]


@contextmanager
def simulated_time(clock: Clock, random: Random) -> Iterator[None]:
    """Inside, the product's processes live by ``clock``, and have no threads."""

    def wait(works: Collection[Future[Any]], timeout: float | None = None) -> Waited:
        if timeout is not None and random.random() < 0.3:
            clock.sleep(timeout)
        else:
            for each in works:
                each.exception()
        return Waited([each for each in works if each.done()])

    def threads(*_: Any) -> Threads:
        return Threads(random)

    def sequenced(recorders: Any, look_seconds: float) -> Sequenced:
        return Sequenced(recorders, look_seconds, clock.monotonic)

    changes: list[tuple[Any, str, Any]] = [(module, "time", clock) for module in IN_TIME]
    changes += [
        (infra.kafka.ledger_worker, "ThreadPoolExecutor", threads), (infra.projection_worker, "wait", wait),
        (infra.projection_worker, "ThreadPoolExecutor", threads), (infra.kafka.gate, "random", random),
        (infra.kafka.event_feed, "Sequenced", sequenced), (infra.seen, "BITS", 1 << 16),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    try:
        for module, name, instead in changes:
            setattr(module, name, instead)
        yield
    finally:
        for module, name, was in before:
            setattr(module, name, was)
