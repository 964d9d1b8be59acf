"""Logs with a history of every kind of event, and topics that carry them as badly as a feed may."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from eventsourcing.persistence import Notification

from domain.commands import AffirmTrade, AmendTrade, AnyCommand, CancelTrade, CorrectTrade, DefineBook, SettleTrade
from infra.kafka.connection import Connection
from infra.kafka.event_feed import KafkaEventFeed
from infra.kafka.topics import Topics as KafkaTopics
from infra.logs import CommandedLogs
from projections.registry import PROJECTIONS
from tests.ledger import logs_in_memory, send
from tests.rules import booking

LEDGERS = 2
BOOKS = ("EQ-1", "EQ-4")
MODELS = [projection.name for projection in PROJECTIONS]
OTHER_BOOK = DefineBook(command_id="other-book", book=BOOKS[1], name="Of the other log", desk="EQ")
SOON = 0.2
ANSWER_SECONDS = 30


def busy(logs: CommandedLogs, first: int, count: int) -> CommandedLogs:
    """Books trades and changes some of them again, in a book of each ledger log."""
    for number in range(first, first + count):
        for command in story(f"T{number}", number):
            send(logs, command)
    return logs


def story(trade: str, number: int) -> Iterator[AnyCommand]:
    book, side = BOOKS[number % len(BOOKS)], ("buy", "sell")[number % 3 // 2]
    booked = booking(trade, str(number % 7 + 1), str(100 + number % 5), book=book, side=side)
    yield booked
    named: dict[str, Any] = {"trade_id": trade, "book": book}
    dearer = msgspec.structs.replace(booked.terms, price=Decimal(90 + number % 9))
    match number % 5:
        case 0:
            yield AmendTrade(command_id=f"amend-{trade}", terms=dearer, **named)
        case 1:
            yield CorrectTrade(command_id=f"correct-{trade}", terms=dearer, reason="typed wrong", **named)
        case 2:
            yield CancelTrade(command_id=f"cancel-{trade}", reason="twice", **named)
        case 3:
            yield AffirmTrade(command_id=f"affirm-{trade}", **named)
            yield SettleTrade(command_id=f"settle-{trade}", **named)


def busy_in_memory(count: int = 24) -> CommandedLogs:
    logs = logs_in_memory(LEDGERS)
    send(logs, OTHER_BOOK)
    return busy(logs, 0, count)


class Topics:
    """The topics of one ledger's events, of a name of their own."""

    def __init__(self, bootstrap: str, logs: CommandedLogs) -> None:
        self.look_seconds = SOON
        self.prefix = f"test-{uuid4().hex[:8]}"
        self.client: dict[str, Any] = {"bootstrap.servers": bootstrap, "log_level": 0}
        self._logs = logs
        self._admin = AdminClient(self.client)
        self._producer = Producer({**self.client, "acks": "all", "linger.ms": 1})
        self.places = {log: KafkaTopics(self.prefix, logs.ledgers).events_of(log) for log in logs.recorders}

    def create(self) -> None:
        partitions = {topic: 0 for topic, _ in self.places.values()}
        for topic, _ in self.places.values():
            partitions[topic] += 1
        made = self._admin.create_topics([NewTopic(*each, 1) for each in partitions.items()])
        for each in made.values():
            each.result(ANSWER_SECONDS)

    def delete(self) -> None:
        for each in self._admin.delete_topics(sorted({at for at, _ in self.places.values()})).values():
            each.result(ANSWER_SECONDS)

    def publish(self, log: str, sequences: Iterable[int] | None = None, ledger_id: str = "") -> None:
        """Publishes events in the order of ``sequences``; without these all of them, as they are."""
        recorder = self._logs.recorders[log]
        stored = recorder.select_notifications(1, recorder.max_notification_id() or 0)
        for sequence in sequences if sequences is not None else range(1, len(stored) + 1):
            self._send(log, stored[sequence - 1], ledger_id or self._logs.ledger_id)
        self._producer.flush(ANSWER_SECONDS)

    def publish_all(self) -> None:
        for log in self.places:
            self.publish(log)

    def feed(self, group: str = "workers", **options: Any) -> KafkaEventFeed:
        recorders = options.pop("recorders", self._logs.recorders)
        ledger_id = options.pop("ledger_id", self._logs.ledger_id)
        return KafkaEventFeed(
            Connection(self.client), self.places, f"{self.prefix}.{group}", ledger_id, recorders,
            **{"look_seconds": self.look_seconds, "session_seconds": 6.0, **options},
        )

    def committed(self, group: str) -> dict[str, int]:
        """The committed offset of each log's partition."""
        with self._consumer(group) as consumer:
            found = consumer.committed([TopicPartition(*place) for place in self.places.values()], ANSWER_SECONDS)
        return {log: each.offset for log, each in zip(self.places, found, strict=True)}

    def commit(self, group: str, offsets: dict[str, int]) -> None:
        with self._consumer(group) as consumer:
            at = [TopicPartition(*self.places[log], offset) for log, offset in offsets.items()]
            consumer.commit(offsets=at, asynchronous=False)

    @contextmanager
    def _consumer(self, group: str) -> Iterator[Consumer]:
        consumer = Consumer({**self.client, "group.id": f"{self.prefix}.{group}", "enable.auto.commit": False})
        try:
            yield consumer
        finally:
            consumer.close()

    def _send(self, log: str, event: Notification, ledger_id: str) -> None:
        topic, partition = self.places[log]
        headers: list[tuple[str, str | bytes | None]] = [
            ("ledger", ledger_id.encode()), ("log", log.encode()), ("sequence", b"%d" % event.id),
            ("type", event.topic.encode()), ("version", b"%d" % event.originator_version),
        ]
        self._producer.produce(topic, event.state, str(event.originator_id), partition, headers=headers)


@contextmanager
def topics_of(bootstrap: str, logs: CommandedLogs) -> Iterator[Topics]:
    topics = Topics(bootstrap, logs)
    topics.create()
    try:
        yield topics
    finally:
        topics.delete()


def tails(logs: CommandedLogs) -> dict[str, int]:
    """The last sequence of every log."""
    return {log: recorder.max_notification_id() or 0 for log, recorder in logs.recorders.items()}


def differing(digests: dict[str, tuple[str, str]]) -> Sequence[str]:
    """The models whose digest differs from that of their rebuild."""
    return [model for model, (live, rebuilt) in digests.items() if live != rebuilt]
