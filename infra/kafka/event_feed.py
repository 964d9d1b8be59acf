"""The events of Kafka topics, for a worker of a consumer group: one partition a log."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from eventsourcing.persistence import Notification, OperationalError

from domain.ports import LogRecorder
from infra.event_source import FeedStopped
from infra.kafka.connection import Connection
from infra.sequenced import LOOK_SECONDS, Sequenced

RECORDS_AT_ONCE = 5_000
MOST_WAITING = 20_000
SESSION_SECONDS = 10


class _Arrivals:
    """Offset and sequence of what came from one partition and is not reflected yet, as it came."""

    def __init__(self) -> None:
        self._arrived: deque[tuple[int, int]] = deque()
        self._reflected = 0

    def add(self, offset: int, sequence: int) -> None:
        self._arrived.append((offset, sequence))

    def reflected(self, sequence: int) -> int | None:
        """Where to begin the next time; None when that has not moved."""
        self._reflected = max(self._reflected, sequence)
        begin = None
        while self._arrived and self._arrived[0][1] <= self._reflected:
            begin = self._arrived.popleft()[0] + 1
        return begin


class KafkaEventFeed:
    """``EventSource`` on topics: ``places`` tells topic and partition of each log. Workers of one ``group`` share the
    logs.
    """

    def __init__(
        self, connection: Connection, places: Mapping[str, tuple[str, int]], group: str, ledger_id: str,
        recorders: Mapping[str, LogRecorder], *, look_seconds: float = LOOK_SECONDS,
        session_seconds: float = SESSION_SECONDS, trouble: Callable[[], str] = lambda: "",
    ) -> None:
        self.trouble = trouble
        self._sequenced = Sequenced(recorders, look_seconds)
        self._ledger_id = ledger_id.encode()
        self._log_at = {place: log for log, place in places.items()}
        self._partitions = {log: TopicPartition(*at) for at, log in self._log_at.items()}
        self._arrivals: dict[str, _Arrivals] = {}
        self._paused: set[str] = set()
        self._foreign: dict[str, str] = {}
        self._let_go: Callable[[], None] = lambda: None
        self._consumer: Consumer = connection.consumer(group, {
            "partition.assignment.strategy": "cooperative-sticky",
            "enable.auto.commit": True, "enable.auto.offset.store": False,
            "auto.commit.interval.ms": 1_000, "session.timeout.ms": int(session_seconds * 1_000),
            "heartbeat.interval.ms": int(session_seconds * 1_000 / 4), "queued.max.messages.kbytes": 16_384,
        })

    @property
    def filled(self) -> int:
        return self._sequenced.filled

    @property
    def ahead(self) -> int:
        return self._sequenced.ahead

    def begin(self, let_go: Callable[[], None]) -> None:
        self._let_go = let_go
        topics = sorted({topic for topic, _ in self._log_at})
        self._consumer.subscribe(topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)

    def gather(self, seconds: float) -> None:
        try:
            records = self._consumer.consume(RECORDS_AT_ONCE, seconds)
        except KafkaException as error:
            raise OperationalError(str(error)) from error
        for record in records:
            # A partition in trouble is tried again by the client; meanwhile its log is looked at.
            if record.error() is None:
                self._take(record)
        for log in self._arrivals:
            # What came again, or late, is reflected already.
            self.reflected(log, 0)
        self._pace()

    def logs(self) -> Sequence[str]:
        return self._sequenced.logs()

    def read(self, log: str, after: int, limit: int, stop: int | None = None) -> Sequence[Notification]:
        if log in self._foreign:
            raise FeedStopped(self._foreign[log])
        return self._sequenced.read(log, after, limit, stop)

    def reflected(self, log: str, sequence: int) -> None:
        begin = self._arrivals[log].reflected(sequence) if log in self._arrivals else None
        if begin is not None:
            at = self._partitions[log]
            try:
                self._consumer.store_offsets(offsets=[TopicPartition(at.topic, at.partition, begin)])
            except KafkaException:
                # It was taken away just now; whoever has it looks at the read models, not at offsets.
                return

    def close(self) -> None:
        self._consumer.close()

    def _take(self, record: Message) -> None:
        log = self._log_at.get((str(record.topic()), int(record.partition() or 0)))
        if log is None or log not in self._arrivals:
            return
        event = self._event_of(record, log)
        if event is None:
            return
        self._arrivals[log].add(int(record.offset() or 0), event.id)
        self._sequenced.accept(log, event)

    def _event_of(self, record: Message, log: str) -> Notification | None:
        headers: dict[str, Any] = dict(record.headers() or ())
        try:
            if headers["ledger"] == self._ledger_id and headers["log"] == log.encode():
                return Notification(
                    id=int(headers["sequence"]), originator_id=bytes(record.key() or b"").decode(),
                    originator_version=int(headers["version"]), topic=headers["type"].decode(),
                    state=bytes(record.value() or b""),
                )
        except (LookupError, ValueError, AttributeError):
            pass
        self._foreign[log] = (
            f"{record.topic()}[{record.partition()}] has at offset {record.offset()} no event of {log} of ledger "
            f"{self._ledger_id.decode()}: its topics must be made anew"
        )
        return None

    def _pace(self) -> None:
        """Takes no more of a log of which much waits, until half of it is gone."""
        for log in self._arrivals:
            waiting = self._sequenced.waiting(log)
            if log not in self._paused and waiting >= MOST_WAITING:
                self._consumer.pause([self._partitions[log]])
                self._paused.add(log)
            elif log in self._paused and waiting <= MOST_WAITING // 2:
                self._consumer.resume([self._partitions[log]])
                self._paused.discard(log)

    def _assigned(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        for log in self._logs_of(partitions):
            self._arrivals[log] = _Arrivals()
            self._sequenced.begin(log)

    def _revoked(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self._let_go()
        for log in self._logs_of(partitions):
            self._arrivals.pop(log, None)
            self._paused.discard(log)
            self._foreign.pop(log, None)
            self._sequenced.forget(log)

    def _logs_of(self, partitions: Sequence[TopicPartition]) -> list[str]:
        found = [self._log_at.get((each.topic, each.partition)) for each in partitions]
        return [log for log in found if log is not None]

