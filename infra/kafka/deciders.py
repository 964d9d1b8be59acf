"""Which logs have a ledger worker that decides for them, by what the workers say of themselves."""

import logging
import time
from collections.abc import Callable, Collection

from infra.kafka.connection import Connection
from infra.kafka.reach import LASTS_SECONDS, NEVER, Reach
from infra.kafka.replies import Presence
from infra.kafka.topics import Topics

logger = logging.getLogger(__name__)


class Deciders:
    """Hears what ledger workers say of themselves every two seconds, and asks Kafka as often whether it is there.

    What is wrong counts when it lasts; at the start it counts at once, so that nobody is sent to a process of which it
    is not known that its commands are decided.
    """

    def __init__(
        self, connection: Connection, topics: Topics, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self.reach = Reach(connection, topics.commands, monotonic=monotonic, then=self._say)
        self._heard = dict.fromkeys((topics.log_of(partition) for partition in range(topics.ledgers + 2)), NEVER)
        self._why: dict[str, str] = {}
        self._said = ""

    def hear(self, presence: Presence) -> None:
        """Takes in what a worker says of itself."""
        for log in self._heard.keys() & presence.decides:
            self._heard[log] = self._monotonic()
        self._why = {log: why for log, why in {**self._why, **presence.trouble}.items() if log not in presence.decides}

    def undecided(self) -> Collection[str]:
        """The logs that nobody has decided for a while."""
        if self.reach.trouble():
            return tuple(self._heard)
        since = self._monotonic() - LASTS_SECONDS
        return [log for log, heard in self._heard.items() if heard < since]

    def trouble(self) -> str:
        """What keeps commands from being decided, "" when nothing does."""
        if away := self.reach.trouble():
            return away
        undecided = self.undecided()
        if told := [f"{log}: {self._why[log]}" for log in undecided if log in self._why]:
            return "; ".join(told)
        return f"no ledger worker decides for {', '.join(undecided)}: start everbook work ledger" if undecided else ""

    def _say(self) -> None:
        """To the operator, once when it goes wrong and once when it is well again."""
        trouble = self.trouble()
        if trouble != self._said:
            self._said = trouble
            logger.warning("%s", f"commands are not decided: {trouble}" if trouble else "commands are decided again")
