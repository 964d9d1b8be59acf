"""What is published of a log: the sequences that stand at the end of its partition."""

import time
from collections.abc import Callable, Iterator

import msgspec
from confluent_kafka import Consumer, Message, TopicPartition

from infra.kafka.bounds import bounds_of
from infra.kafka.connection import Connection

ANSWER_SECONDS = 30.0
RECORDS_AT_ONCE = 5_000
# An owner that ended before it mended what Kafka had lost may have left a hole, no further back than all it had on the
# way to Kafka, and one commit.
ON_THE_WAY = 10_000
LOOK_BACK = 2 * ON_THE_WAY
LEDGER, LOG, SEQUENCE, TYPE, VERSION = "ledger", "log", "sequence", "type", "version"


class OtherTopic(Exception):
    """The topic holds what is not of this ledger, or more of it than the log: it must be made anew."""


class NotReadable(Exception):
    """Kafka did not give a record that it should have."""


class Standing(msgspec.Struct, frozen=True):
    """``complete``: nothing up to this sequence is missing; ``highest``: what lies beyond a hole. ``end`` is the offset
    after the last record there was.
    """

    complete: int
    highest: int
    end: int


class Published:
    """Looks at the partitions of one ledger's events, until it is ``stopping``; used by one thread."""

    def __init__(
        self, connection: Connection, ledger_id: str, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self._stopping = stopping
        self._ledger_id = ledger_id.encode()
        self._connection = connection
        self._consumer = self._new_consumer()

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset of a partition, and the one after its last."""
        return bounds_of(self._consumer, topic, partition)

    def standing(self, topic: str, partition: int, log: str, before: int | None = None) -> Standing:
        """What stands at the end of a partition, or before an offset of it.

        Raises:
            OtherTopic: when something of it is of another ledger or log.
        """
        low, high = self.bounds(topic, partition)
        stop = min(high, high if before is None else before)
        first = max(low, stop - LOOK_BACK)
        complete, highest = None if first > low else 0, 0
        for record in self._records(topic, partition, first, stop):
            sequence = self._sequence_of(record, log)
            highest = max(highest, sequence)
            if complete is None or sequence == complete + 1:
                complete = sequence
        return Standing(complete or 0, highest, high)

    def close(self) -> None:
        self._consumer.close()

    def _sequence_of(self, record: Message, log: str) -> int:
        headers = dict(record.headers() or [])
        if headers.get(LEDGER) != self._ledger_id or headers.get(LOG) != log.encode():
            raise OtherTopic(f"{record.topic()}/{record.partition()} is not of {log} of this ledger")
        return int(headers[SEQUENCE] or 0)

    def _records(self, topic: str, partition: int, first: int, stop: int) -> Iterator[Message]:
        # One that has seen a later leader epoch never reads the topic again once it was made anew (librdkafka).
        consumer = self._new_consumer()
        consumer.assign([TopicPartition(topic, partition, first)])
        try:
            deadline = time.monotonic() + ANSWER_SECONDS
            while first < stop and time.monotonic() < deadline and not self._stopping():
                for message in consumer.consume(RECORDS_AT_ONCE, 1.0):
                    if message.error() is None and first <= (message.offset() or 0) < stop:
                        first = (message.offset() or 0) + 1
                        yield message
        finally:
            consumer.close()
        if first < stop:
            raise NotReadable(f"{topic}/{partition} did not give its record {first}")

    def _new_consumer(self) -> Consumer:
        return self._connection.consumer("everbook.published", {"fetch.wait.max.ms": 10})
