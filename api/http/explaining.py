"""Why a position is what it is, and what changed in what is said of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api import reading
from api.examples import DIFFERENCE, EXPLANATION
from api.groups import elsewhere, end_of, groups
from api.http.documented import documented
from api.plain import plain
from api.problems import Problem
from api.security import AUTHENTICATED, principal_of, require_book
from api.services import services
from api.travel import KnownAt, ValidAt, asked_books, journey, require_order
from domain.money import exact
from projections.difference import difference
from projections.explanation import explain
from projections.movements import Movement

router = APIRouter(tags=["positions"])
From = Annotated[
    str, Query(description="What was known then: a time, a day, or sequences: ledger-0:17", examples=["ledger-0:1"])
]


@router.get("/v1/positions/diff", responses=documented(DIFFERENCE), dependencies=AUTHENTICATED)
def compare(
    request: Request, *, known_from: From, known_to: KnownAt = None, valid_at: ValidAt = None, book: str | None = None,
    limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """What changed in what is said about one valid time between two known times, and which events caused it."""
    reading.only_known_parameters(request)
    books = asked_books(request, book)
    first = journey(request, books, valid_at, known_from, field="known_from")
    last = journey(request, books, valid_at, known_to, field="known_to")
    require_order(first, last, "known_to")
    items: list[Any] = []
    headers: dict[str, str] = {}
    end, cursor = "", None
    reads = services(request).reads
    others = elsewhere(reads, reading.sound, Movement)
    for group in groups(reads, reading.sound, Movement, books=books, after=reading.decoded(after)):
        log = group[0].log
        with exact():
            found = difference(group, last.valid_at, first.instant(log).known_at, last.instant(log).known_at, others)
        if found is not None and len(items) == limit:
            headers, cursor = reading.onward(
                request, end, known_from=first.known.token, known_to=last.known.token
            )
            break
        if found is not None:
            items.append(found)
            end = end_of(group)
    said = {"valid_at": last.valid_at, "known_from": first.known.token, "known_to": last.known.token,
            "final": first.known.final and last.known.final}
    return reading.answer({"items": items, "next": cursor, **said}, headers)


@router.get("/v1/positions/{book}/{instrument}/explain", responses=documented(EXPLANATION))
def contributions(
    request: Request, book: str, instrument: str, *, valid_at: ValidAt = None, known_at: KnownAt = None,
    superseded: Annotated[bool, Query(description="Also what had been thought to hold, and by then no more")] = False,
) -> Response:
    """The movements that sum to the position, each with the event that made it: who, when, why."""
    reading.only_known_parameters(request)
    require_book(principal_of(request), book)
    asked = journey(request, [book], valid_at, known_at)
    others = elsewhere(services(request).reads, reading.sound, Movement)
    movements = others(book, instrument)
    with exact():
        found = explain(
            movements, asked.instant(movements[0].log), others, superseded=superseded
        ) if movements else None
    if found is None:
        raise Problem(404, "unknown-position", f"no position of {book} in {instrument} is known", "instrument")
    return reading.answer({**plain(found), **asked.shown()})
