"""Transfers: what went from one of our books to another, seen from either; what is still on its way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

from domain.commands.lots import MovedLot, NamedLot
from domain.events import TransferEvent, TransferReceived, TransferReturned
from domain.money import ZERO
from domain.schema import Recorded
from projections.lots import leaving
from projections.positions import Position
from projections.projection import Document, View, nothing_new

Status = Literal["sent", "returned", "received"]


class Transfer(Document, kw_only=True):
    """One side of a transfer, that of ``book``. What is ``sent`` is in transit until the other book has a document that
    says ``received``, or this one says ``returned``, for the reason of ``code`` and ``detail``.
    """

    transfer_id: str
    book: str
    other_book: str
    entity: str
    desk: str
    status: Status
    instrument: str
    asset: str
    currency: str
    quantity: Decimal
    cost: Decimal
    lots: tuple[MovedLot, ...]
    transfer_date: date
    sent_at: datetime
    changed_at: datetime
    code: str = ""
    detail: str = ""


class Transfers:
    """Each side is of its own book's log."""

    name = "transfers"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ()
    appends = False
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("book", "other_book", "status", "instrument")
    document_type = Transfer

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        return (side_of(fact),) if isinstance(fact, TransferEvent) else ()

    def project(self, key: str, document: Transfer | None, event: Recorded, _view: View) -> Transfer:
        fact = event.event
        assert isinstance(fact, TransferEvent)
        if isinstance(fact, TransferReturned):
            assert document is not None
            returned = document.copy()
            returned.status, returned.changed_at = "returned", fact.recorded_at
            returned.code, returned.detail = fact.code, fact.detail
            return returned
        moved = fact.moved
        return Transfer(
            id=key, transfer_id=fact.transfer_id, book=moved.book, other_book=moved.other_book, entity=moved.entity,
            desk=moved.desk, status="received" if isinstance(fact, TransferReceived) else "sent",
            instrument=moved.instrument, asset=moved.asset, currency=moved.currency, quantity=moved.quantity,
            cost=moved.cost, lots=moved.lots, transfer_date=moved.transfer_date, sent_at=moved.executed_at,
            changed_at=fact.recorded_at,
        )


def side_of(fact: TransferEvent) -> str:
    moved = fact.moved
    if isinstance(fact, TransferReceived):
        return _arrival(moved.book, moved.other_book, fact.transfer_id)
    return f"{moved.book}/to/{moved.other_book}/{fact.transfer_id}"


def in_transit(
    sent: Iterable[Transfer], get_many: Callable[[str, Sequence[str]], Mapping[str, Any]]
) -> list[Transfer]:
    """Those of the transfers that have not arrived, as far as the read models of either log reflect. What has arrived
    is never forgotten as ``sent``, so they are best handed in page by page.
    """
    waiting = {_arrival(each.other_book, each.book, each.transfer_id): each for each in sent if each.status == "sent"}
    arrived = get_many(Transfers.name, list(waiting)) if waiting else {}
    return [each for key, each in waiting.items() if key not in arrived]


def _arrival(book: str, from_book: str, transfer_id: str) -> str:
    return f"{book}/from/{from_book}/{transfer_id}"


class NotOpen(Exception):
    """A lot that was named is not open, or not so much of it."""


def moved_lots(position: Position, quantity: Decimal, named: Sequence[NamedLot] = ()) -> tuple[MovedLot, ...]:
    """The lots that leave a position when so much of it (no more than it holds) goes to another book: those that are
    named, then by the method of its book.

    Raises:
        NotOpen: naming the lot.
    """
    parts = leaving(position.holding, quantity, position.lot_method, named)
    for name in named:
        if sum((abs(part.quantity) for part in parts if part.trade_id == name.trade_id), ZERO) < name.quantity:
            raise NotOpen(f"{name.quantity:f} of {name.trade_id} is not open in {position.id}")
    return tuple(
        MovedLot(trade_id=part.trade_id, trade_date=part.trade_date, quantity=part.quantity, cost=part.cost)
        for part in parts
    )
