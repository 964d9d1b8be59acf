"""Positions and cash."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api import reading
from api.examples import CASH, POSITION, POSITIONS
from api.http import as_of
from api.http.documented import documented
from api.problems import Problem
from api.security import books_of, principal_of, require_book
from api.services import services
from api.travel import KnownAt, ValidAt, position_shown
from domain.money import exact
from projections.positions import Position
from projections.valuation import QUOTED, Marks, value

router = APIRouter(tags=["positions"])


def marks(request: Request) -> Marks:
    """The latest prices and rates."""
    return Marks(reading.everything(request, "reference", kind=QUOTED))


@router.get("/v1/positions", responses=documented(POSITIONS))
def list_positions(
    request: Request, *, book: str | None = None, desk: str | None = None, instrument: str | None = None,
    valid_at: ValidAt = None, known_at: KnownAt = None, limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """Lists positions by book and instrument: at the latest marks, or as of an instant."""
    reading.only_known_parameters(request)
    if valid_at is not None or known_at is not None:
        return as_of.positions(
            request, valid_at, known_at, limit=limit, after=after, book=book, desk=desk, instrument=instrument
        )
    books = books_of(principal_of(request), book)
    reading.fresh(request, "positions", "reference")
    found, headers, cursor = reading.page(
        request, "positions", limit=limit, after=after, book=books, desk=desk, instrument=instrument
    )
    latest = marks(request)
    items = [_valued(position, latest) for position in found]
    return reading.answer({"items": items, "next": cursor, **_at(latest)}, headers)


@router.get("/v1/positions/{book}/{instrument}", responses=documented(POSITION))
def read_position(
    request: Request, book: str, instrument: str, valid_at: ValidAt = None, known_at: KnownAt = None
) -> Response:
    """One position with its open lots: at the latest mark, or as of an instant."""
    reading.only_known_parameters(request)
    require_book(principal_of(request), book)
    if valid_at is not None or known_at is not None:
        return as_of.position(request, book, instrument, valid_at, known_at)
    reading.fresh(request, "positions", "reference")
    found = reading.sound(services(request).reads.get_many("positions", [f"{book}/{instrument}"]).values())
    if not found:
        raise Problem(404, "unknown-position", f"{book} has no position in {instrument}", "instrument")
    latest = marks(request)
    return reading.answer({**_valued(found[0], latest), "lots": found[0].lots, **_at(latest)})


@router.get("/v1/cash", responses=documented(CASH))
def read_cash(
    request: Request, *, book: str | None = None, currency: str | None = None, valid_at: ValidAt = None,
    known_at: KnownAt = None,
) -> Response:
    """Cash by book and currency: settled, receivable, payable, and their total."""
    reading.only_known_parameters(request)
    if valid_at is not None or known_at is not None:
        return as_of.cash(request, valid_at, known_at, book=book, currency=currency)
    books = books_of(principal_of(request), book)
    reading.fresh(request, "cash")
    found = reading.everything(request, "cash", book=books, currency=currency)
    with exact():
        items = [reading.shown(cash, "total") for cash in found]
    return reading.answer({"items": items})


def _valued(position: Position, latest: Marks) -> dict[str, Any]:
    with exact():
        valued = value(position, latest)
    return {**position_shown(position), "mark": valued.mark, "market_value": valued.market_value,
            "unrealised": valued.unrealised, "accrued": valued.accrued, "total_in_base": valued.total_in_base}


def _at(latest: Marks) -> dict[str, str]:
    return {"market_position": f"market:{latest.sequence}"}
