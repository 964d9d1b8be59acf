"""Consumer, producer and administrator of the simulated broker, as far as the product uses them."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition

from infra.kafka.connection import KafkaFails
from tests.simulation.broker import At, Broker, Record, ats
from tests.simulation.clock import Clock
from tests.simulation.process import Process

UNKNOWN_TOPIC_SECONDS = 30.0
PATIENCE_SECONDS = 1.0


def away() -> KafkaException:
    return KafkaException(KafkaError(KafkaError._TRANSPORT, "the broker is away"))


class Client:
    """What all of them have: a process that may die, a broker that may be away."""

    def __init__(self, process: Process, broker: Broker, clock: Clock) -> None:
        self._process, self._broker, self._clock = process, broker, clock

    def _is_away(self) -> bool:
        return self._broker.away_until > self._clock.now

    def _ask(self, what: Callable[..., Any], *args: Any) -> Any:
        """A request that waits for its answer."""
        if self._is_away():
            self._clock.sleep(PATIENCE_SECONDS)
            raise away()
        return self._process.call(what, *args, error=away)

    def _bounds(self, at: At) -> tuple[int, int]:
        records = self._broker.records(at)
        if records is None:
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        return 0, len(records)

    def _topics(self) -> Any:
        return SimpleNamespace(topics={
            name: SimpleNamespace(partitions=dict.fromkeys(range(len(topic.partitions))))
            for name, topic in self._broker.topics.items()
        })


class SimulatedConsumer(Client):
    """``told`` is whether it knows that the group gave it up."""

    def __init__(self, process: Process, broker: Broker, clock: Clock, config: Mapping[str, Any]) -> None:
        super().__init__(process, broker, clock)
        self._group = broker.group(config["group.id"])
        self._commits = bool(config.get("enable.auto.commit"))
        self._positions: dict[At, int | None] = {}
        self._stored: dict[At, int] = {}
        self._paused: set[At] = set()
        self._missed: set[At] = set()
        self._topics_wanted: list[str] = []
        self._callbacks: tuple[Callable[..., None], ...] = ()

    def subscribe(
        self, topics: Sequence[str], on_assign: Callable[..., None], on_revoke: Callable[..., None],
        on_lost: Callable[..., None],
    ) -> None:
        self._topics_wanted, self._callbacks = [*topics], (on_assign, on_revoke, on_lost)
        self._group.join(self, topics)

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        self.unassign()
        self.incremental_assign(partitions)

    def unassign(self) -> None:
        self._positions.clear()

    def incremental_assign(self, partitions: Sequence[TopicPartition]) -> None:
        for each in partitions:
            self._positions[each.topic, each.partition] = None if each.offset == OFFSET_INVALID else each.offset

    def incremental_unassign(self, partitions: Sequence[TopicPartition]) -> None:
        for at in ats(partitions):
            self._positions.pop(at, None)
            self._stored.pop(at, None)
            self._paused.discard(at)

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused.update(ats(partitions))

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused.difference_update(ats(partitions))

    def poll(self, timeout: float) -> Record | None:
        found = self.consume(1, timeout)
        return found[0] if found else None

    def consume(self, count: int, timeout: float) -> list[Record]:
        try:
            self._process.call(lambda: None, error=away)
        except KafkaException as error:
            return [Record(("", 0), None, error=error.args[0])]
        found = self._fetch(count)
        if not found:
            self._clock.sleep(timeout)
        return found

    def get_watermark_offsets(
        self, partition: TopicPartition, _timeout: float | None = None, *, cached: bool = False
    ) -> tuple[int, int]:
        if cached:
            # What the last fetch told, which asks nothing of the broker and may be old.
            return 0, self._positions.get((partition.topic, partition.partition)) or 0
        bounds: tuple[int, int] = self._ask(self._bounds, (partition.topic, partition.partition))
        return bounds

    def list_topics(self, _topic: str, _timeout: float) -> Any:
        return self._ask(self._topics)

    def store_offsets(self, offsets: Sequence[TopicPartition]) -> None:
        for each in offsets:
            if (each.topic, each.partition) not in self._positions:
                raise KafkaException(KafkaError(KafkaError._STATE))
            self._stored[each.topic, each.partition] = each.offset

    def close(self) -> None:
        self._commit()
        self._group.leave(self)

    def _fetch(self, count: int) -> list[Record]:
        if self._is_away():
            return []
        if self._topics_wanted:
            self._follow_the_group()
        found: list[Record] = []
        for at in [each for each in self._positions if each not in self._paused]:
            found += self._records_at(at, count - len(found))
        return found

    def _records_at(self, at: At, count: int) -> list[Record]:
        records, position = self._broker.records(at), self._positions[at]
        if records is None:
            missed, self._missed = at in self._missed, self._missed | {at}
            error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
            return [] if missed or count < 1 else [Record(at, None, error=error)]
        self._missed.discard(at)
        if position is None:
            position = self._group.committed.get(at, 0)
        # Beyond the end is out of range, and begins again at the beginning.
        position = position if position <= len(records) else 0
        found = records[position : position + self._process.random.choice((count, count, 1 + count // 2))]
        found = found[: max(count, 0)]
        self._positions[at] = position + len(found)
        return found

    def _follow_the_group(self) -> None:
        if self not in self._group.members:
            # Whoever was given up learns of it at some poll or other.
            if self._process.random.random() < 0.5:
                self._lose([*self._positions], self._callbacks[2])
                self._group.join(self, self._topics_wanted)
            return
        self._commit()
        wanted = self._group.wanted[self]
        if gone := [at for at in self._positions if at not in wanted]:
            self._lose(gone, self._callbacks[1])
            for at in gone:
                self._group.holders.pop(at, None)
        if gained := [at for at in wanted if at not in self._group.holders]:
            self._group.holders.update(dict.fromkeys(gained, self))
            partitions = [TopicPartition(*at) for at in gained]
            self._callbacks[0](self, partitions)
            unassigned = [each for each in partitions if (each.topic, each.partition) not in self._positions]
            self.incremental_assign(unassigned)

    def _lose(self, gone: Sequence[At], callback: Callable[..., None]) -> None:
        partitions = [TopicPartition(*at) for at in gone]
        if partitions:
            callback(self, partitions)
        self.incremental_unassign(partitions)

    def _commit(self) -> None:
        if self._commits and self in self._group.members and not self._is_away():
            self._group.committed.update(self._stored)


class Outgoing:
    def __init__(self, at: At, what: tuple[Any, ...], on_delivery: Any, sent_at: float) -> None:
        self.at, self.what, self.on_delivery, self.sent_at = at, what, on_delivery, sent_at


class SimulatedProducer(Client):
    """Idempotent: what it sends arrives in order and once; what is said not to have arrived may have all the same."""

    def __init__(self, process: Process, broker: Broker, clock: Clock, config: Mapping[str, Any]) -> None:
        super().__init__(process, broker, clock)
        self._timeout_seconds = config.get("message.timeout.ms", 300_000) / 1000
        self._error_cb = config["error_cb"]
        self._quiet = bool(config.get("delivery.report.only.error"))
        self._outgoing: deque[Outgoing] = deque()
        self._reports: deque[tuple[Any, KafkaError | None, Record]] = deque()
        self._fatal: KafkaError | None = None
        broker.producers.append(self)
        process.on_death(self._transmit_some)

    def __len__(self) -> int:
        return len(self._outgoing) + len(self._reports)

    def produce(  # noqa: PLR0917
        self, topic: str, value: bytes, key: str | None, partition: int, on_delivery: Any, headers: Any
    ) -> None:
        self._process.call(lambda: None, error=away)
        if self._fatal is not None:
            raise KafkaException(self._fatal)
        self._outgoing.append(Outgoing((topic, partition), (value, key, headers), on_delivery, self._clock.now))

    def poll(self, timeout: float) -> int:
        try:
            self._process.call(self._transmit, error=away, is_write=bool(self._outgoing))
        except KafkaException:
            return 0
        served = len(self._reports)
        while self._reports:
            on_delivery, error, record = self._reports.popleft()
            if on_delivery is not None and (error is not None or not self._quiet):
                on_delivery(error, record)
        if self._fatal is not None:
            self._error_cb(self._fatal)
        if not served:
            self._clock.sleep(timeout)
        return served

    def purge(self) -> None:
        self._transmit_some()
        while self._outgoing:
            self._fail(self._outgoing.popleft(), KafkaError._PURGE_QUEUE)

    def close(self) -> None:
        self._broker.producers.remove(self)

    def fail(self) -> None:
        """It has lost count of what arrived."""
        if self._process.alive:
            self._fatal = KafkaError(KafkaError._FATAL, "out of order", fatal=True)

    def _transmit(self) -> None:
        if self._fatal is not None or self._is_away():
            self._time_out()
            return
        some = self._process.random.random() < 0.2
        left = []
        for _ in range(self._process.random.randint(0, len(self._outgoing)) if some else len(self._outgoing)):
            each = self._outgoing.popleft()
            offset = self._broker.append(each.at, *each.what)
            if offset is None:
                left.append(each)
            else:
                self._reports.append((each.on_delivery, None, Record(each.at, offset)))
        self._outgoing.extendleft(reversed(left))
        self._time_out()

    def _time_out(self) -> None:
        waiting, self._outgoing = self._outgoing, deque()
        for each in waiting:
            age = self._clock.now - each.sent_at
            if self._broker.records(each.at) is None and age > UNKNOWN_TOPIC_SECONDS:
                self._fail(each, KafkaError._UNKNOWN_TOPIC)
            elif self._timeout_seconds and age > self._timeout_seconds:
                self._fail(each, KafkaError._MSG_TIMED_OUT)
            else:
                self._outgoing.append(each)

    def _fail(self, each: Outgoing, code: int) -> None:
        self._reports.append((each.on_delivery, KafkaError(code), Record(each.at, None)))

    def _transmit_some(self) -> None:
        """What was on its way arrives or not, and nobody hears of it."""
        if not self._is_away():
            for each in [*self._outgoing][: self._process.random.randint(0, len(self._outgoing))]:
                self._broker.append(each.at, *each.what)


class SimulatedAdmin(Client):
    def list_topics(self, timeout: float) -> Any:  # noqa: ARG002
        return self._ask(self._topics)

    def create_topics(self, wanted: Sequence[Any], operation_timeout: float) -> dict[str, Future[None]]:  # noqa: ARG002
        made: dict[str, Future[None]] = {each.topic: Future() for each in wanted}

        def create() -> None:
            for each in wanted:
                if each.topic in self._broker.topics:
                    made[each.topic].set_exception(KafkaException(KafkaError(KafkaError.TOPIC_ALREADY_EXISTS)))
                else:
                    self._broker.create(each.topic, each.num_partitions)
                    made[each.topic].set_result(None)

        self._ask(create)
        return made

    def describe_topics(self, wanted: Any, request_timeout: float) -> dict[str, Future[Any]]:  # noqa: ARG002
        (name,) = wanted.topic_names
        found: Future[Any] = Future()
        topic = self._ask(lambda: self._broker.topics.get(name))
        if topic is None:
            found.set_exception(KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)))
        else:
            found.set_result(SimpleNamespace(topic_id=topic.topic_id))
        return {name: found}


class SimulatedKafka:
    """Stands in for ``infra.kafka.connection.Connection`` in one process."""

    def __init__(self, process: Process, broker: Broker, clock: Clock) -> None:
        self._of = process, broker, clock

    place = "the simulated broker"

    def failure(self, error: KafkaException) -> KafkaFails:
        return KafkaFails(f"{self.place}: {error}")

    def admin(self) -> Any:
        return SimulatedAdmin(*self._of)

    def producer(self, options: Mapping[str, Any]) -> Any:
        return SimulatedProducer(*self._of, options)

    def consumer(self, group: str, options: Mapping[str, Any]) -> Any:
        return SimulatedConsumer(*self._of, {"group.id": group, **options})

    def require_let_in(self, **_options: Any) -> None:
        """Everybody is."""
