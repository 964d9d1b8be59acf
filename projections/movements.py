"""Movements: what each revision of a trade adds to a position, for how long it held, and how long we thought so."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

from domain.commands.lots import MovedLot, NamedLot
from domain.events import (
    SettlementEvent,
    TradeAmended,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEvent,
    TransferEvent,
    TransferReceived,
)
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.money import ZERO, divide
from domain.schema import Recorded
from projections.lots import Lot
from projections.projection import Document, View

Kind = Literal["trade", "transfer-out", "transfer-in"]


class Movement(Document, kw_only=True):
    """A bitemporal entry: it holds in the world from ``valid_from`` until ``valid_to``, and we knew so from
    ``known_from`` until ``known_to`` (None: still). Nothing of it is ever overwritten but an open end.

    ``beyond`` is what it costs beside quantity x price, ``closes`` the lots that it takes first, ``brings`` those that
    it brings from another book, which is the ``counterparty`` of a transfer.
    """

    book: str
    instrument: str
    trade_id: str
    kind: Kind = "trade"
    revision: int
    quantity: Decimal
    price: Decimal
    amount: Decimal
    fees: Decimal
    asset: str
    currency: str
    counterparty: str
    trade_date: date
    executed_at: datetime
    settlement_date: date
    valid_from: datetime
    valid_to: datetime | None = None
    known_from: datetime
    known_to: datetime | None = None
    known_from_sequence: int
    known_to_sequence: int | None = None
    beyond: Decimal = ZERO
    closes: tuple[NamedLot, ...] = ()
    brings: tuple[Lot, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether it still holds, as far as we know."""
        return self.known_to is None and self.valid_to is None

    @property
    def place(self) -> tuple[date, datetime, str]:
        """Its place among the movements of its position; a revision has that of its trade."""
        return self.trade_date, self.executed_at, self.trade_id


class Movements:
    """An agreed amendment holds from its ``effective_at`` on, so the earlier terms get an entry of their own that ends
    there; right terms hold for as long as the corrected ones were thought to; a cancelled trade never held. What is
    repaid of a loan is a movement too.
    """

    name = "movements"
    version = 3
    needs: ClassVar[tuple[str, ...]] = ("movements",)
    appends = False
    columns: ClassVar[tuple[str, ...]] = ("book", "instrument")
    document_type = Movement

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is TradeBooked:
            return (_id(fact.terms, fact),)
        if isinstance(fact, TransferEvent):
            return (_transfer_id(fact),)
        if isinstance(fact, TradeAmended):
            old = _id(fact.previous, fact, fact.revision - 1)
            return (f"{old}-until", old, _id(fact.terms, fact))
        if isinstance(fact, TradeCorrected):
            return (_id(fact.previous, fact, fact.revision - 1), _id(fact.terms, fact))
        if isinstance(fact, SettlementEvent):
            return (f"{_id(fact.terms, fact)}-repaid-{event.sequence:012d}",) if fact.leg == "maturity" else ()
        return tuple(_possible(fact)) if isinstance(fact, TradeCancelled) else ()

    def project(self, key: str, document: Movement | None, event: Recorded, view: View) -> Movement | None:
        fact = event.event
        if type(fact) is TradeBooked:
            return _movement(key, fact.terms, fact, event, fact.terms.executed_at)
        if isinstance(fact, TransferEvent):
            return _ended(document, event) if document else _transfer(key, fact, event)
        return self._change(key, document, event, view)

    def _change(self, key: str, document: Movement | None, event: Recorded, view: View) -> Movement | None:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        if document is not None or isinstance(fact, TradeCancelled):
            return _ended(document, event) if document else None
        if isinstance(fact, SettlementEvent):
            return _repaid(key, fact, event)
        if not isinstance(fact, TradeAmended | TradeCorrected):
            return _movement(key, fact.terms, fact, event, fact.terms.executed_at)
        old: Movement | None = view.get("movements", _id(fact.previous, fact, fact.revision - 1))
        assert old is not None
        if key.endswith("-until"):
            return _until(key, old, fact, event)
        # Terms that were agreed to hold from before those they replace, hold from where these began.
        amended_from = max(fact.effective_at, old.valid_from) if isinstance(fact, TradeAmended) else old.valid_from
        return _movement(key, fact.terms, fact, event, amended_from)


def _id(terms: Economics, fact: TradeEvent, revision: int | None = None) -> str:
    return f"{terms.book}/{terms.instrument}/{fact.trade_id}/{revision or fact.revision:04d}"


def _transfer_id(fact: TransferEvent) -> str:
    moved = fact.moved
    way = f"from-{moved.other_book}" if isinstance(fact, TransferReceived) else "out"
    return f"{moved.book}/{moved.instrument}/{fact.transfer_id}/{way}"


def _possible(fact: TradeCancelled) -> Iterator[str]:
    """Every entry of the trade that may still be thought to hold."""
    yield _id(fact.terms, fact)
    for instrument in (fact.terms.instrument, *fact.instruments):
        entry = f"{fact.terms.book}/{instrument}/{fact.trade_id}"
        yield from (f"{entry}/{revision:04d}-until" for revision in range(1, fact.revision))


def _movement(key: str, terms: Economics, fact: TradeEvent, event: Recorded, valid_from: datetime) -> Movement:
    return Movement(
        id=key, book=terms.book, instrument=terms.instrument, trade_id=fact.trade_id, revision=fact.revision,
        quantity=terms.quantity, price=terms.price, amount=terms.amount, fees=terms.total_fees,
        asset=terms.asset, currency=terms.currency, counterparty=terms.counterparty, trade_date=terms.trade_date,
        executed_at=terms.executed_at, settlement_date=terms.settlement_date, valid_from=valid_from,
        known_from=fact.recorded_at, known_from_sequence=event.sequence,
        beyond=terms.total_fees if terms.fees_in_cost else ZERO, closes=terms.closes,
    )


def _transfer(key: str, fact: TransferEvent, event: Recorded) -> Movement:
    """What is sent closes the lots that go, at what they cost; what is received brings them."""
    moved: Moved = fact.moved
    comes = isinstance(fact, TransferReceived)
    lots = tuple(_lot(lot, fact.transfer_id) for lot in moved.lots)
    quantity, cost = (moved.quantity, moved.cost) if comes else (-moved.quantity, -moved.cost)
    price = divide(cost, quantity)
    named = tuple(NamedLot(trade_id=lot.trade_id, quantity=abs(lot.quantity)) for lot in lots)
    return Movement(
        id=key, book=moved.book, instrument=moved.instrument, trade_id=fact.transfer_id,
        kind="transfer-in" if comes else "transfer-out", revision=1, quantity=quantity, price=price, amount=-cost,
        fees=ZERO, asset=moved.asset, currency=moved.currency, counterparty=moved.other_book,
        trade_date=moved.transfer_date, executed_at=moved.executed_at, settlement_date=moved.transfer_date,
        valid_from=moved.executed_at, known_from=fact.recorded_at, known_from_sequence=event.sequence,
        beyond=cost - quantity * price, closes=() if comes else named, brings=lots if comes else (),
    )


def _lot(lot: MovedLot, transfer_id: str) -> Lot:
    # That of an average has no trade, and is named by how it came.
    unit = divide(lot.cost, lot.quantity)
    return Lot(lot.trade_id or transfer_id, lot.trade_date, lot.quantity, unit, lot.cost)


def _until(key: str, old: Movement, fact: TradeAmended | TradeCorrected, event: Recorded) -> Movement | None:
    """The earlier terms for as long as they held, if they did at all."""
    if old.valid_from >= fact.effective_at:
        return None
    held = _movement(key, fact.previous, fact, event, old.valid_from)
    held.revision, held.valid_to = fact.revision - 1, fact.effective_at
    return held


def _repaid(key: str, fact: SettlementEvent, event: Recorded) -> Movement:
    repaid = _movement(key, fact.terms, fact, event, fact.effective_at)
    repaid.quantity, repaid.amount, repaid.settlement_date = fact.quantity, fact.amount, fact.settled_on
    return repaid


def _ended(movement: Movement, event: Recorded) -> Movement:
    ended = movement.copy()
    ended.known_to, ended.known_to_sequence = event.event.recorded_at, event.sequence
    return ended
