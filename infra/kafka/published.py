"""What is published of a log: the sequence that stands last in its partition."""

import time

from confluent_kafka import Consumer, Message, TopicPartition

from infra.kafka.bounds import bounds_of
from infra.kafka.connection import Connection

ANSWER_SECONDS = 30.0
READ_AT_ONCE = 1_000
LEDGER, LOG, SEQUENCE, TYPE, VERSION = "ledger", "log", "sequence", "type", "version"
PLACE = "place"
"""The offset that a record was to have, or a later one: at an earlier one it stands where others were lost."""


class OtherTopic(Exception):
    """The topic holds what is not of this ledger, or more of it than the log: it must be made anew."""


class NotReadable(Exception):
    """Kafka did not give a record that it should have."""


class Published:
    """Looks at the partitions of one ledger's events; used by one thread."""

    def __init__(self, connection: Connection, ledger_id: str) -> None:
        self._ledger_id = ledger_id.encode()
        self._connection = connection
        self._consumer = self._new_consumer()

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset of a partition, and the one after its last."""
        return bounds_of(self._consumer, topic, partition)

    def last_sequence(self, topic: str, partition: int, log: str, before: int | None = None) -> int:
        """The sequence of the last record, or of the last one before an offset; 0 when there is none. Records of a
        publisher that had not noticed yet what was lost before them do not count.

        Raises:
            OtherTopic: when that record is of another ledger or log.
        """
        low, high = self.bounds(topic, partition)
        end, count = min(high, high if before is None else before), 1
        while end > low:
            first = max(low, end - count)
            for message in reversed(self._records(topic, partition, first, end)):
                headers = dict(message.headers() or [])
                if headers.get(LEDGER) != self._ledger_id or headers.get(LOG) != log.encode():
                    raise OtherTopic(f"{topic}/{partition} is not of {log} of this ledger")
                if int(headers.get(PLACE) or 0) <= (message.offset() or 0):
                    return int(headers[SEQUENCE] or 0)
            end, count = first, READ_AT_ONCE
        return 0

    def close(self) -> None:
        self._consumer.close()

    def _new_consumer(self) -> Consumer:
        return self._connection.consumer("everbook.published", {"fetch.wait.max.ms": 10})

    def _records(self, topic: str, partition: int, first: int, end: int) -> list[Message]:
        """What stands at the offsets from ``first`` to before ``end``."""
        found: list[Message] = []
        # One that has seen a later leader epoch never reads the topic again once it was made anew (librdkafka).
        consumer = self._new_consumer()
        consumer.assign([TopicPartition(topic, partition, first)])
        try:
            deadline = time.monotonic() + ANSWER_SECONDS
            while time.monotonic() < deadline:
                message = consumer.poll(1.0)
                if message is not None and message.error() is None:
                    found.append(message)
                    if (message.offset() or 0) >= end - 1:
                        return [each for each in found if (each.offset() or 0) < end]
        finally:
            consumer.close()
        raise NotReadable(f"{topic}/{partition} did not give its record {end - 1}")
