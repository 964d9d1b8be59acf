"""Batches of events on their way into read models: how many there are in one, decoded, and given up in the middle."""

import threading
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from eventsourcing.persistence import Notification

from domain.merkle import leaf_hash
from domain.schema import Recorded, UnknownEventType, recorded
from infra.event_source import FeedStopped

EVENTS_AT_ONCE = 5_000
EVENTS_AT_FIRST = 1_000
EVENTS_AT_LEAST = 50
# Whoever does not come back to its feed in time is taken for dead, and the next one would do no better.
SLOW_BATCH_SECONDS = 5.0


class GivenUp(Exception):
    """A batch that was not finished because the worker ends: its events come again."""


class UntilEnding(list[Recorded]):
    """Events that are given up in the middle."""

    def __init__(self, events: Iterable[Recorded], ending: threading.Event) -> None:
        super().__init__(events)
        self._ending = ending

    def __iter__(self) -> Iterator[Recorded]:
        for event in super().__iter__():
            if self._ending.is_set():
                raise GivenUp("the worker ends")
            yield event


def events_after(at_once: int, seconds: float, at_most: int, *, was_full: bool) -> int:
    """How many events the next batch has, after one of at most ``at_once`` that took ``seconds``: a back-dated trade
    may take a thousand times as long as another. A few that were quick say nothing of many.
    """
    if seconds > SLOW_BATCH_SECONDS:
        return max(min(EVENTS_AT_LEAST, at_most), at_once // 4)
    return min(at_most, at_once * 2) if was_full and seconds < SLOW_BATCH_SECONDS / 4 else at_once


def decoded(log: str, page: Sequence[Notification]) -> list[Recorded]:
    """The events of a page.

    Raises:
        FeedStopped: when one of them cannot be read.
    """
    try:
        return [recorded(log, each.id, each) for each in page]
    except (msgspec.MsgspecError, UnknownEventType) as error:
        raise FeedStopped(f"an event of {log}:{page[0].id}…{page[-1].id} cannot be read: {error}") from error


def leaf_of(stored: Notification) -> bytes:
    """The leaf hash of an event."""
    return leaf_hash(stored.id, str(stored.originator_id), stored.originator_version, stored.topic, stored.state)
