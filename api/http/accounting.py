"""The books: journal, trial balance, business dates and periods."""

from datetime import date

from fastapi import APIRouter, Request, Response

from api import reading, writing
from api.examples import ENTRY, OUTCOME, REASON, ROLL, TRIAL_BALANCE
from api.http import as_of
from api.http.documented import body, documented
from api.problems import Problem
from api.security import books_of, principal_of
from api.travel import KnownAt, ValidAt
from domain.money import exact
from projections.trial_balance import sums_by_asset, trial_balance

router = APIRouter(tags=["accounting"])


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
