"""The books: journal, trial balance, settlements, business dates and periods."""

from datetime import date

from fastapi import APIRouter, Request, Response

from api import reading, writing
from api.examples import ENTRY, OUTCOME, REASON, ROLL, SETTLEMENTS, TRIAL_BALANCE
from api.http import as_of
from api.http.documented import body, documented
from api.problems import Problem
from api.security import books_of, principal_of
from api.services import services
from api.travel import KnownAt, ValidAt
from domain.money import exact
from domain.trades.settlement import due
from projections.trial_balance import sums_by_asset, trial_balance

router = APIRouter(tags=["accounting"])
UNSETTLED = ("booked", "affirmed", "partially-settled", "failing", "settled")


@router.get("/v1/journal", responses=documented(ENTRY))
def list_journal(
    request: Request, *, book: str | None = None, trade_id: str | None = None, business_date: date | None = None,
    valid_at: ValidAt = None, known_at: KnownAt = None, limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """Journal entries, by book and sequence; as of an instant, those recorded by then of what had happened by then."""
    reading.only_known_parameters(request)
    if valid_at is not None or known_at is not None:
        return as_of.journal(
            request, valid_at, known_at, limit=limit, after=after, book=book, trade_id=trade_id,
            business_date=business_date and business_date.isoformat(),
        )
    books = books_of(principal_of(request), book)
    reading.fresh(request, "journal")
    return reading.listed(
        request, "journal", limit=limit, after=after, book=books, trade_id=trade_id,
        business_date=business_date and business_date.isoformat(),
    )


@router.get("/v1/trial-balance", responses=documented(TRIAL_BALANCE))
def read_trial_balance(
    request: Request, *, book: str | None = None, valid_at: ValidAt = None, known_at: KnownAt = None
) -> Response:
    """Every account by asset; each asset sums to zero."""
    reading.only_known_parameters(request)
    if valid_at is not None or known_at is not None:
        return as_of.accounts(request, valid_at, known_at, book=book)
    books = books_of(principal_of(request), book)
    reading.fresh(request, "journal")
    with exact():
        balances = trial_balance(reading.each(request, "journal", book=books))
        items = [
            {"account": each.account, "asset": each.asset, "debit": each.debit, "credit": each.credit,
             "balance": each.balance}
            for each in balances
        ]
        sums = sums_by_asset(balances)
    return reading.answer({"items": items, "sums": sums})


@router.get("/v1/settlements", responses=documented(SETTLEMENTS))
def list_settlements(
    request: Request, *, book: str | None = None, counterparty: str | None = None, due_until: date | None = None
) -> Response:
    """What is still to be delivered and paid, by day; overdue before the business date."""
    reading.only_known_parameters(request)
    books = books_of(principal_of(request), book)
    reading.fresh(request, "trades", "reference")
    today = _business_date(request)
    trades = reading.everything(request, "trades", book=books, counterparty=counterparty, status=UNSETTLED)
    open_trades = [
        trade for trade in trades
        if trade.state.is_open and (due_until is None or trade.due_on <= due_until)
    ]
    items = []
    with exact():
        for trade in sorted(open_trades, key=lambda each: (each.due_on, each.id)):
            quantity, amount = due(trade.state.terms, trade.state.leg)
            items.append({
                "trade_id": trade.trade_id, "book": trade.book, "counterparty": trade.counterparty,
                "due_on": trade.due_on, "overdue": today is not None and trade.due_on < today, "fails": trade.fails,
                "leg": trade.state.leg, "instrument": trade.instrument, "currency": trade.state.terms.currency,
                "quantity": quantity - trade.state.settled_quantity, "amount": amount - trade.state.settled_amount,
            })
    return reading.answer({"items": items, "business_date": today})


@router.post("/v1/business-dates", openapi_extra=body(ROLL, "RollBusinessDate"), responses=documented(OUTCOME))
async def roll(request: Request) -> Response:
    """Moves the business date forward, in every log."""
    return await writing.command(request, "RollBusinessDate")


@router.post("/v1/periods/{period}/close", openapi_extra=body(REASON, "ClosePeriod", without=("through",)),
             responses=documented(OUTCOME))
async def close(request: Request, period: str) -> Response:
    """Closes every day up to and including this one."""
    try:
        through = date.fromisoformat(period)
    except ValueError as error:
        raise Problem(422, "bad-parameter", f"{period!r} is no day such as 2026-11-24", "period") from error
    return await writing.command(request, "ClosePeriod", through=through.isoformat())


def _business_date(request: Request) -> date | None:
    found = reading.sound(services(request).reads.get_many("reference", ["dates"]).values())
    return date.fromisoformat(found[0].content["business_date"]) if found else None
