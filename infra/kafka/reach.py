"""Whether Kafka answers, asked now and then by a thread of its own."""

import threading
import time
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException

from infra.kafka.connection import Connection, refusal_in

LOOK_SECONDS = 2.0
ANSWER_SECONDS = 3.0
# A broker that elects, or is started again, does not answer for a moment.
LASTS_SECONDS = 8.0
NEVER = float("-inf")


class Reach:
    """``then`` is called after each look. That it does not answer counts when it lasts, and at the start at once."""

    def __init__(
        self, connection: Connection, topic: str, *, monotonic: Callable[[], float] = time.monotonic,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._monotonic = monotonic
        self._then = then
        self._said: list[KafkaError] = []
        self._answered = NEVER
        self._away = "Kafka was not asked yet"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reach", daemon=True)

    def start(self) -> None:
        self._admin = self._connection.admin(on_error=self._said.append)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def trouble(self) -> str:
        """Why Kafka does not answer, "" when it does."""
        return self._away if self._answered < self._monotonic() - LASTS_SECONDS else ""

    def answered(self, error: KafkaException | None = None) -> None:
        """Takes in whether Kafka answered."""
        if error is None:
            self._answered, self._away = self._monotonic(), ""
        else:
            refusal = refusal_in(self._said)
            self._away = f"{self._connection.place}: {refusal}" if refusal else str(self._connection.failure(error))
        self._said.clear()

    def _run(self) -> None:
        self._look()
        while not self._stopping.wait(LOOK_SECONDS):
            self._look()
            self._then()

    def _look(self) -> None:
        try:
            self._admin.list_topics(self._topic, timeout=ANSWER_SECONDS)
        except KafkaException as error:
            self._admin.poll(0)
            self.answered(error)
        else:
            self.answered()
