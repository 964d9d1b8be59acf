"""Transfers between books: sent, in transit, received or returned."""

from decimal import Decimal
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api import reading, writing
from api.examples import MOVED, OUTCOME, TRANSFER
from api.http.documented import body, documented
from api.paging import pages
from api.problems import Problem, malformed
from api.security import books_of, principal_of, require_book
from api.services import services
from domain.commands.lots import MovedLot, NamedLot
from domain.money import ZERO, exact
from domain.schema import MalformedCommand, malformed_by, require_unique_keys
from projections.transfers import NotOpen, Status, in_transit, moved_lots

router = APIRouter(tags=["transfers"])


class Wanted(msgspec.Struct, frozen=True):
    """What says which lots are meant: those that are named, or so much by the method of the book."""

    transfer_id: str
    book: str
    instrument: str
    quantity: Decimal | None = None
    lots: tuple[NamedLot, ...] = ()

    @property
    def size(self) -> Decimal:
        return sum((lot.quantity for lot in self.lots), ZERO) if self.quantity is None else self.quantity


@router.post("/v1/transfers", status_code=201, openapi_extra=body(TRANSFER, "TransferPosition"),
             responses=documented(OUTCOME, 201))
async def transfer(request: Request) -> Response:
    """Moves so much of a position to another book; ``lots`` may name trades and quantities, else the method of the book
    says which lots go. What goes is in transit until the other book has it.
    """
    principal_of(request)
    asked = await writing.body_of(request)
    whole = await run_in_threadpool(_with_lots, request, asked)
    return await writing.command(request, "TransferPosition", status=201, body=whole)


@router.get("/v1/transfers", responses=documented({"items": [MOVED], "next": None}))
def list_transfers(
    request: Request, *, book: str | None = None, status: Status | None = None, instrument: str | None = None,
    limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """Lists transfers, by book: what each sent, what came back, and what it received."""
    reading.only_known_parameters(request)
    books = books_of(principal_of(request), book)
    reading.fresh(request, "transfers")
    return reading.listed(
        request, "transfers", limit=limit, after=after, book=books, status=status, instrument=instrument
    )


@router.get("/v1/transfers/in-transit", responses=documented({"items": [MOVED]}))
def list_in_transit(request: Request, *, book: str | None = None) -> Response:
    """Lists what has left a book and has not arrived in the other, nor come back."""
    reading.only_known_parameters(request)
    books = books_of(principal_of(request), book)
    reading.fresh(request, "transfers")
    reads = services(request).reads
    where = {"status": "sent"} if books is None else {"status": "sent", "book": books}
    sent = pages(reads, "transfers", where=where)
    waiting = [each for page in sent for each in in_transit(reading.sound(page), reads.get_many)]
    return reading.answer({"items": [reading.shown(each) for each in waiting]})


def _with_lots(request: Request, asked: bytes) -> bytes:
    """The body with the lots that are meant, as they are open; what is wrong with the rest is found by the rules."""
    found = _read(asked)
    if found is None:
        return asked
    fields, wanted = found
    require_book(principal_of(request), wanted.book)
    with exact():
        lots = _sent_before(request, wanted) or _open(request, wanted)
    return msgspec.json.encode({**fields, "quantity": wanted.size, "lots": lots})


def _read(asked: bytes) -> tuple[dict[str, Any], Wanted] | None:
    """None for what is no request for lots to be found: it is refused, or names whole lots."""
    try:
        fields = msgspec.json.decode(asked)
        if not isinstance(fields, dict) or any("cost" in lot for lot in _listed(fields)):
            return None
        require_unique_keys(asked)
        return fields, msgspec.convert(fields, Wanted, strict=True)
    except msgspec.ValidationError as error:
        raise malformed(malformed_by(error)) from error
    except MalformedCommand as error:
        raise malformed(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _listed(fields: dict[str, Any]) -> list[dict[str, Any]]:
    lots = fields.get("lots")
    return [lot for lot in lots if isinstance(lot, dict)] if isinstance(lots, list) else []


def _sent_before(request: Request, wanted: Wanted) -> tuple[MovedLot, ...]:
    """The lots of the same request when it came first, for they are not open any more."""
    sent = services(request).gate.transfer_sent(wanted.book, wanted.transfer_id)
    if sent is None or sent.moved.instrument != wanted.instrument or abs(sent.moved.quantity) != wanted.size:
        return ()
    gone = [(lot.trade_id, abs(lot.quantity)) for lot in sent.moved.lots]
    names = [(lot.trade_id, lot.quantity) for lot in wanted.lots]
    return sent.moved.lots if gone[: len(names)] == names else ()


def _open(request: Request, wanted: Wanted) -> tuple[MovedLot, ...]:
    reading.fresh(request, "positions")
    key = f"{wanted.book}/{wanted.instrument}"
    found = reading.sound(services(request).reads.get_many("positions", [key]).values())
    if not found or not 0 < wanted.size <= abs(found[0].quantity):
        return ()
    try:
        return moved_lots(found[0], wanted.size, wanted.lots)
    except NotOpen as error:
        raise Problem(422, "unknown-lot", str(error), "$.lots") from error
