"""What is published of a log: the sequence that stands last in its partition."""

import time

from confluent_kafka import Consumer, Message, TopicPartition

from infra.kafka.bounds import bounds_of
from infra.kafka.connection import Connection

ANSWER_SECONDS = 30.0
LEDGER, LOG, SEQUENCE, TYPE, VERSION = "ledger", "log", "sequence", "type", "version"


class OtherTopic(Exception):
    """The topic holds what is not of this ledger, or more of it than the log: it must be made anew."""


class NotReadable(Exception):
    """Kafka did not give a record that it should have."""


class Published:
    """Looks at the partitions of one ledger's events; used by one thread."""

    def __init__(self, connection: Connection, ledger_id: str) -> None:
        self._ledger_id = ledger_id.encode()
        self._consumer: Consumer = connection.consumer("everbook.published", {"fetch.wait.max.ms": 10})

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset of a partition, and the one after its last."""
        return bounds_of(self._consumer, topic, partition)

    def last_sequence(self, topic: str, partition: int, log: str, before: int | None = None) -> int:
        """The sequence of the last record, or of the last one before an offset; 0 when there is none.

        Raises:
            OtherTopic: when that record is of another ledger or log.
        """
        low, high = self.bounds(topic, partition)
        last = min(high, high if before is None else before) - 1
        if last < low:
            return 0
        headers = dict(self._record(topic, partition, last).headers() or [])
        if headers.get(LEDGER) != self._ledger_id or headers.get(LOG) != log.encode():
            raise OtherTopic(f"{topic}/{partition} is not of {log} of this ledger")
        return int(headers[SEQUENCE] or 0)

    def close(self) -> None:
        self._consumer.close()

    def _record(self, topic: str, partition: int, offset: int) -> Message:
        self._consumer.assign([TopicPartition(topic, partition, offset)])
        try:
            deadline = time.monotonic() + ANSWER_SECONDS
            while time.monotonic() < deadline:
                message = self._consumer.poll(1.0)
                if message is not None and message.error() is None:
                    return message
        finally:
            self._consumer.unassign()
        raise NotReadable(f"{topic}/{partition} did not give its record {offset}")
