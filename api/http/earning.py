"""Profit: as of an instant, between two by cause, and day by day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import reading
from api.earnings import MOST_DAYS, By, Reads, attributed, daily, days_between, levels
from api.examples import ATTRIBUTION, DAILY, PROFIT
from api.http.documented import documented
from api.http.positions import marks
from api.problems import Problem
from api.security import AUTHENTICATED, books_of, principal_of
from api.services import services
from api.travel import KnownAt, ValidAt, asked_books, journey, require_order
from domain.money import exact
from projections.valuation import profit

router = APIRouter(tags=["positions"])
From = Annotated[
    str, Query(alias="from", description="Earned after this: a time of RFC 3339, or the end of a day (UTC)",
               examples=["2026-11-24"]),
]
To = Annotated[str | None, Query(description="Earned up to this: a time of RFC 3339, or the end of a day (UTC)")]


@router.get("/v1/pnl", responses=documented(PROFIT))
def read_profit(
    request: Request, *, by: Annotated[By, Query()] = "desk", book: str | None = None, desk: str | None = None,
    valid_at: ValidAt = None, known_at: KnownAt = None,
) -> Response:
    """Profit in the base currency: realised, unrealised, income and fees, at the latest marks or as of an instant."""
    reading.only_known_parameters(request)
    if valid_at is not None or known_at is not None:
        books = asked_books(request, book)
        asked = journey(request, books, valid_at, known_at, marked=True)
        with exact():
            lines = levels(Reads(services(request).reads, reading.sound, books, by, desk), asked)
        return reading.answer({"items": lines, **asked.shown()})
    books = books_of(principal_of(request), book)
    reading.fresh(request, "positions", "reference")
    latest = marks(request)
    with exact():
        lines = profit(reading.everything(request, "positions", book=books, desk=desk), latest, by)
    return reading.answer({"items": lines, "market_position": f"market:{latest.sequence}"})


@router.get("/v1/pnl/attribution", responses=documented(ATTRIBUTION), dependencies=AUTHENTICATED)
def attribute(
    request: Request, *, since: From, to: To = None, by: Annotated[By, Query()] = "desk", book: str | None = None,
    known_from: KnownAt = None, known_at: KnownAt = None,
) -> Response:
    """What was earned between two instants, by cause, without a rest; ``known_from`` is what was known at the first."""
    reading.only_known_parameters(request)
    books = asked_books(request, book)
    last = journey(request, books, to, known_at, valid_field="to", marked=True)
    first = journey(
        request, books, since, known_from or last.known.token, field="known_from", valid_field="from", marked=True
    )
    require_order(first, last, "known_at")
    with exact():
        found = attributed(Reads(services(request).reads, reading.sound, books, by), first, last).shown()
    return reading.answer({
        **found, "from": first.valid_at, "to": last.valid_at,
        "known_from": first.known.token, "known_at": last.known.token,
        "final": first.known.final and last.known.final,
    })


@router.get("/v1/pnl/daily", responses=documented(DAILY), dependencies=AUTHENTICATED)
def read_days(
    request: Request, *, since: Annotated[date, Query(alias="from", examples=["2026-11-24"])],
    to: Annotated[date, Query(examples=["2026-11-25"])], by: Annotated[By, Query()] = "desk", book: str | None = None,
    known_at: KnownAt = None,
) -> Response:
    """What each day after the first earned, by cause, all as known at one time; the days sum to the whole."""
    reading.only_known_parameters(request)
    if not 0 < (to - since).days <= MOST_DAYS:
        raise Problem(422, "bad-parameter", f"to must lie after from, by at most {MOST_DAYS} days", "to")
    books = asked_books(request, book)
    asked = journey(request, books, None, known_at, marked=True)
    with exact():
        source = Reads(services(request).reads, reading.sound, books, by)
        days = [{"day": day, **earned.shown()} for day, earned in daily(source, days_between(since, to), asked)]
    return reading.answer({"days": days, "known_at": asked.known.token, "final": asked.known.final})
