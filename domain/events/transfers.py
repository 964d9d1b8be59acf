"""Facts of a ledger log about positions that go from one of our books to another."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from domain.commands.lots import MovedLot
from domain.commands.reference import LotMethod
from domain.events.corporate_actions import AppliedAction
from domain.events.envelope import Event
from domain.events.trades import Product
from domain.money import ZERO


class Moved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What moves between ``book``, whose log this is, and ``other_book``; the lots are signed as they are held."""

    product: Product
    entity: str
    desk: str
    book: str
    other_book: str
    base_currency: str
    lot_method: LotMethod
    fees_in_cost: bool = False
    instrument: str
    asset: str
    currency: str
    issuer: str
    lots: tuple[MovedLot, ...]
    transfer_date: date
    executed_at: datetime

    @property
    def quantity(self) -> Decimal:
        return sum((lot.quantity for lot in self.lots), ZERO)

    @property
    def cost(self) -> Decimal:
        return sum((lot.cost for lot in self.lots), ZERO)


class TransferEvent(Event, frozen=True, kw_only=True):
    """``moved`` is what the transfer takes out of the book, or brings to it; ``actions`` and ``onward`` are as those of
    a trade.
    """

    transfer_id: str
    moved: Moved
    actions: tuple[AppliedAction, ...] = ()
    onward: tuple[str, ...] = ()


class TransferSent(TransferEvent, frozen=True, kw_only=True):
    """The lots have left the book, and are in transit."""


class TransferReceived(TransferEvent, frozen=True, kw_only=True):
    """The lots have come to the book."""


class TransferReturned(TransferEvent, frozen=True, kw_only=True):
    """The other book did not take the lots, for the reason of ``code`` and ``detail``: they never left."""

    code: str
    detail: str
