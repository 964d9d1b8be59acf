"""Settlements: what is to be delivered and paid, on its way from the booking to the custodian's word that it moved."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from api import reading, writing
from api.examples import (
    BUY_IN,
    INSTRUCTION,
    MISMATCH,
    NET,
    OUTCOME,
    PENALTY,
    REASON,
    RECONCILED,
    SETTLE_NET,
    SETTLEMENTS,
    STATEMENT,
)
from api.http.documented import body, documented
from api.http.trades import PATH, change
from api.imports.lines import UnreadableFile
from api.problems import Problem
from api.reconciling import MODELS, BadAccount, Reconciled, accounts_of, reconciled, statement_of
from api.reconciling import books_of as books_of_accounts
from api.security import books_of, principal_of, require_book
from api.services import services
from api.settled import settlements_as_of
from api.travel import Journey, KnownAt, ValidAt, journey
from domain.money import exact
from domain.outcomes import Principal
from domain.trades.handling import ObligationState
from projections.ageing import AGED, Bucket, Calendars, bucket_of, business_date, business_days_open
from projections.reconciliation.statement import Kind
from projections.settlements import OPEN, Settlement

router = APIRouter(tags=["settlements"])
CSV = "text/csv"
LARGEST_STATEMENT = 64_000_000
Wanted = ObligationState | Literal["open", "all"]


@router.get("/v1/settlements", responses=documented(SETTLEMENTS))
def list_settlements(
    request: Request, *, book: str | None = None, counterparty: str | None = None,
    trade_id: str | None = None, net: str | None = None,
    status: Annotated[Wanted, Query(description="One status; all; or what is still open")] = "open",
    due_by: Annotated[date | None, Query(description="Due on this day or before, as 2026-11-26")] = None,
    ageing: Annotated[Bucket | None, Query(description="Business days since it was due")] = None,
    valid_at: ValidAt = None, known_at: KnownAt = None, limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """What is to be delivered and paid, by book and trade, now or as of an instant; with how many business days it is
    overdue by the business date, or by the valid day.
    """
    reading.only_known_parameters(request)
    books = books_of(principal_of(request), book)
    reading.fresh(request, "settlements", "reference")
    entries = reading.everything(request, "reference", kind=AGED)
    calendars, today = Calendars(entries), business_date(entries)
    statuses = {"open": OPEN, "all": None}.get(status, (status,))
    asked = None
    if valid_at is not None or known_at is not None:
        asked = journey(request, books, valid_at, known_at, model="settlements")
        today = asked.valid_at.date() if asked.valid_at else today

    def wanted(settlement: Settlement) -> bool:
        if due_by is not None and settlement.due_on > due_by:
            return False
        if statuses is not None and settlement.status not in statuses:
            return False
        if net is not None and settlement.net != net:
            return False
        return ageing is None or bucket_of(business_days_open(settlement, today, calendars)) == ageing

    where = {"book": books, "counterparty": counterparty, "trade_id": trade_id}
    if asked is None:
        where |= {"status": statuses, "net": net}
    found, headers, cursor = _page(request, asked, wanted, where, limit=limit, after=after)
    with exact():
        items = [_shown(each, business_days_open(each, today, calendars), today) for each in found]
    said = asked.shown() if asked else {}
    return reading.answer({"items": items, "business_date": today, "next": cursor, **said}, headers)


def _page(
    request: Request, asked: Journey | None, wanted: reading.Keep, where: dict[str, Any], *, limit: int,
    after: str | None,
) -> tuple[list[Settlement], dict[str, str], str | None]:
    if asked is None:
        return reading.page(request, "settlements", limit=limit, after=after, keep=wanted, **where)
    having = services(request)
    recorders = {log: having.logs.recorder(log) for log in asked.known.vector}
    every = settlements_as_of(having.reads, recorders, reading.sound, asked, after=reading.decoded(after), **where)
    found = list(islice((each for each in every if wanted(each)), limit + 1))
    if len(found) <= limit:
        return found, {}, None
    headers, cursor = reading.onward(request, found[limit - 1].id, known_at=asked.known.token)
    return found[:limit], headers, cursor


@router.post("/v1/settlements/nets", openapi_extra=body(NET, "NetSettlements"), status_code=201,
             responses=documented(OUTCOME, 201))
async def net_settlements(request: Request) -> Response:
    """Makes one instruction, with exact sums, of what several trades of a counterparty oblige to."""
    return await writing.command(request, "NetSettlements", status=201)


@router.post("/v1/settlements/nets/{net_id}/settle", responses=documented(OUTCOME),
             openapi_extra=body(SETTLE_NET, "SettleNet", without=("net_id",)))
async def settle_net(request: Request, net_id: str) -> Response:
    """Settles every trade of a net."""
    return await writing.command(request, "SettleNet", net_id=net_id)


@router.post("/v1/settlements/nets/{net_id}/dissolve", responses=documented(OUTCOME),
             openapi_extra=body({"book": "EQ-1", **REASON}, "DissolveNet", without=("net_id",)))
async def dissolve_net(request: Request, net_id: str) -> Response:
    """The trades of a net settle each by itself again."""
    return await writing.command(request, "DissolveNet", net_id=net_id)


@router.post("/v1/reconciliations", responses=documented(RECONCILED), openapi_extra={
    "requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}, "example": STATEMENT}}},
})
async def reconcile(
    request: Request, kind: Annotated[Kind, Query(description="Whose statement it is")] = "custody",
    account: Annotated[list[str] | None, Query(description="ACCOUNT=BOOK,BOOK: the books of an account")] = None,
) -> Response:
    """Holds a statement in CSV against what has settled; records nothing, and needs no Idempotency-Key."""
    reading.only_known_parameters(request)
    principal, content = principal_of(request), await writing.body_of(request, LARGEST_STATEMENT)
    found = await run_in_threadpool(_reconciled, request, content, kind, account or (), principal)
    return reading.answer(found)


def _reconciled(
    request: Request, content: bytes, kind: Kind, account: Sequence[str], principal: Principal
) -> Reconciled:
    def every(model: str, where: Mapping[str, Any]) -> Iterator[Any]:
        return reading.each(request, model, **where)

    reading.fresh(request, *MODELS)
    try:
        chosen = accounts_of(account)
        statement = statement_of(content.decode("utf-8-sig").splitlines(), kind, every)
    except BadAccount as error:
        raise Problem(422, "bad-parameter", str(error), "account") from error
    except (UnreadableFile, UnicodeDecodeError) as error:
        raise Problem(400, "malformed", str(error), "$") from error
    accounts = books_of_accounts(statement, chosen)
    for books in accounts.values():
        for book in books:
            require_book(principal, book)
    with exact():
        return reconciled(statement, kind, accounts, every)


def _step(path: str, kind: str, example: Any, says: str) -> None:
    """A route that tells one thing about the settlement of a trade."""

    async def route(request: Request, trade_id: str) -> Response:
        return await change(request, kind, trade_id)

    router.add_api_route(
        "/v1/trades/{trade_id}/" + path, route, methods=["POST"], description=says, summary=says,
        openapi_extra=body(example, kind, without=PATH), responses=documented(OUTCOME),
    )


for step in (
    ("instruct", "InstructSettlement", INSTRUCTION, "Custodian or bank were told to settle."),
    ("match", "MatchSettlement", REASON, "The counterparty's instruction says the same."),
    ("mismatch", "ReportMismatch", MISMATCH, "The counterparty's instruction says something else."),
    ("cancel-instruction", "CancelInstruction", REASON, "Takes the instruction back."),
    ("hold", "HoldSettlement", REASON, "Nothing settles until it is released."),
    ("release", "ReleaseSettlement", REASON, "Lets it settle again."),
    ("buy-in", "BuyIn", BUY_IN, "A buy-in agent delivered what the counterparty failed to deliver."),
    ("penalty", "BookPenalty", PENALTY, "Books what a fail has cost so far."),
):
    _step(*step)


def _shown(settlement: Settlement, days: int, today: date | None) -> dict[str, Any]:
    shown = reading.shown(settlement, "open_quantity", "open_amount")
    overdue = today is not None and settlement.is_open and settlement.due_on < today
    return {**shown, "business_days_open": days, "ageing": bucket_of(days), "overdue": overdue}
