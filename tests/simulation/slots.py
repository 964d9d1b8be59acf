"""The processes of the simulated cluster: each place holds one, or is empty until it is started again."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random
from typing import Any

from confluent_kafka import KafkaException
from eventsourcing.persistence import OperationalError

from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.kafka.event_feed import KafkaEventFeed
from infra.kafka.gate import KafkaGate
from infra.kafka.ledger_worker import LedgerWorker
from infra.kafka.topics import Topics, WrongTopic, ensure_topics
from infra.logs import CommandedLogs
from infra.projection_worker import ProjectionWorker
from projections.registry import PROJECTIONS
from tests.decided import PEPPER
from tests.simulation.broker import Broker
from tests.simulation.clients import SimulatedKafka
from tests.simulation.clock import Clock, Threads
from tests.simulation.process import Killed, Process
from tests.simulation.search import SearchServer, SimulatedSearch
from tests.simulation.store import LogStore

REPLY_PARTITIONS = 2
BATCH_LIMIT = 6
EVENTS_AT_ONCE = 7
ANSWER_SECONDS = 8.0
PASSING = ("OperationalError", "KafkaFails", "NotReadable", "NotDelivered")
"""What may keep a log from being decided, for a while."""


class Servers:
    """What all processes reach."""

    def __init__(
        self, store: LogStore, broker: Broker, search: SearchServer, *, clock: Clock, topics: Topics, ledger_id: str
    ) -> None:
        self.store, self.broker, self.search = store, broker, search
        self.clock, self.topics, self.ledger_id = clock, topics, ledger_id


class Slot(ABC):
    """One process after the other; ``step`` is one round of its loop."""

    def __init__(self, name: str, servers: Servers, random: Random, meanwhile: Callable[[], None]) -> None:
        self.name = name
        self.servers = servers
        self._random, self._meanwhile = random, meanwhile
        self.process: Process | None = None
        self.running: Any = None

    @property
    def busy(self) -> bool:
        """Whether it is held up, in the middle of something."""
        return self.process is not None and self.process.held

    @property
    def up(self) -> bool:
        return self.process is not None and self.process.alive and self.running is not None

    def start(self) -> None:
        self.process, self.running = Process(self.name, self._random, self._meanwhile), None
        try:
            self.running = self.boot(self.process)
        except (KafkaException, OperationalError, WrongTopic):
            self.process.die()
        except Killed:
            pass

    def do(self, what: Callable[[], object]) -> None:
        """Does something in the process, whose end it may be."""
        try:
            what()
        except Killed:
            assert self.process is not None
            assert not self.process.alive

    def step(self) -> None:
        self.do(self.round)

    @abstractmethod
    def boot(self, process: Process) -> Any: ...

    @abstractmethod
    def round(self) -> None: ...

    def _kafka(self, process: Process) -> Any:
        return SimulatedKafka(process, self.servers.broker, self.servers.clock)


class GateSlot(Slot):
    running: KafkaGate

    def boot(self, process: Process) -> KafkaGate:
        kafka, topics = self._kafka(process), self.servers.topics
        gate = KafkaGate(
            kafka, topics, CommandedLogs(self.servers.store.opener(process)), PEPPER, queue_limit=1_000,
            batch_limit=BATCH_LIMIT, answer_seconds=ANSWER_SECONDS,
        )
        ensure_topics(kafka.admin(), topics, reply_partitions=REPLY_PARTITIONS)
        gate.tune_in()
        return gate

    def round(self) -> None:
        self.running.hear()
        if self._random.random() < 0.4:
            self.running.look()


class LedgerSlot(Slot):
    running: LedgerWorker

    def boot(self, process: Process) -> LedgerWorker:
        worker = LedgerWorker(
            self._kafka(process), self.servers.topics, CommandedLogs(self.servers.store.opener(process)), PEPPER,
            batch_limit=BATCH_LIMIT, reply_partitions=REPLY_PARTITIONS,
        )
        worker.begin()
        return worker

    def round(self) -> None:
        try:
            self.running.step()
        except KafkaException:
            # The command ends with it, and is started again.
            assert self.process is not None
            self.process.die()
        for trouble in self.running.trouble.values():
            assert trouble.startswith(PASSING), trouble


class ProjectionSlot(Slot):
    running: ProjectionWorker

    def boot(self, process: Process) -> ProjectionWorker:
        opened, topics = self.servers.store.opener(process), self.servers.topics
        ledger_id = self.servers.ledger_id
        recorders = {log: opened(log) for log in self.servers.store.recorders}
        search: Any = SimulatedSearch(process, self.servers.search)
        feed = KafkaEventFeed(
            self._kafka(process), {log: topics.events_of(log) for log in recorders}, "projections", ledger_id, recorders
        )
        self._writer = Threads(self._random)
        return ProjectionWorker(
            recorders, ElasticsearchReadModels(search, PROJECTIONS, ledger_id), PROJECTIONS, EVENTS_AT_ONCE,
            source=feed, writer=self._writer,
        )

    def round(self) -> None:
        try:
            self._writer.catch_up()
            self.running.step(0.05)
        except OperationalError as error:
            self.running.recover(error)
