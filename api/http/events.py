"""The events themselves: replay and the live feed."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from eventsourcing.persistence import Notification
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api import reading
from api.examples import EVENT_LINE, EVENT_MESSAGE
from api.http.documented import NDJSON, documented
from api.problems import Problem
from api.security import holds, principal_of
from api.services import services
from domain.commands.reference import Role
from domain.events import EVENT_TYPES, Event
from domain.outcomes import Principal
from domain.schema import encode, recorded

READ_AT_ONCE = 1_000
LOOK_AGAIN_SECONDS = 0.1
KEEP_ALIVE_LOOKS = 100
KEYS = "key."
KNOWING_KEYS: tuple[Role, ...] = ("admin", "compliance")

router = APIRouter(tags=["events"])
From = Annotated[str | None, Query(alias="from", description="Recorded at or after, RFC 3339")]
To = Annotated[str | None, Query(description="Recorded before, RFC 3339")]
AfterVector = Annotated[str | None, Query(description="After these sequences: ledger-0:17,market:3")]
Types = Annotated[str | None, Query(description="Only these stored types, with commas between")]


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
        if (self.book is not None and book != self.book) or not _may_see(self.principal, book):
            return None
        if (self.start and event.recorded_at < self.start) or (self.end and event.recorded_at >= self.end):
            return None
        return line_of(log, stored)


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


def history(request: Request, log: str, stream: str) -> list[Any]:
    """The events of one stream, upcast to the present shape."""
    events = services(request).logs.recorder(log).select_streams([stream])
    return [
        {"log": log, "sequence": each.id, "version": each.originator_version, "type": each.topic,
         "state": msgspec.json.decode(encode(recorded(log, each.id, each).event))}
        for each in events
    ]


@router.get("/v1/events", responses=documented(EVENT_LINE, media=NDJSON))
def replay(
    request: Request, *, after: AfterVector = None, types: Types = None, book: str | None = None, since: From = None,
    to: To = None, limit: Annotated[int, Query(ge=1, le=10_000_000)] = 10_000_000,
) -> Response:
    """Replays the logs as NDJSON, log by log, each in its own order."""
    reading.only_known_parameters(request)
    wanted = _filter(request, types, book, (since, to))
    logs = services(request).logs
    starts = reading.vector_of(after, logs.names(), "after") if after is not None else {}
    return StreamingResponse(_replay(request, wanted, starts, limit), media_type=NDJSON)


@router.get("/v1/stream", responses=documented(EVENT_MESSAGE, media="text/event-stream"))
def stream(
    request: Request, after: AfterVector = None, types: Types = None, book: str | None = None
) -> Response:
    """The live feed as server-sent events; Last-Event-ID goes on where a connection broke."""
    reading.only_known_parameters(request)
    wanted = _filter(request, types, book, (None, None))
    logs = services(request).logs
    places = {log: logs.recorder(log).max_notification_id() or 0 for log in logs.names()}
    # A browser connects again to the same address: what it has seen since goes before where it began.
    if seen := request.headers.get("last-event-id"):
        places = {**dict.fromkeys(places, 0), **reading.vector_of(seen, logs.names(), "Last-Event-ID")}
    elif after is not None:
        places = {**dict.fromkeys(places, 0), **reading.vector_of(after, logs.names(), "after")}
    return StreamingResponse(_feed(request, wanted, places), media_type="text/event-stream")


def _filter(
    request: Request, types: str | None, book: str | None, between: tuple[str | None, str | None]
) -> Filter:
    principal = principal_of(request)
    names = frozenset(types.split(",")) if types else frozenset[str]()
    for name in names - EVENT_TYPES.keys():
        raise Problem(422, "unknown-type", f"{name!r} is no event type", "types")
    if book is not None and not principal.may_see(book):
        raise Problem(403, "not-permitted", f"the key is not for book {book}", "book")
    start, end = (_moment(text, field) for text, field in zip(between, ("from", "to"), strict=True))
    return Filter(names, book, start, end, principal)


def _moment(text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise Problem(422, "bad-parameter", f"{field} is no time of RFC 3339", field) from error
    if moment.tzinfo is None:
        raise Problem(422, "bad-parameter", f"{field} names no time zone", field)
    return moment


def _may_see(principal: Principal, book: str | None) -> bool:
    return not principal.books or (book is not None and book in principal.books)


def _replay(request: Request, wanted: Filter, starts: Mapping[str, int], limit: int) -> Iterator[bytes]:
    logs = services(request).logs
    for log in logs.names():
        place = starts.get(log, 0)
        while limit and (page := logs.recorder(log).select_notifications(place + 1, READ_AT_ONCE)):
            place = page[-1].id
            lines = _shown(wanted, log, page)[:limit]
            limit -= len(lines)
            yield b"".join(line + b"\n" for line in lines)


def _shown(wanted: Filter, log: str, page: Sequence[Notification]) -> list[bytes]:
    return [line for stored in page if (line := wanted.shows(log, stored)) is not None]


async def _feed(request: Request, wanted: Filter, places: dict[str, int]) -> AsyncIterator[bytes]:
    having = services(request)
    logs, looks = having.logs, 0
    while not having.stopping() and holds(request, wanted.principal) and not await request.is_disconnected():
        sent = b""
        for log in logs.names():
            page = await run_in_threadpool(logs.recorder(log).select_notifications, places[log] + 1, READ_AT_ONCE)
            for stored in page:
                places[log] = stored.id
                if (line := wanted.shows(log, stored)) is not None:
                    vector = ",".join(f"{name}:{place}" for name, place in places.items())
                    sent += f"id: {vector}\nevent: {stored.topic}\n".encode() + b"data: " + line + b"\n\n"
        looks += 1
        if sent or looks % KEEP_ALIVE_LOOKS == 1:
            yield sent or b": here\n\n"
        else:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
