"""What changed between two known times in what is said of one valid time: positions, cash, profit and the rest."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response

from api import reading
from api.changing import (
    Compared,
    Of,
    account_changes,
    cash_changes,
    changed_settlements,
    profit_changes,
    shown,
)
from api.earnings import By
from api.examples import ACCOUNT_CHANGES, CASH_CHANGES, DIFFERENCE, PROFIT_CHANGES, SETTLEMENT_CHANGES
from api.http.documented import documented
from api.security import AUTHENTICATED
from api.services import services
from api.travel import KnownAt, ValidAt, asked_books, journey, require_order
from domain.money import exact
from projections.changes import Changed

T = TypeVar("T")
router = APIRouter()
From = Annotated[
    str, Query(description="What was known then: a time, a day, or sequences: ledger-0:17", examples=["ledger-0:1"])
]
FromMarked = Annotated[str, Query(
    description="What was known then: a time, a day, or sequences: ledger-0:17,market:41",
    examples=["ledger-0:1,market:1"],
)]


@router.get("/v1/positions/diff", tags=["positions"], responses=documented(DIFFERENCE), dependencies=AUTHENTICATED)
def compare(
    request: Request, *, known_from: From, known_to: KnownAt = None, valid_at: ValidAt = None, book: str | None = None,
    limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """What changed in what is said about one valid time between two known times, and which events caused it."""
    compared = _compared(request, book, valid_at, known_from, known_to)
    items, headers, cursor = _page(request, compared, compared.differences(reading.decoded(after)), limit)
    return reading.answer({"items": items, "next": cursor, **compared.shown()}, headers)


@router.get("/v1/cash/diff", tags=["accounting"], responses=documented(CASH_CHANGES), dependencies=AUTHENTICATED)
def compare_cash(
    request: Request, *, known_from: From, known_to: KnownAt = None, valid_at: ValidAt = None, book: str | None = None
) -> Response:
    """What changed in the cash of each book and currency, and which events caused it."""
    compared = _compared(request, book, valid_at, known_from, known_to)
    with exact():
        return _answer(compared, "cash", cash_changes(compared))


@router.get(
    "/v1/trial-balance/diff", tags=["accounting"], responses=documented(ACCOUNT_CHANGES), dependencies=AUTHENTICATED
)
def compare_accounts(
    request: Request, *, known_from: From, known_to: KnownAt = None, valid_at: ValidAt = None, book: str | None = None
) -> Response:
    """What changed in each account and asset, and which events caused it."""
    compared = _compared(request, book, valid_at, known_from, known_to)
    with exact():
        return _answer(compared, "trial-balance", account_changes(compared))


@router.get("/v1/pnl/diff", tags=["positions"], responses=documented(PROFIT_CHANGES), dependencies=AUTHENTICATED)
def compare_profit(
    request: Request, *, known_from: FromMarked, known_to: KnownAt = None, valid_at: ValidAt = None,
    by: Annotated[By, Query()] = "book", book: str | None = None, desk: str | None = None,
) -> Response:
    """What changed in profit, in the base currency, and which events of trades and of the market caused it."""
    compared = _compared(request, book, valid_at, known_from, known_to, marked=True)
    with exact():
        changes, unmarked = profit_changes(compared, by, desk)
        return _answer(compared, "pnl", changes, unmarked=unmarked)


@router.get(
    "/v1/settlements/diff", tags=["settlements"], responses=documented(SETTLEMENT_CHANGES), dependencies=AUTHENTICATED
)
def compare_settlements(
    request: Request, *, known_from: From, known_to: KnownAt = None, valid_at: ValidAt = None, book: str | None = None,
    limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """What changed in what each trade obliges to and what has become of it, and which events caused it."""
    compared = _compared(request, book, valid_at, known_from, known_to, model="settlements")
    logs = services(request).logs
    recorders = {log: logs.recorder(log) for log in compared.last.known.vector}
    with exact():
        every = changed_settlements(compared, recorders, after=reading.decoded(after))
        items, headers, cursor = _page(request, compared, every, limit)
        return _answer(compared, "settlements", items, headers, next=cursor)


def _page(
    request: Request, compared: Compared, every: Iterator[tuple[str, T]], limit: int
) -> tuple[list[T], dict[str, str], str | None]:
    """So many of what comes with its place, and where to go on when there is more, at the same two known times."""
    found = list(islice(every, limit + 1))
    headers: dict[str, str] = {}
    cursor = None
    if len(found) > limit:
        first, last = compared.first.known, compared.last.known
        headers, cursor = reading.onward(request, found[limit - 1][0], known_from=first.token, known_to=last.token)
    return [each for _, each in found[:limit]], headers, cursor


def _compared(
    request: Request, book: str | None, valid_at: str | None, known_from: str, known_to: str | None, *,
    model: str = "movements", marked: bool = False,
) -> Compared:
    reading.only_known_parameters(request)
    books = asked_books(request, book)
    first, last = (
        journey(request, books, valid_at, known, model=model, field=field, marked=marked)
        for known, field in ((known_from, "known_from"), (known_to, "known_to"))
    )
    require_order(first, last, "known_to")
    return Compared(services(request).reads, reading.sound, books, first, last)


def _answer(
    compared: Compared, of: Of, changes: list[Changed], headers: dict[str, str] | None = None, **more: Any
) -> Response:
    items = [shown(of, each) for each in changes]
    return reading.answer({"items": items, **more, **compared.shown()}, headers)
