"""A ledger whose commands come by a real Kafka: workers in this process or their own, gates, and what is published."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import msgspec
from confluent_kafka import Message, TopicPartition
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment

from domain.batch import Unit
from domain.commands import AnyCommand, DefineBook, IssueKey
from domain.outcomes import EVERY_ROLE, Outcome, Submission
from domain.ports import LogRecorder
from domain.routing import ledger_of, log_names, log_of
from domain.schema import business_content
from infra.kafka.bounds import bounds_of
from infra.kafka.connection import Connection
from infra.kafka.gate import KafkaGate
from infra.kafka.ledger_worker import LedgerWorker
from infra.kafka.sender import Sender
from infra.kafka.topics import Topics, ensure_topics, topic_id_of
from infra.logs import CommandedLogs, submission_of
from infra.secrets import digest_of
from tests.rules import FOUNDATION, booking

ROOT = Path(__file__).parents[1]
PEPPER, SECRET, KEY = "a pepper of tests", "a secret of tests", "tester"
REPLY_PARTITIONS = 3
SESSION_SECONDS = 6
LONGEST_SECONDS = 60


class Decided:
    """One ledger in a SQLite file or in HBase, with topics of its own. ``logs`` reads it, and may write beside its
    owners.
    """

    def __init__(self, bootstrap: str, folder: Path, ledgers: int = 1, hbase_url: str = "") -> None:
        self.folder = folder
        self._stores = {"PERSISTENCE_MODULE": "infra.sql", "EVERBOOK_DATABASE_URL": f"sqlite:///{folder / 'events.db'}"}
        if hbase_url:
            self._stores = {"PERSISTENCE_MODULE": "infra.hbase", "EVERBOOK_HBASE_URL": hbase_url}
        self._closing = ExitStack()
        self._bootstrap = bootstrap
        self.connection = Connection({"bootstrap.servers": bootstrap})
        self.topics = Topics(f"t{uuid4().hex[:12]}", ledgers)
        self.logs = self.opened(ledgers)
        self.books = _books(ledgers)
        self._lay_foundation()

    def opened(self, ledgers: int | None = None) -> CommandedLogs:
        """The logs, with states of their own."""
        def open_log(log: str) -> LogRecorder:
            factory: Any = InfrastructureFactory.construct(Environment(log, self._stores))
            self._closing.callback(factory.close)
            recorder: LogRecorder = factory.process_recorder()
            return recorder

        return CommandedLogs(open_log, ledgers)

    def ensure_topics(self) -> None:
        ensure_topics(self.connection.admin(), self.topics, reply_partitions=REPLY_PARTITIONS, replication=1)

    def make_anew(self, topic: str) -> None:
        """Deletes a topic; it is there again when this returns."""
        admin = self.connection.admin()
        before = topic_id_of(admin, topic)
        admin.delete_topics([topic])[topic].result()
        # Whoever of the ledger's processes sees first that it is missing makes it; else this one does.
        wait_until(lambda: topic_id_of(admin, topic) != before)
        self.ensure_topics()
        assert topic_id_of(admin, topic) not in {before, None}

    def close(self) -> None:
        self._closing.close()
        admin = self.connection.admin()
        names = [name for name in admin.list_topics(timeout=30).topics if name.startswith(self.topics.prefix)]
        for deleted in admin.delete_topics(names).values() if names else ():
            deleted.result()

    @contextmanager
    def worker(self, owning: int | None = None) -> Iterator[LedgerWorker]:
        """A worker in a thread, owning so many logs, or every one, once this begins."""
        owning = self.topics.ledgers + 2 if owning is None else owning
        worker = LedgerWorker(
            self.connection, self.topics, self.opened(), PEPPER, batch_limit=100, reply_partitions=REPLY_PARTITIONS,
            replication=1, session_seconds=SESSION_SECONDS,
        )
        failed: list[BaseException] = []

        def run() -> None:
            try:
                worker.run()
            except BaseException as error:  # noqa: BLE001
                failed.append(error)

        thread = Thread(target=run)
        thread.start()
        try:
            wait_until(lambda: failed or len(worker.owned()) == owning)
            yield worker
        finally:
            worker.stop()
            thread.join()
        if failed:
            raise failed[0]

    @contextmanager
    def gate(self, **changes: Any) -> Iterator[KafkaGate]:
        self.ensure_topics()
        options = {"queue_limit": 20_000, "batch_limit": 100, "answer_seconds": 40.0, **changes}
        gate = KafkaGate(self.connection, self.topics, self.opened(), PEPPER, **options)
        gate.start()
        try:
            yield gate
        finally:
            gate.close()

    def environment(self) -> dict[str, str]:
        """What a process of this cluster is started with."""
        return {
            **os.environ, **self._stores, "EVERBOOK_DATA": str(self.folder), "EVERBOOK_PEPPER": PEPPER,
            "EVERBOOK_KAFKA_BOOTSTRAP": self._bootstrap, "EVERBOOK_KAFKA_PREFIX": self.topics.prefix,
            "EVERBOOK_KAFKA_REPLICATION": "1", "EVERBOOK_KAFKA_REPLY_PARTITIONS": str(REPLY_PARTITIONS),
            "EVERBOOK_KAFKA_SESSION_SECONDS": str(SESSION_SECONDS), "PYTHONPATH": str(ROOT),
        }

    @contextmanager
    def processes(self) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
        """Starts ``everbook`` with arguments, or a script; whatever still runs at the end is killed."""
        with ExitStack() as running:
            def start(*arguments: str, script: str | None = None, **more: str) -> "subprocess.Popen[str]":
                command = [sys.executable, *(("-c", script) if script else ("-m", "api")), *arguments]
                process = subprocess.Popen(
                    command, cwd=ROOT, env={**self.environment(), **more}, stderr=subprocess.PIPE, text=True
                )
                running.callback(_end, process)
                return process

            yield start

    def sender(self) -> Sender:
        return Sender(self.connection, {"linger.ms": 0})

    def records(self, topic: str, partition: int) -> list[Message]:
        """Everything that stands in a partition."""
        consumer = self.connection.consumer(f"{self.topics.prefix}.test", {})
        try:
            start, end = bounds_of(consumer, topic, partition)
            consumer.assign([TopicPartition(topic, partition, start)])
            found: list[Message] = []
            while start < end and (not found or (found[-1].offset() or 0) < end - 1):
                found += [each for each in consumer.consume(1000, 0.2) if each.error() is None]
            return found
        finally:
            consumer.close()

    def published(self, log: str) -> list[tuple[int, bytes]]:
        """Sequences and states of a log's topic, in the order of the topic."""
        return [
            (int(dict(each.headers() or [])["sequence"] or 0), each.value() or b"")
            for each in self.records(*self.topics.events_of(log))
        ]

    def stored(self, log: str) -> list[tuple[int, bytes]]:
        """Sequences and states of a log."""
        return [(each.id, each.state) for each in self.logs.recorders[log].select_notifications(1, 1_000_000)]

    def require_published(self) -> None:
        """Every topic holds its log, complete and in order once sequences that came before are dropped."""
        for log in log_names(self.topics.ledgers):
            wait_until(lambda log=log: unseen(self.published(log)) == self.stored(log))  # type: ignore[misc]

    def require_once(self, outcomes: Sequence[Outcome]) -> None:
        """Each of these commands, all accepted, is in its log exactly once, where its outcome says."""
        places: dict[str, list[str]] = {}
        for log in log_names(self.topics.ledgers):
            for sequence, state in self.stored(log):
                command_id = msgspec.json.decode(state)["command_id"]
                places.setdefault(command_id, []).append(f"{log}:{sequence}")
        assert {each.status for each in outcomes} <= {"accepted"}
        for outcome in outcomes:
            assert places[outcome.command_id] == [f"{outcome.log}:{outcome.sequence}"]

    def book(self, trade_id: str, log: str = "ledger-0", **changes: Any) -> Submission:
        """A booking for a log, by a key that may."""
        return by_key(booking(trade_id, **{"book": self.books[log], **changes}))

    def _lay_foundation(self) -> None:
        key = IssueKey(
            command_id="key", key_id=KEY, name="Tester", digest=digest_of(PEPPER, SECRET), roles=EVERY_ROLE
        )
        for command in (*FOUNDATION, key, *(
            DefineBook(command_id=f"define-{book}", book=book, name=book, desk="EQ") for book in self.books.values()
        )):
            log = log_of(command, self.topics.ledgers)
            (outcome,) = self.logs.commit(log, [Unit((submission_of(command),))])
            assert outcome.status == "accepted", outcome


def by_key(command: AnyCommand, key: str = KEY) -> Submission:
    """A command as its sender's process hands it in."""
    return Submission(command, business_content(command), key)


def unseen(published: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """What is left when sequences that came before are dropped; nothing may be missing before the next."""
    left: list[tuple[int, bytes]] = []
    for sequence, state in published:
        if sequence == len(left) + 1:
            left.append((sequence, state))
    return left


def wait_until(holds: Callable[[], object], seconds: float = LONGEST_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.05)


def _books(ledgers: int) -> dict[str, str]:
    found: dict[str, str] = {}
    number = 0
    while len(found) < ledgers:
        number += 1
        found.setdefault(ledger_of(f"BOOK-{number}", ledgers), f"BOOK-{number}")
    return found


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def said_by(process: "subprocess.Popen[str]") -> list[str]:
    """What a process says on standard error, line by line as it comes."""
    lines: list[str] = []
    assert process.stderr is not None
    Thread(target=lines.extend, args=(process.stderr,), daemon=True).start()
    return lines
