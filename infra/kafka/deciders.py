"""Whether Kafka answers, and which logs have a ledger worker that decides for them."""

import logging
import threading
import time
from collections.abc import Callable, Collection

from confluent_kafka import KafkaException

from infra.kafka.connection import Connection
from infra.kafka.replies import Presence
from infra.kafka.topics import Topics

logger = logging.getLogger(__name__)
LOOK_SECONDS = 2.0
ANSWER_SECONDS = 3.0
# A worker that joins or leaves, and a broker that elects, have a log without its owner for a moment.
LASTS_SECONDS = 8.0
NEVER = float("-inf")


class Deciders:
    """Hears what ledger workers say of themselves every two seconds, and asks Kafka as often whether it is there.

    What is wrong counts when it lasts; at the start it counts at once, so that nobody is sent to a process of which it
    is not known that its commands are decided.
    """

    def __init__(
        self, connection: Connection, topics: Topics, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._monotonic = monotonic
        self._heard = dict.fromkeys((topics.log_of(partition) for partition in range(topics.ledgers + 2)), NEVER)
        self._why: dict[str, str] = {}
        self._answered = NEVER
        self._away = "Kafka was not asked yet"
        self._said = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deciders", daemon=True)

    def start(self) -> None:
        self._admin = self._connection.admin()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def hear(self, presence: Presence) -> None:
        """Takes in what a worker says of itself."""
        for log in self._heard.keys() & presence.decides:
            self._heard[log] = self._monotonic()
        self._why = {log: why for log, why in {**self._why, **presence.trouble}.items() if log not in presence.decides}

    def answered(self, error: KafkaException | None = None) -> None:
        """Takes in whether Kafka answered."""
        if error is None:
            self._answered, self._away = self._monotonic(), ""
        else:
            self._away = str(self._connection.failure(error))

    def undecided(self) -> Collection[str]:
        """The logs that nobody has decided for a while."""
        if self._is_away():
            return tuple(self._heard)
        since = self._monotonic() - LASTS_SECONDS
        return [log for log, heard in self._heard.items() if heard < since]

    def trouble(self) -> str:
        """What keeps commands from being decided, "" when nothing does."""
        if self._is_away():
            return self._away
        undecided = self.undecided()
        if told := [f"{log}: {self._why[log]}" for log in undecided if log in self._why]:
            return "; ".join(told)
        return f"no ledger worker decides for {', '.join(undecided)}: start everbook work ledger" if undecided else ""

    def _is_away(self) -> bool:
        return bool(self._away) and self._answered < self._monotonic() - LASTS_SECONDS

    def _run(self) -> None:
        self._look()
        while not self._stopping.wait(LOOK_SECONDS):
            self._look()
            self._say()

    def _look(self) -> None:
        try:
            self._admin.list_topics(self._topics.commands, timeout=ANSWER_SECONDS)
        except KafkaException as error:
            self.answered(error)
        else:
            self.answered()

    def _say(self) -> None:
        """To the operator, once when it goes wrong and once when it is well again."""
        trouble = self.trouble()
        if trouble != self._said:
            self._said = trouble
            logger.warning("%s", f"commands are not decided: {trouble}" if trouble else "commands are decided again")
