"""Where a worker takes its events from: the logs themselves, or a feed of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from eventsourcing.persistence import Notification

from domain.ports import LogRecorder


class FeedStopped(Exception):
    """The events of a log cannot be had any further; the others go on."""


class EventSource(Protocol):
    """Events log by log. The thread of one worker calls all of it but ``filled`` and ``ahead``."""

    @property
    def filled(self) -> int:
        """How many events were lacking when later ones came."""

    @property
    def ahead(self) -> int:
        """How many events were read from their log before they came, if they ever did."""

    def trouble(self) -> str:
        """What keeps events from coming, "" when nothing does."""

    def begin(self, let_go: Callable[[], None]) -> None:
        """Called once. ``let_go`` is called before logs are given to another worker: finish what is under way."""

    def gather(self, seconds: float) -> None:
        """Takes in what has come, and waits so long for more."""

    def logs(self) -> Sequence[str]:
        """The logs that are this worker's at present."""

    def read(self, log: str, after: int, limit: int, stop: int | None = None) -> Sequence[Notification]:
        """The next events of a log after one sequence, gapless, none beyond ``stop``; none while there are none.

        Raises:
            FeedStopped: when there will be none.
        """

    def reflected(self, log: str, sequence: int) -> None:
        """Every read model of this worker reflects the log so far: a hint, to begin there the next time."""

    def close(self) -> None: ...


class PolledLogs:
    """``EventSource`` that asks the logs; of those in ``until``, for nothing beyond the event it says at that time."""

    filled = ahead = 0

    def __init__(self, recorders: Mapping[str, LogRecorder], until: Mapping[str, int] | None = None) -> None:
        self._recorders = recorders
        self._until = {} if until is None else until

    def trouble(self) -> str:
        return ""

    def begin(self, let_go: Callable[[], None]) -> None:
        pass

    def gather(self, seconds: float) -> None:
        if seconds:
            time.sleep(seconds)

    def logs(self) -> Sequence[str]:
        return tuple(self._recorders)

    def read(self, log: str, after: int, limit: int, stop: int | None = None) -> Sequence[Notification]:
        end = min((each for each in (stop, self._until.get(log)) if each is not None), default=None)
        if end is not None and end <= after:
            return []
        return self._recorders[log].select_notifications(after + 1, limit, stop=end)

    def reflected(self, log: str, sequence: int) -> None:
        pass

    def close(self) -> None:
        pass
