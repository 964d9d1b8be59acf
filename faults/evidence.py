"""What is really there, read past Everbook's processes: logs, topics, read models."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Self

from confluent_kafka import KafkaException, Message, TopicPartition
from eventsourcing.persistence import InfrastructureFactory, Notification
from eventsourcing.utils import Environment

from domain.events import LogOpened
from domain.ports import LogRecorder, Receipt
from domain.routing import REFERENCE, log_names
from domain.schema import recorded
from faults.checker import Key, Published
from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.kafka.bounds import bounds_of
from infra.kafka.connection import Connection
from infra.kafka.topics import Topics
from infra.log_ends import ends
from projections.registry import PROJECTIONS

READ_AT_ONCE = 5_000
KEYS_AT_ONCE = 1_000
WAIT_SECONDS = 0.5


class Evidence:
    """Opened anew each time it is looked at, for what a recorder remembers may have been restored since."""

    def __init__(self, hbase_url: str, kafka: str, prefix: str, elasticsearch: str, ledgers: int) -> None:
        self.topics = Topics(prefix, ledgers)
        self.connection = Connection({"bootstrap.servers": kafka})
        self._elasticsearch = elasticsearch
        self._stores = {"PERSISTENCE_MODULE": "infra.hbase", "EVERBOOK_HBASE_URL": hbase_url, "CREATE_TABLE": "no"}
        self._closing = ExitStack()
        self.recorders: dict[str, LogRecorder] = {}

    def __enter__(self) -> Self:
        for log in log_names(self.topics.ledgers):
            factory: Any = InfrastructureFactory.construct(Environment(log, self._stores))
            self._closing.callback(factory.close)
            self.recorders[log] = factory.process_recorder()
        return self

    def __exit__(self, *_error: object) -> None:
        self._closing.close()

    def vector(self) -> dict[str, int]:
        """The last sequence of every log."""
        return ends(self.recorders)

    def logs(self) -> dict[str, list[Notification]]:
        """Every event of every log."""
        return {log: _all(recorder) for log, recorder in self.recorders.items()}

    def receipts(self, places: Mapping[Key, list[tuple[str, int]]]) -> dict[Key, Receipt]:
        """The receipts of commands, from the log that each is in."""
        found: dict[Key, Receipt] = {}
        for log, recorder in self.recorders.items():
            keys = [key for key, where in places.items() if where[0][0] == log]
            for at in range(0, len(keys), KEYS_AT_ONCE):
                found.update(recorder.select_receipts(keys[at : at + KEYS_AT_ONCE]))
        return found

    def published(self, log: str) -> list[Published]:
        """Everything that stands in the topic of a log, in the order of the topic."""
        return [_published(each) for each in records_of(self.connection, *self.topics.events_of(log))]

    def read_models(self) -> ElasticsearchReadModels:
        """The read models; whoever asks closes them."""
        return ElasticsearchReadModels.open(self._elasticsearch, PROJECTIONS, self.ledger_id())

    def ledger_id(self) -> str:
        (first,) = self.recorders[REFERENCE].select_notifications(1, 1)
        opening = recorded(REFERENCE, 1, first).event
        assert isinstance(opening, LogOpened)
        return opening.ledger_id


def records_of(connection: Connection, topic: str, partition: int) -> list[Message]:
    """Everything that stands in a partition."""
    consumer = connection.consumer(f"{topic}.evidence", {})
    found: list[Message] = []
    try:
        start, end = bounds_of(consumer, topic, partition)
        consumer.assign([TopicPartition(topic, partition, start)])
        while start < end and (not found or (found[-1].offset() or 0) < end - 1):
            for each in consumer.consume(READ_AT_ONCE, WAIT_SECONDS):
                if error := each.error():
                    raise KafkaException(error)
                found.append(each)
    finally:
        consumer.close()
    return found


def _all(recorder: LogRecorder) -> list[Notification]:
    found: list[Notification] = []
    while page := recorder.select_notifications(len(found) + 1, READ_AT_ONCE):
        found += page
    return found


def _published(record: Message) -> Published:
    headers: dict[str, Any] = dict(record.headers() or ())
    return Published(
        int(headers["sequence"]), bytes(record.key() or b"").decode(), int(headers["version"]),
        headers["type"].decode(), bytes(record.value() or b""),
    )
