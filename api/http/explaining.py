"""Why a position is what it is."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import reading
from api.examples import EXPLANATION
from api.groups import elsewhere
from api.http.documented import documented
from api.plain import plain
from api.problems import Problem
from api.security import principal_of, require_book
from api.services import services
from api.travel import KnownAt, ValidAt, journey
from domain.money import exact
from projections.explanation import explain
from projections.movements import Movement

router = APIRouter(tags=["positions"])


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
