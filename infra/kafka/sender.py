"""Records out: an idempotent producer, made anew when it has failed for good."""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from infra.kafka.connection import Connection
from infra.kafka.records import Headers

Delivered = Callable[[KafkaError | None, Message], None]
ROOM_SECONDS = 0.1


class NotDelivered(Exception):
    """Kafka does not take what was sent, for now."""


class Sender:
    """May be used from several threads; ``poll`` brings what was delivered, in the thread that calls it."""

    def __init__(self, connection: Connection, options: Mapping[str, Any]) -> None:
        self._connection = connection
        self._options = {**options, "error_cb": self._failed}
        self._lock = threading.Lock()
        self._is_broken = False
        self._producer = connection.producer(self._options)

    def send(
        self, topic: str, partition: int, value: bytes, key: str | None = None, headers: Headers | None = None,
        *, on_delivery: Delivered | None = None,
    ) -> None:
        """Takes a record; waits while the queue is full.

        Raises:
            KafkaException: when the record itself is at fault.
        """
        while True:
            try:
                self._producer.produce(topic, value, key, partition, on_delivery=on_delivery, headers=headers or [])
                return
            except BufferError:
                self.poll(ROOM_SECONDS)
            except KafkaException as error:
                if not _is_fatal(error):
                    raise
                self._is_broken = True
                self.poll()

    def poll(self, timeout_seconds: float = 0) -> None:
        try:
            self._producer.poll(timeout_seconds)
        except KafkaException as error:
            if not _is_fatal(error):
                raise
            self._is_broken = True
        if self._is_broken:
            self._replace()

    def waiting(self) -> int:
        """How many records are not delivered yet."""
        return len(self._producer)

    def flush(self, timeout_seconds: float, stopping: Callable[[], bool] = lambda: False) -> None:
        """Waits until everything is delivered.

        Raises:
            NotDelivered: when it is not in time, or nobody wants to wait any more.
        """
        deadline = time.monotonic() + timeout_seconds
        while len(self._producer):
            if time.monotonic() > deadline or stopping():
                raise NotDelivered(f"{len(self._producer)} records were not delivered in {timeout_seconds} s")
            self.poll(ROOM_SECONDS)

    def close(self, timeout_seconds: float) -> None:
        """Delivers what it can in time, and ends."""
        with contextlib.suppress(NotDelivered):
            self.flush(timeout_seconds)
        self._end(self._producer)

    def _failed(self, error: KafkaError) -> None:
        self._is_broken = self._is_broken or error.fatal()

    def _replace(self) -> None:
        with self._lock:
            if not self._is_broken:
                return
            broken, self._producer = self._producer, self._connection.producer(self._options)
            self._is_broken = False
        self._end(broken)

    @staticmethod
    def _end(producer: Producer) -> None:
        # What was not delivered is said to whoever asked to be told.
        producer.purge()
        with contextlib.suppress(KafkaException):
            producer.poll(0)
        producer.close()


def _is_fatal(error: KafkaException) -> bool:
    """The first time it is said as it is, afterwards only that there was one."""
    return bool(error.args[0].fatal() or error.args[0].code() == KafkaError._FATAL)
