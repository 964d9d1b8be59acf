"""Commands in: a member of the consumer group, owner of the logs of the partitions it is assigned."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from domain.ports import LogMoved
from infra.kafka.bounds import bounds_of
from infra.kafka.connection import Connection
from infra.kafka.ledger_metrics import LedgerCounts
from infra.kafka.log_owner import TROUBLES, LogOwner
from infra.kafka.published import NotReadable, Published
from infra.kafka.publisher import EventsPublisher
from infra.kafka.records import Seal, asked_by
from infra.kafka.replies import Presence, Replies
from infra.kafka.sender import Sender
from infra.kafka.shares import Place
from infra.kafka.topics import Topics, ensure_topics, topic_id_of
from infra.logs import CommandedLogs
from infra.requests import ORDER

IDLE_SECONDS = 0.1
LOOK_SECONDS = 1.0
# A commit has its own price in the store and in Kafka, whatever is in it.
GATHER_SECONDS = 0.025
FLUSH_SECONDS = 5.0
PRESENCE_SECONDS = 2.0
APPENDERS = 8
KAFKA = "Kafka"
"""What stands in the place of a log while Kafka itself is away."""


class LedgerWorker:
    """``run`` decides until ``stop``. Offsets come from the logs; the group only shares the partitions out.

    A partition whose log moved or whose store is away is taken over anew; it is left only when it is revoked. What
    keeps a log from being decided is its ``trouble``, until that is mended.
    """

    def __init__(
        self, connection: Connection, topics: Topics, logs: CommandedLogs, pepper: str, *, batch_limit: int,
        reply_partitions: int, replication: int | None = None, session_seconds: float = 10.0,
        on_owned: Callable[[Sequence[str]], None] = lambda _logs: None,
        require_pepper: Callable[[], None] = lambda: None,
    ) -> None:
        self.trouble: dict[str, str] = {}
        self.stopping = threading.Event()
        self._topics = topics
        self._logs = logs
        self._seal = Seal(pepper, logs.ledger_id)
        self._batch_limit = batch_limit
        self._reply_partitions = reply_partitions
        self._replication = replication
        self._on_owned = on_owned
        self._require_pepper = require_pepper
        self._connection = connection
        self._admin: AdminClient = connection.admin()
        self._sender = Sender(connection, {"linger.ms": 2, "message.timeout.ms": 0})
        self._replies_sender = Sender(connection, {"linger.ms": 0, "message.timeout.ms": 60_000})
        self._replies = Replies(self._replies_sender, topics.replies, reply_partitions)
        self._published = Published(connection, logs.ledger_id, self.stopping.is_set)
        self._appender = ThreadPoolExecutor(APPENDERS, "append")
        self._session_seconds = session_seconds
        self._consumer = self._new_consumer()
        self._owners: dict[int, LogOwner] = {}
        self._waiting: dict[int, float] = {}
        self.counts = LedgerCounts()
        self._topic_id = ""
        self._next_look = self._next_commit = self._next_presence = 0.0

    def stop(self) -> None:
        """Ends ``run``, from any thread or a signal."""
        self.stopping.set()

    def run(self) -> None:
        """Decides what comes, until it is stopped.

        Raises:
            KafkaRefuses: when Kafka does not let us in.
            MissingSecret: when another pepper is set than the ledger's.
            WrongTopic: when a topic is not what this ledger needs.
            KafkaFails: when Kafka does not answer at the start, or has given this member up for good.
        """
        try:
            self.begin()
            while not self.stopping.is_set():
                self.step()
        except KafkaException as error:
            raise self._connection.failure(error) from error
        finally:
            self._close()

    def begin(self) -> None:
        """Becomes a member of the group."""
        self._connection.require_let_in(stopping=self.stopping.is_set)
        if self.stopping.is_set():
            return
        self._replies.partitions = ensure_topics(
            self._admin, self._topics, reply_partitions=self._reply_partitions, replication=self._replication
        )
        self._join()

    def fences(self) -> dict[str, int]:
        return self._logs.fences()

    def _new_consumer(self) -> Consumer:
        session = int(self._session_seconds * 1000)
        return self._connection.consumer(f"{self._topics.prefix}.ledger", {
            "partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": session,
            "heartbeat.interval.ms": session // 4, "topic.metadata.refresh.interval.ms": 10_000,
            "fetch.wait.max.ms": 100,
        })

    def _join(self) -> None:
        self._consumer.subscribe(
            [self._topics.commands], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def _join_anew(self) -> None:
        """With another consumer: one that has seen a later leader epoch never reads a topic that was made anew."""
        self._consumer.close()
        for partition in tuple(self._owners):
            self._let_go(partition)
        self._topic_id = ""
        self._consumer = self._new_consumer()
        self._join()

    def step(self) -> None:
        """One round: decides what is there, and looks after what is not decided."""
        messages = self._gathered()
        # With little waiting, what is in flight is answered first, and more gathers meanwhile.
        if len(messages) <= self._batch_limit // 2:
            for partition in tuple(self._owners):
                self._guarded(partition, LogOwner.land)
            if messages:
                messages += self._that_come_soon(self._batch_limit - len(messages))
        if messages:
            self._next_commit = time.monotonic() + GATHER_SECONDS
        for partition, found in self._by_partition(messages):
            self._guarded(partition, partial(self._serve, found))
        self._sender.poll()
        self._replies_sender.poll()
        if time.monotonic() >= self._next_look:
            self._look()
        self._take_over_waiting()
        if time.monotonic() >= self._next_presence and KAFKA not in self.trouble:
            self._next_presence = time.monotonic() + PRESENCE_SECONDS
            self._replies.presence(Presence(tuple(self.owned()), dict(self.trouble)))

    def owned(self) -> list[str]:
        """The logs that are decided here now."""
        return sorted(owner.log for partition, owner in self._owners.items() if partition not in self._waiting)

    def _gathered(self) -> list[Message]:
        """Everything that is there, as soon as something is."""
        busy = any(owner.flying() for owner in self._owners.values()) or self._is_due()
        first = self._consumer.poll(0 if busy else IDLE_SECONDS)
        if first is None:
            return []
        return self._without_errors([first, *self._consumer.consume(self._batch_limit - 1, 0)])

    def _that_come_soon(self, limit: int) -> list[Message]:
        """What comes until the next commit is worth its price, if the last one was just now."""
        return self._without_errors(self._consumer.consume(limit, max(self._next_commit - time.monotonic(), 0)))

    def _without_errors(self, found: Sequence[Message]) -> list[Message]:
        for error in filter(None, (message.error() for message in found)):
            if error.fatal():
                raise KafkaException(error)
            # What it is about is seen when the topic is looked at.
            self._next_look = 0.0
        return [message for message in found if message.error() is None]

    def _by_partition(self, messages: Sequence[Message]) -> list[tuple[int, list[Message]]]:
        found: dict[int, list[Message]] = {}
        for message in messages:
            partition = message.partition()
            if partition in self._owners and partition not in self._waiting:
                found.setdefault(partition, []).append(message)
        return sorted(found.items(), key=lambda item: ORDER.get(self._topics.log_of(item[0]), 2))

    def _serve(self, messages: Sequence[Message], owner: LogOwner) -> None:
        topic_id, ledgers = owner.place.topic_id, self._topics.ledgers
        asked = [asked_by(message, self._seal, topic_id, owner.log, ledgers) for message in messages]
        if not all(each.is_authentic for each in asked):
            # The ledger may have got its pepper after this worker began: then it is this one that is not authentic.
            self._require_pepper()
        owner.serve(asked)

    def _guarded(self, partition: int, what: Callable[[LogOwner], object]) -> None:
        """Does something with an owner; when the log moved or the store is away, the partition is taken over anew."""
        if partition in self._waiting:
            return
        owner = self._owners[partition]
        try:
            what(owner)
        except LogMoved:
            self._wait(partition, 0.0)
        except TROUBLES as error:
            self._failed(owner, error)
            self._wait(partition, LOOK_SECONDS)

    def _failed(self, owner: LogOwner, error: Exception) -> None:
        self.trouble[owner.log] = self._words(error)
        if isinstance(error, KafkaException):
            # Whether it is away is asked once, and not by one log after the other.
            self.trouble[KAFKA] = self._words(error)
            self._next_look = 0.0

    def _words(self, error: Exception) -> str:
        told = self._connection.failure(error) if isinstance(error, KafkaException) else error
        return f"{type(told).__name__}: {told}"

    def _wait(self, partition: int, seconds: float) -> None:
        self._owners[partition].step_back()
        self._waiting[partition] = time.monotonic() + seconds

    def _is_due(self) -> bool:
        return any(moment <= time.monotonic() for moment in self._waiting.values())

    def _take_over_waiting(self) -> None:
        taken = False
        for partition, moment in sorted(self._waiting.items(), reverse=True):
            if self.stopping.is_set() or KAFKA in self.trouble:
                break
            if moment <= time.monotonic():
                taken = self._take_over(partition) or taken
        if taken:
            self._on_owned(self.owned())

    def _take_over(self, partition: int) -> bool:
        owner = self._owners[partition]
        try:
            offset = self._start_of(owner, partition)
        except (LogMoved, *TROUBLES) as error:
            self._failed(owner, error)
            owner.step_back()
            self._waiting[partition] = time.monotonic() + LOOK_SECONDS
            return False
        place = TopicPartition(self._topics.commands, partition, offset)
        self._consumer.incremental_unassign([place])
        self._consumer.incremental_assign([place])
        self._consumer.resume([place])
        del self._waiting[partition]
        self.counts.take_overs[owner.log] += 1
        self.trouble.pop(owner.log, None)
        return True

    def _start_of(self, owner: LogOwner, partition: int) -> int:
        topic_id = topic_id_of(self._admin, self._topics.commands) or self._topic_id
        # Of the first topic that this consumer read: of another one it is to be seen that it is another.
        self._topic_id = self._topic_id or topic_id
        offset = owner.take_over(Place(topic_id, partition))
        low, high = bounds_of(self._consumer, self._topics.commands, partition)
        if offset > high:
            raise NotReadable(
                f"{self._topics.commands}/{partition} ends at {high}, but was taken up to {offset}: it was cut; delete "
                "it, and it is made anew"
            )
        return max(offset, low)

    def _look(self) -> None:
        """Once a second: is the topic still the same, is anything to be carried over or published."""
        self._next_look = time.monotonic() + LOOK_SECONDS
        if not self._look_at_topic():
            return
        for partition in tuple(self._owners):
            if self.stopping.is_set() or KAFKA in self.trouble:
                return
            self._guarded(partition, LogOwner.follow)
        for partition, owner in self._owners.items():
            with contextlib.suppress(KafkaException):
                place = TopicPartition(self._topics.commands, partition)
                # As the last fetch told: a question to the broker would wait behind the next one.
                _, end = self._consumer.get_watermark_offsets(place, cached=True)
                self.counts.lag[owner.log] = max(end - owner.next_offset, 0)

    def _look_at_topic(self) -> bool:
        """Whether Kafka answers; a topic of commands that is missing is made, and another one is read anew."""
        try:
            topic_id = topic_id_of(self._admin, self._topics.commands)
            if topic_id is None:
                ensure_topics(
                    self._admin, self._topics, reply_partitions=self._reply_partitions, replication=self._replication
                )
            elif self._topic_id not in {"", topic_id}:
                self._join_anew()
        except KafkaException as error:
            self.trouble[KAFKA] = self._words(error)
            return False
        self.trouble.pop(KAFKA, None)
        return True

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.incremental_assign(partitions)
        # Nothing is to come before it is known where to go on.
        consumer.pause(partitions)
        for each in partitions:
            log = self._topics.log_of(each.partition)
            publisher = EventsPublisher(
                log, self._logs.recorders[log], self._topics.events_of(log), sender=self._sender,
                published=self._published, ledger_id=self._logs.ledger_id,
                again=partial(self.counts.published_again, log), stopping=self.stopping.is_set,
            )
            self._owners[each.partition] = LogOwner(
                log, self._logs, publisher, replies=self._replies, appender=self._appender,
                batch_limit=self._batch_limit, on_commit=self.counts.committed,
            )
            self._waiting[each.partition] = 0.0

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for each in partitions:
            self._let_go(each.partition)
        consumer.incremental_unassign(partitions)
        self._on_owned(self.owned())

    def _let_go(self, partition: int) -> None:
        self._waiting.pop(partition, None)
        if owner := self._owners.pop(partition, None):
            owner.step_back()
            self.counts.lag.pop(owner.log, None)
            self.trouble.pop(owner.log, None)

    def _close(self) -> None:
        self._consumer.close()
        self._published.close()
        self._appender.shutdown()
        until = time.monotonic() + FLUSH_SECONDS
        for sender in (self._replies_sender, self._sender):
            sender.close(max(until - time.monotonic(), 0.0))
