"""The processes of a cluster, put together: the API's side of Kafka, and the worker that decides."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from domain.ports import LogRecorder
from infra.event_source import EventSource
from infra.everbook import Everbook, factory_of
from infra.kafka.connection import connection_of
from infra.kafka.event_feed import KafkaEventFeed
from infra.kafka.gate import KafkaGate
from infra.kafka.ledger_worker import LedgerWorker
from infra.kafka.topics import Topics, ensure_topics
from infra.logs import CommandedLogs
from infra.settings import BadSetting, Settings


class ClusterEverbook(Everbook):
    """One of any number of processes that let commands in; it decides none of them."""

    def __init__(self, settings: Settings, *, adopt_read_models: bool = False) -> None:
        pepper = pepper_of(settings)
        super().__init__(settings, adopt_read_models=adopt_read_models)
        self._connection = connection_of(settings)
        self._topics = Topics(settings.kafka_prefix, self.logs.ledgers)
        self._kafka_gate = KafkaGate(
            self._connection, self._topics, self.logs, pepper, queue_limit=settings.queue_limit,
            batch_limit=settings.batch_limit, answer_seconds=settings.answer_seconds,
        )
        self.gate = self._kafka_gate

    def start(self) -> None:
        ensure_topics(
            self._connection.admin(), self._topics, reply_partitions=self.settings.kafka_reply_partitions,
            replication=self.settings.kafka_replication,
        )
        self._kafka_gate.start()

    def event_source(self, group: Sequence[str]) -> EventSource:
        """The topics: workers of the same families share the logs, those of others follow every log themselves."""
        topics = {log: self._topics.events_of(log) for log in self.logs.recorders}
        return KafkaEventFeed(
            self._connection.options, topics, ".".join([self._topics.prefix, "projections", *sorted(group)]),
            self.ledger_id, self.logs.recorders, session_seconds=self.settings.kafka_session_seconds,
        )

    def close(self) -> None:
        self._kafka_gate.close()
        super().close()


@contextmanager
def ledger_worker(settings: Settings, on_owned: Callable[[Sequence[str]], None]) -> Iterator[LedgerWorker]:
    """A worker that decides for the logs of its partitions, not running yet."""
    pepper = pepper_of(settings)
    factories: list[Any] = []

    def open_log(log: str) -> LogRecorder:
        factories.append(factory_of(log, settings))
        recorder: LogRecorder = factories[-1].process_recorder()
        return recorder

    try:
        logs = CommandedLogs(open_log, settings.ledgers)
        yield LedgerWorker(
            connection_of(settings), Topics(settings.kafka_prefix, logs.ledgers), logs, pepper,
            batch_limit=settings.batch_limit, reply_partitions=settings.kafka_reply_partitions,
            replication=settings.kafka_replication, session_seconds=settings.kafka_session_seconds, on_owned=on_owned,
        )
    finally:
        for factory in factories:
            factory.close()


def pepper_of(settings: Settings) -> str:
    """The pepper that every process of a cluster has.

    Raises:
        BadSetting: when it is not set, or there is no Kafka.
    """
    if not settings.kafka_bootstrap:
        raise BadSetting("EVERBOOK_KAFKA_BOOTSTRAP must say where Kafka is")
    if not settings.pepper:
        raise BadSetting("EVERBOOK_PEPPER must be set, and the same for every process of a cluster")
    return settings.pepper
