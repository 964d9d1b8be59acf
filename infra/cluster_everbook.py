"""The processes of a cluster, put together: the API's side of Kafka, and the worker that decides."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from confluent_kafka import KafkaException

from domain.ports import LogRecorder
from infra.event_source import EventSource
from infra.everbook import Everbook, factory_of, require_pepper_of_keys, snapshots_of
from infra.kafka.connection import connection_of
from infra.kafka.event_feed import KafkaEventFeed
from infra.kafka.gate import KafkaGate
from infra.kafka.ledger_worker import LedgerWorker
from infra.kafka.reach import Reach
from infra.kafka.topics import Topics, WrongTopic, ensure_topics
from infra.logs import CommandedLogs
from infra.pepper import PepperProof
from infra.settings import BadSetting, Settings
from infra.snapshots import SnapshotStore


class ClusterEverbook(Everbook):
    """One of any number of processes that let commands in; it decides none of them."""

    # A batch for Elasticsearch is a dozen requests and a refresh of every index that it changes, whatever is in it.
    gather_seconds = 0.2
    # Two that write the same events make each other begin again.
    left_to_workers_seconds = 5.0

    def _open(self, settings: Settings, adopt_read_models: bool) -> None:
        pepper = pepper_of(settings)
        super()._open(settings, adopt_read_models)
        require_pepper_of_ledger(settings, self.logs, self.snapshots.store, pepper)
        self._connection = connection_of(settings)
        self._topics = Topics(settings.kafka_prefix, self.logs.ledgers)
        self._kafka_gate = KafkaGate(
            self._connection, self._topics, self.logs, pepper, queue_limit=settings.queue_limit,
            batch_limit=settings.batch_limit, answer_seconds=settings.answer_seconds,
        )
        self._closing.callback(self._kafka_gate.close)
        self.gate = self._kafka_gate

    def start(self) -> None:
        """Begins to take commands.

        Raises:
            ConnectionError: when Kafka does not answer, or has topics that are not this ledger's.
        """
        self._connection.require_let_in()
        try:
            ensure_topics(
                self._connection.admin(), self._topics, reply_partitions=self.settings.kafka_reply_partitions,
                replication=self.settings.kafka_replication,
            )
            self._kafka_gate.start()
        except KafkaException as error:
            raise self._connection.failure(error) from error
        except WrongTopic as error:
            raise ConnectionError(f"{self._connection.place}: {error}") from error

    def event_source(self, group: Sequence[str]) -> EventSource:
        """The topics: workers of the same families share the logs, those of others follow every log themselves.

        Raises:
            ConnectionError: when Kafka does not answer, or does not let us in.
        """
        self._connection.require_let_in()
        reach = Reach(self._connection, self._topics.commands)
        reach.answered()
        reach.start()
        self._closing.callback(reach.stop)
        topics = {log: self._topics.events_of(log) for log in self.logs.recorders}
        return KafkaEventFeed(
            self._connection, topics, ".".join([self._topics.prefix, "projections", *sorted(group)]),
            self.ledger_id, self.logs.recorders, session_seconds=self.settings.kafka_session_seconds,
            trouble=reach.trouble,
        )


@contextmanager
def ledger_worker(settings: Settings, on_owned: Callable[[Sequence[str]], None]) -> Iterator[LedgerWorker]:
    """A worker that decides for the logs of its partitions, not running yet."""
    pepper = pepper_of(settings)
    with ExitStack() as stack:
        def open_log(log: str) -> LogRecorder:
            factory = factory_of(log, settings)
            stack.callback(factory.close)
            recorder: Any = factory.process_recorder()
            return recorder  # type: ignore[no-any-return]

        snapshots = snapshots_of(settings, pepper, stack)
        logs = CommandedLogs(open_log, settings.ledgers, snapshots)
        require_pepper_of_ledger(settings, logs, snapshots.store, pepper)
        yield LedgerWorker(
            connection_of(settings), Topics(settings.kafka_prefix, logs.ledgers), logs, pepper,
            batch_limit=settings.batch_limit, reply_partitions=settings.kafka_reply_partitions,
            replication=settings.kafka_replication, session_seconds=settings.kafka_session_seconds, on_owned=on_owned,
            require_pepper=partial(PepperProof(snapshots.store, logs.ledger_id).require, pepper),
        )


def require_pepper_of_ledger(settings: Settings, logs: CommandedLogs, store: SnapshotStore, pepper: str) -> None:
    """Every process holds its pepper against what is known of that of the ledger.

    Raises:
        MissingSecret: when it is another one.
    """
    proof = PepperProof(store, logs.ledger_id)
    if require_pepper_of_keys(settings.data, logs.reference, pepper):
        proof.keep(pepper)
    else:
        proof.require(pepper)


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
