"""Carries what the events of other logs lead to into one log; its owner calls it, for nobody else writes there."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from eventsourcing.persistence import IntegrityError, Notification, Tracking

from domain.commands import AnyCommand
from domain.commands.weights import weight_of
from domain.consequences import FOLLOWED, consequences
from domain.ports import LogRecorder
from domain.schema import recorded

EVENTS_AT_ONCE = 1_000
WORTH_KEEPING = 5_000
"""Only a hint is lost when it is not kept how far a log was followed: what comes again is a repeat."""


class Carrier:
    """``commit`` records commands in ``log``; one that came before is answered, and changes nothing."""

    def __init__(
        self, log: str, ledgers: int, sources: Iterable[str], recorders: Mapping[str, LogRecorder],
        commit: Callable[[Sequence[AnyCommand]], object],
    ) -> None:
        self._log, self._ledgers = log, ledgers
        self._recorders = recorders
        self._commit = commit
        self._sources = tuple(sources)
        self._places: dict[str, int] = {}
        self._kept: dict[str, int] = {}

    def carry(self) -> int:
        """Reads every other log, and this one, to its end; how many commands followed."""
        return sum(self._follow(source) for source in self._sources)

    def _follow(self, source: str) -> int:
        place, done = self._place(source), 0
        end = self._recorders[source].max_notification_id() or 0
        while place < end:
            page = self._recorders[source].select_notifications(place + 1, EVENTS_AT_ONCE, stop=end, topics=FOLLOWED)
            commands = self._commands(source, page)
            for share in _shares(commands):
                self._commit(share)
            place = page[-1].id if len(page) == EVENTS_AT_ONCE else end
            self._places[source] = place
            self._keep(source, place, followed=bool(commands))
            done += len(commands)
        return done

    def _commands(self, source: str, page: Sequence[Notification]) -> list[AnyCommand]:
        return [
            command for each in page for log, command in consequences(recorded(source, each.id, each), self._ledgers)
            if log == self._log
        ]

    def _place(self, source: str) -> int:
        if source not in self._places:
            kept = self._recorders[self._log].max_tracking_id(_name(source)) or 0
            self._places[source] = self._kept[source] = kept
        return self._places[source]

    def _keep(self, source: str, place: int, *, followed: bool) -> None:
        if not followed and place - self._kept[source] < WORTH_KEEPING:
            return
        # Another process may have followed it further.
        with contextlib.suppress(IntegrityError):
            self._recorders[self._log].insert_tracking(Tracking(_name(source), place))
        self._kept[source] = place


def _shares(commands: Sequence[AnyCommand]) -> Iterator[list[AnyCommand]]:
    """Commands in shares that count for at most ``EVENTS_AT_ONCE``, for one may bring a thousand lots."""
    share: list[AnyCommand] = []
    count = 0
    for command in commands:
        weight = weight_of(command)
        if share and count + weight > EVENTS_AT_ONCE:
            yield share
            share, count = [], 0
        share.append(command)
        count += weight
    if share:
        yield share


def _name(source: str) -> str:
    return f"follow:{source}"
