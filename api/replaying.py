"""The events of the logs as lines, for whoever may see them: what HTTP and the command line replay alike."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from eventsourcing.persistence import Notification

from api.ports import LogRecorder
from api.problems import Problem
from domain.commands.reference import Role
from domain.events import EVENT_TYPES, CommandRefused, Event
from domain.outcomes import Principal
from domain.schema import recorded

READ_AT_ONCE = 1_000
KEYS = "key."
KNOWING_KEYS: tuple[Role, ...] = ("admin", "compliance")
TOLD_OF_REFUSALS: tuple[Role, ...] = ("risk", "compliance", "operations", "admin")


class Filter(msgspec.Struct, frozen=True):
    """Which events are wanted, and which the key may see."""

    types: frozenset[str]
    book: str | None
    start: datetime | None
    end: datetime | None
    principal: Principal

    def shows(self, log: str, stored: Notification) -> bytes | None:
        """The event as a line, or None."""
        if self.types and stored.topic not in self.types:
            return None
        if stored.topic.startswith(KEYS) and not set(self.principal.roles) & set(KNOWING_KEYS):
            return None
        event = recorded(log, stored.id, stored).event
        book = book_of(event)
        if isinstance(event, CommandRefused) and not self._may_see_refusals_of(event.actor):
            return None
        if (self.book is not None and book != self.book) or not _may_see(self.principal, book):
            return None
        if (self.start and event.recorded_at < self.start) or (self.end and event.recorded_at >= self.end):
            return None
        return line_of(log, stored)

    def _may_see_refusals_of(self, actor: str) -> bool:
        """What others tried and were refused tells of limits, lists and suspicions."""
        return actor == self.principal.key_id or not set(self.principal.roles).isdisjoint(TOLD_OF_REFUSALS)


def filter_of(
    principal: Principal, *, types: str | None, book: str | None, since: str | None, to: str | None
) -> Filter:
    """The filter that is asked for.

    Raises:
        Problem: naming the parameter that makes no sense, or is not for this principal.
    """
    names = frozenset(types.split(",")) if types else frozenset[str]()
    for name in names - EVENT_TYPES.keys():
        raise Problem(422, "unknown-type", f"{name!r} is no event type", "types")
    if book is not None and not principal.may_see(book):
        raise Problem(403, "not-permitted", f"the key is not for book {book}", "book")
    return Filter(names, book, moment(since, "from"), moment(to, "to"), principal)


def replayed(
    wanted: Filter, logs: Mapping[str, LogRecorder], starts: Mapping[str, int], limit: int
) -> Iterator[list[bytes]]:
    """What is wanted, page by page, log by log, each in its own order."""
    for log, recorder in logs.items():
        place = starts.get(log, 0)
        while limit and (page := recorder.select_notifications(place + 1, READ_AT_ONCE)):
            place = page[-1].id
            lines = [line for stored in page if (line := wanted.shows(log, stored)) is not None][:limit]
            limit -= len(lines)
            yield lines


def book_of(event: Event) -> str | None:
    """The book that an event is about."""
    terms = getattr(event, "terms", None)
    book: str | None = terms.book if terms is not None else getattr(event, "book", None)
    return book


def line_of(log: str, stored: Notification) -> bytes:
    """An event with its place, its state as it was stored."""
    state: Any = msgspec.Raw(stored.state)
    if stored.topic.startswith(KEYS):
        hidden = msgspec.json.decode(stored.state)
        hidden.pop("digest", None)
        state = hidden
    return msgspec.json.encode({
        "log": log, "sequence": stored.id, "stream": str(stored.originator_id),
        "version": stored.originator_version, "type": stored.topic, "state": state,
    })


def moment(text: str | None, field: str) -> datetime | None:
    """A time of RFC 3339.

    Raises:
        Problem: naming ``field``.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise Problem(422, "bad-parameter", f"{field} is no time of RFC 3339", field) from error
    if found.tzinfo is None:
        raise Problem(422, "bad-parameter", f"{field} names no time zone", field)
    return found


def _may_see(principal: Principal, book: str | None) -> bool:
    return not principal.books or (book is not None and book in principal.books)
