"""The events themselves: replay and the live feed."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import chain
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api import reading
from api.examples import EVENT_LINE, EVENT_MESSAGE
from api.http.documented import NDJSON, documented
from api.replaying import READ_AT_ONCE, Filter, filter_of, replayed
from api.security import holds, principal_of
from api.services import services
from domain.schema import encode, recorded

LOOK_AGAIN_SECONDS = 0.1
KEEP_ALIVE_LOOKS = 100

router = APIRouter(tags=["events"])
From = Annotated[str | None, Query(alias="from", description="Recorded at or after, RFC 3339")]
To = Annotated[str | None, Query(description="Recorded before, RFC 3339")]
AfterVector = Annotated[str | None, Query(description="After these sequences: ledger-0:17,market:3")]
Types = Annotated[str | None, Query(description="Only these stored types, with commas between")]


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
    wanted = filter_of(principal_of(request), types=types, book=book, since=since, to=to)
    logs = services(request).logs
    starts = reading.vector_of(after, logs.names(), "after") if after is not None else {}
    pages = _replay(request, wanted, starts, limit)
    # Once an answer has begun it cannot say any more that the store is away.
    first = next(pages, b"")
    return StreamingResponse(chain((first,), pages), media_type=NDJSON)


@router.get("/v1/stream", responses=documented(EVENT_MESSAGE, media="text/event-stream"))
def stream(
    request: Request, after: AfterVector = None, types: Types = None, book: str | None = None
) -> Response:
    """The live feed as server-sent events; Last-Event-ID goes on where a connection broke."""
    reading.only_known_parameters(request)
    wanted = filter_of(principal_of(request), types=types, book=book, since=None, to=None)
    logs = services(request).logs
    places = {log: logs.recorder(log).max_notification_id() or 0 for log in logs.names()}
    # A browser connects again to the same address: what it has seen since goes before where it began.
    if seen := request.headers.get("last-event-id"):
        places = {**dict.fromkeys(places, 0), **reading.vector_of(seen, logs.names(), "Last-Event-ID")}
    elif after is not None:
        places = {**dict.fromkeys(places, 0), **reading.vector_of(after, logs.names(), "after")}
    return StreamingResponse(_feed(request, wanted, places), media_type="text/event-stream")


def _replay(request: Request, wanted: Filter, starts: Mapping[str, int], limit: int) -> Iterator[bytes]:
    logs = services(request).logs
    recorders = {log: logs.recorder(log) for log in logs.names()}
    for lines in replayed(wanted, recorders, starts, limit):
        yield b"".join(line + b"\n" for line in lines)


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
