"""The way in for commands, in a cluster: to the owner of their log by Kafka, and back by this process's partition."""

import contextlib
import random
import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from domain.admission import NotConfirmed, NotDecidedYet, NotRecorded, OutcomeUnknown
from domain.outcomes import Outcome, Submission
from domain.routing import REFERENCE
from infra.gate import Gate
from infra.kafka.bounds import bounds_of
from infra.kafka.connection import Connection
from infra.kafka.deciders import Deciders
from infra.kafka.pending import InFlight, Pending, Run, told_again
from infra.kafka.records import Return, Seal, encode
from infra.kafka.replies import Reply, decode, presence_in
from infra.kafka.sender import Sender
from infra.kafka.topics import Topics
from infra.logs import CANNOT_READ, CommandedLogs
from infra.requests import logs_of, runs

POLL_SECONDS = 0.05
FOLLOW_SECONDS = 0.2
OVERDUE_SECONDS = 3.0
ANSWER_SECONDS = 10.0
# Few commands a request cost Kafka as much as many, and their owner gathers longer than this.
QUEUE = {"linger.ms": 5, "queue.buffering.max.messages": 1_000_000}


class KafkaGate(Gate):
    """``api.ports.Gate`` of one of any number of processes.

    A reply that is overdue may have been lost with its sender: then what the command came to is looked up in its log.
    """

    def __init__(
        self, connection: Connection, topics: Topics, logs: CommandedLogs, pepper: str, *, queue_limit: int,
        batch_limit: int, answer_seconds: float,
    ) -> None:
        super().__init__(logs, pepper)
        self._connection = connection
        self._topics = topics
        self._deciders = Deciders(connection, topics)
        self._seal = Seal(pepper, logs.ledger_id)
        self._batch_limit = batch_limit
        self._answer_seconds = answer_seconds
        timeout = max(1, int(answer_seconds * 1000))
        self._sender = Sender(connection, {**QUEUE, "message.timeout.ms": timeout})
        self._name, self._numbers = uuid4().hex, count()
        self._listener = connection.consumer(f"{topics.prefix}.replies.{self._name}", {"fetch.wait.max.ms": 500})
        self._partition = 0
        self._in_flight = InFlight(queue_limit)
        self._following = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._listen, name="replies", daemon=True),
            threading.Thread(target=self._watch, name="gate", daemon=True),
        ]

    def start(self) -> None:
        """Begins to take commands."""
        self.tune_in()
        self._deciders.reach.start()
        for thread in self._threads:
            thread.start()

    def tune_in(self) -> None:
        """From here on replies would be heard."""
        found = self._listener.list_topics(self._topics.replies, ANSWER_SECONDS).topics[self._topics.replies]
        self._partition = random.choice(sorted(found.partitions))
        _, end = bounds_of(self._listener, self._topics.replies, self._partition)
        self._listener.assign([TopicPartition(self._topics.replies, self._partition, end)])

    def hear(self) -> None:
        """Takes in the replies that are there."""
        self._sender.poll()
        first = self._listener.poll(POLL_SECONDS)
        for message in (first, *self._listener.consume(1000, 0)) if first is not None else ():
            # What is no reply was not sent by Everbook.
            with contextlib.suppress(msgspec.DecodeError):
                self._listen_to(message.value() or b"[]" if message.error() is None else b"[]")

    def _listen_to(self, value: bytes) -> None:
        if presence := presence_in(value):
            self._deciders.hear(presence)
            return
        for reply in decode(value):
            self._take(reply)

    def look(self) -> None:
        """Follows the reference log, and sees to what was not answered."""
        # When a log cannot be read for now, or by this version, whoever asks it is told.
        with contextlib.suppress(*CANNOT_READ):
            self.follow()
            self._look_up_overdue()
        for pending in self._in_flight.older_than(time.monotonic() - self._answer_seconds):
            self._fail(pending, self._state_of(pending))

    def close(self) -> None:
        self._stopping.set()
        self._deciders.reach.stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._listener.close()
        self._sender.close(POLL_SECONDS)
        for pending in self._in_flight.older_than(time.monotonic() + 1):
            self._fail(pending, OutcomeUnknown("Everbook is stopping"))

    def submit(
        self, submissions: Sequence[Submission], *, atomic: bool = False, dry_run: bool = False
    ) -> "Future[Sequence[Outcome]]":
        promise: Future[Sequence[Outcome]] = Future()
        names = logs_of(submissions, self._topics.ledgers, atomic=atomic)
        if not submissions:
            promise.set_result([])
            return promise
        whole: Run = {name: list(range(len(submissions))) for name in names}
        cut = [whole] if len(names) == 1 else list(runs(submissions, self._topics.ledgers, self._batch_limit))
        now = time.monotonic()
        pending = Pending(
            f"{self._name}.{next(self._numbers)}", submissions, atomic, dry_run, iter(cut), promise, now, now,
            datetime.now(UTC), [None] * len(submissions),
        )
        self._in_flight.add(pending)
        promise.set_running_or_notify_cancel()
        self._send(pending, next(pending.runs))
        return promise

    def queued(self) -> int:
        return self._in_flight.count

    def trouble(self) -> str:
        return self._deciders.trouble()

    def undecided(self) -> Collection[str]:
        return self._deciders.undecided()

    def overdue(self, promise: "Future[Sequence[Outcome]]") -> OutcomeUnknown:
        pending = self._in_flight.of(promise)
        error = promise.exception() if pending is None and promise.done() else None
        if isinstance(error, OutcomeUnknown):
            return error
        return super().overdue(promise) if pending is None else self._state_of(pending)

    def _state_of(self, pending: Pending) -> OutcomeUnknown:
        if pending.undelivered:
            return NotConfirmed(
                f"{self._connection.place} did not confirm in {self._answer_seconds} s that it has "
                f"{pending.undelivered} of {len(pending.submissions)} commands: they may be sent again"
            )
        return NotDecidedYet(f"Kafka has it, and no ledger worker answered in {self._answer_seconds} s")

    def follow(self) -> None:
        """Reads the reference log to its end: keys issued and revoked anywhere."""
        with self._following:
            self.logs.reference_ledger.catch_up()

    def _reference_sequence(self) -> int:
        return self.logs.reference_ledger.sequence

    def _send(self, pending: Pending, run: Run) -> None:
        pending.begin(run)
        for log, places in run.items():
            units = [places] if pending.atomic else [[place] for place in places]
            for unit in units:
                self._send_unit(pending, log, unit)

    def _send_unit(self, pending: Pending, log: str, places: Sequence[int]) -> None:
        submissions = [pending.submissions[place] for place in places]
        seen = max(each.command.reference_sequence or 0 for each in submissions) or self._reference_sequence()
        value, headers = encode(
            self._seal, submissions, atomic=pending.atomic, dry_run=pending.dry_run, seen=seen,
            back=Return(self._partition, pending.correlation, places[0]),
        )

        def reported(error: KafkaError | None, _message: Message) -> None:
            if error is None:
                self._in_flight.delivered(pending)
            else:
                words = f"{self._connection.place} did not confirm that it has it ({error.str()}): it may be sent again"
                self._fail(pending, NotConfirmed(words))

        self._in_flight.sent(pending)
        try:
            self._sender.send(
                self._topics.commands, self._topics.partition_of(log), value, headers=headers, on_delivery=reported
            )
        except KafkaException as error:
            # Of a request of several commands some may have gone out.
            kind = NotRecorded if len(pending.submissions) == len(places) else OutcomeUnknown
            self._fail(pending, kind(f"{self._connection.place} does not take it: {error.args[0].str()}"))

    def _listen(self) -> None:
        while not self._stopping.is_set():
            self.hear()

    def _take(self, reply: Reply) -> None:
        if any(each.log == REFERENCE and each.sequence > self._reference_sequence() for each in reply.outcomes):
            # Who was told that a key is issued may use it here at once.
            with contextlib.suppress(*CANNOT_READ):
                self.follow()
        pending = self._in_flight.take(reply)
        if pending is None:
            return
        if error := pending.error():
            self._fail(pending, error)
        elif run := next(pending.runs, None):
            self._send(pending, run)
        elif self._in_flight.remove(pending):
            pending.promise.set_result([outcome for outcome in pending.outcomes if outcome is not None])

    def _fail(self, pending: Pending, error: Exception) -> None:
        if self._in_flight.remove(pending):
            pending.promise.set_exception(error)

    def _watch(self) -> None:
        while not self._stopping.wait(FOLLOW_SECONDS):
            self.look()

    def _look_up_overdue(self) -> None:
        now = time.monotonic()
        for pending in self._in_flight.older_than(now - OVERDUE_SECONDS):
            if now - pending.looked_at >= OVERDUE_SECONDS and not pending.dry_run:
                pending.looked_at = now
                self._look_up(pending)

    def _look_up(self, pending: Pending) -> None:
        by_log: Run = {}
        for place, log in self._in_flight.still_missing(pending).items():
            by_log.setdefault(log, []).append(place)
        for log, places in by_log.items():
            commands = {place: pending.submissions[place].command for place in places}
            receipts = self.logs.recorders[log].select_receipts([(c.source, c.command_id) for c in commands.values()])
            for place, command in commands.items():
                if receipt := receipts.get((command.source, command.command_id)):
                    outcome = told_again(log, self.logs.recorders[log], receipt, pending, place)
                    self._take(Reply(pending.correlation, place, (outcome,)))
