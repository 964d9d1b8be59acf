"""Trades: booking, life cycle, reading."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import reading, writing
from api.examples import AMENDMENT, BOOKING, BOOKINGS, CORRECTION, FAIL, HISTORY, OUTCOME, REASON, SETTLEMENT, TRADE
from api.http.documented import body, documented
from api.http.events import history
from api.problems import Problem
from api.security import books_of, principal_of
from api.services import services
from domain.outcomes import Principal
from domain.trades.state import Status

router = APIRouter(tags=["trades"])
PATH = ("trade_id", "book")
OfBook = Annotated[str | None, Query(description="The trade of this book, where several logs have one of this id")]


@router.post("/v1/trades", status_code=201, openapi_extra=body(BOOKING, "BookTrade", examples=BOOKINGS),
             responses=documented(OUTCOME, 201))
async def book(request: Request) -> Response:
    """Books a trade."""
    return await writing.command(request, "BookTrade", status=201, location="/v1/trades/{}")


@router.get("/v1/trades", responses=documented({"items": [TRADE], "next": None}))
def list_trades(
    request: Request, *, book: str | None = None, status: Status | None = None, counterparty: str | None = None,
    instrument: str | None = None,
    due_on: Annotated[date | None, Query(description="Due on this day, as 2026-11-26")] = None,
    limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """Lists trades, by book and trade id."""
    reading.only_known_parameters(request)
    books = books_of(principal_of(request), book)
    reading.fresh(request, "trades")
    return reading.listed(
        request, "trades", limit=limit, after=after, book=books, status=status, counterparty=counterparty,
        instrument=instrument, due_on=due_on and due_on.isoformat(),
    )


@router.get("/v1/trades/{trade_id}", responses=documented(TRADE))
def read_trade(request: Request, trade_id: str, book: OfBook = None) -> Response:
    """Reads a trade; its ETag is its version."""
    reading.only_known_parameters(request)
    trade = _trade(request, trade_id, book)
    etag = f'"{trade.state.version}"'
    if _has_already(request, etag):
        return Response(status_code=304, headers={"ETag": etag})
    return reading.answer(reading.shown(trade), {"ETag": etag, "Everbook-Sequence": f"{trade.log}:{trade.sequence}"})


@router.get("/v1/trades/{trade_id}/events", responses=documented(HISTORY))
def read_history(request: Request, trade_id: str, book: OfBook = None) -> Response:
    """Every event of a trade, as it was stored."""
    reading.only_known_parameters(request)
    trade = _trade(request, trade_id, book)
    return reading.answer({"items": history(request, trade.log, f"trade:{trade_id}")})


@router.post("/v1/trades/{trade_id}/amend", openapi_extra=body(AMENDMENT, "AmendTrade", without=PATH),
             responses=documented(OUTCOME))
async def amend(request: Request, trade_id: str) -> Response:
    """An agreed change: the full new terms."""
    return await change(request, "AmendTrade", trade_id)


@router.post("/v1/trades/{trade_id}/correct", openapi_extra=body(CORRECTION, "CorrectTrade", without=PATH),
             responses=documented(OUTCOME))
async def correct(request: Request, trade_id: str) -> Response:
    """We booked it wrong: the full right terms, and a reason."""
    return await change(request, "CorrectTrade", trade_id)


@router.post("/v1/trades/{trade_id}/cancel", openapi_extra=body(REASON, "CancelTrade", without=PATH),
             responses=documented(OUTCOME))
async def cancel(request: Request, trade_id: str) -> Response:
    """The trade never was."""
    return await change(request, "CancelTrade", trade_id)


@router.post("/v1/trades/{trade_id}/affirm", openapi_extra=body(REASON, "AffirmTrade", without=PATH),
             responses=documented(OUTCOME))
async def affirm(request: Request, trade_id: str) -> Response:
    """The counterparty agrees to the terms."""
    return await change(request, "AffirmTrade", trade_id)


@router.post("/v1/trades/{trade_id}/settle", openapi_extra=body(SETTLEMENT, "SettleTrade", without=PATH),
             responses=documented(OUTCOME))
async def settle(request: Request, trade_id: str) -> Response:
    """Settles what is open, or a part of it."""
    return await change(request, "SettleTrade", trade_id)


@router.post("/v1/trades/{trade_id}/fail", openapi_extra=body(FAIL, "FailSettlement", without=PATH),
             responses=documented(OUTCOME))
async def fail(request: Request, trade_id: str) -> Response:
    """What was due did not settle; the position stays."""
    return await change(request, "FailSettlement", trade_id)


async def change(request: Request, kind: str, trade_id: str) -> Response:
    """A command about a trade that is booked: its book is looked up."""
    principal = principal_of(request)
    found = await run_in_threadpool(services(request).gate.books_of, trade_id)
    return await writing.command(
        request, kind, parameters=("book",), trade_id=trade_id,
        book=_chosen(principal, trade_id, found, request.query_params.get("book")),
        expected_version=_expected_version(request),
    )


def _chosen(principal: Principal, trade_id: str, found: Sequence[str], asked: str | None) -> str:
    """The book of the trade that is meant: the one asked for, or else the only one there is for this key."""
    seen = [book for book in found if asked in {None, book} and principal.may_see(book)]
    if not seen:
        raise _unknown(trade_id)
    if len(seen) > 1:
        raise _ambiguous(trade_id, seen)
    return seen[0]


def _unknown(trade_id: str) -> Problem:
    return Problem(404, "unknown-trade", f"no trade {trade_id} is booked", "trade_id")


def _ambiguous(trade_id: str, books: Iterable[str]) -> Problem:
    names = ", ".join(sorted(books))
    return Problem(409, "ambiguous-trade", f"there is a trade {trade_id} in each of {names}: name the book", "book")


def _expected_version(request: Request) -> int | None:
    given = request.headers.get("if-match")
    if given is None or given == "*":
        return None
    version = given.removeprefix("W/").strip('"')
    if not (version.isascii() and version.isdigit() and len(version) <= 15):
        raise Problem(400, "bad-etag", "If-Match is no ETag of a trade", "If-Match")
    return int(version)


def _trade(request: Request, trade_id: str, book: str | None) -> Any:
    books = books_of(principal_of(request), book)
    reading.fresh(request, "trades")
    found = reading.everything(request, "trades", trade_id=trade_id, book=books)
    if not found:
        raise _unknown(trade_id)
    if len(found) > 1:
        raise _ambiguous(trade_id, [trade.book for trade in found])
    return found[0]


def _has_already(request: Request, etag: str) -> bool:
    """The weak comparison of RFC 9110: any of the listed tags, or all of them."""
    given = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return etag in given or "*" in given
