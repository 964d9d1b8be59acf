"""Movements: what each revision of a trade adds to a position, for how long it held, and how long we thought so."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from msgspec.structs import replace

from domain.events import (
    Part,
    SettlementEvent,
    StatusEvent,
    TermsReplaced,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEnded,
    TradeEvent,
)
from domain.events.trades import Economics
from domain.schema import Recorded
from domain.trades.state import entry_of
from projections.projection import Document, View


class Movement(Document, kw_only=True):
    """A bitemporal entry: it holds in the world from ``valid_from`` until ``valid_to``, and we knew so from
    ``known_from`` until ``known_to`` (None: still). Nothing of it is ever overwritten but an open end. ``origin`` is
    the trade that it was dealt with, where it has come to be another's since.
    """

    book: str
    instrument: str
    trade_id: str
    origin: str = ""
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

    @property
    def is_live(self) -> bool:
        """Whether it still holds, as far as we know."""
        return self.known_to is None and self.valid_to is None

    @property
    def place(self) -> tuple[date, datetime, str]:
        """Its place among the movements of its position; a revision has that of its trade, and what a trade took over
        that of the trade it was dealt with.
        """
        return self.trade_date, self.executed_at, self.origin or self.trade_id


class Movements:
    """What was agreed to replace terms holds from its ``effective_at`` on, so the earlier terms get an entry of their
    own that ends there; right terms hold for as long as the corrected ones were thought to; a cancelled trade never
    held. Terms in parts have an entry for each. What is repaid of a loan is a movement too.
    """

    name = "movements"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ("movements",)
    appends = False
    columns: ClassVar[tuple[str, ...]] = ("book", "instrument")
    document_type = Movement

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is TradeBooked:
            return _ids(fact.terms, fact)
        if not isinstance(fact, TradeEvent) or isinstance(fact, StatusEvent):
            return ()
        if isinstance(fact, SettlementEvent):
            key = f"{_ids(fact.terms, fact)[0]}-repaid-{event.sequence:012d}"
            return (key,) if fact.leg == "maturity" else ()
        if isinstance(fact, TradeCancelled):
            return tuple(_possible(fact))
        old = _replaced(fact)
        held = () if isinstance(fact, TradeCorrected) else tuple(f"{key}{UNTIL}" for key in old)
        return (*held, *old, *(_ids(fact.terms, fact) if isinstance(fact, TermsReplaced) else ()))

    def project(self, key: str, document: Movement | None, event: Recorded, view: View) -> Movement | None:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        if type(fact) is TradeBooked:
            return _begun(key, fact, event, fact.terms.executed_at)
        if document is not None or isinstance(fact, TradeCancelled):
            return _ended(document, event) if document else None
        if isinstance(fact, SettlementEvent):
            return _repaid(key, fact, event)
        if key.endswith(UNTIL):
            return _until(key, view.get("movements", key.removesuffix(UNTIL)), event)
        olds: list[Movement | None] = [view.get("movements", old) for old in _replaced(fact)]
        # Terms that were agreed to hold from before those they replace, hold from where these began.
        began = min(old.valid_from for old in olds if old)
        return _begun(key, fact, event, began if isinstance(fact, TradeCorrected) else max(fact.effective_at, began))


UNTIL = "-until"


def _ids(terms: Economics, fact: TradeEvent, revision: int | None = None) -> tuple[str, ...]:
    """The entries of a revision of a trade: one, or one for each part."""
    revision = revision or fact.revision
    if not terms.parts:
        return (f"{terms.book}/{terms.instrument}/{fact.trade_id}/{revision:04d}",)
    return tuple([_id(terms.book, fact, entry_of(terms, revision, place)) for place in range(len(terms.parts))])


def _id(book: str, fact: TradeEvent, entry: str) -> str:
    instrument, _, number = entry.rpartition("/")
    return f"{book}/{instrument}/{fact.trade_id}/{number}"


def _replaced(fact: TradeEvent) -> tuple[str, ...]:
    """The entries that an event ends."""
    if isinstance(fact, TermsReplaced):
        return _ids(fact.previous, fact, fact.revision - 1)
    assert isinstance(fact, TradeEnded)
    return _ids(fact.terms, fact)


def _possible(fact: TradeCancelled) -> Iterator[str]:
    """Every entry of the trade that may still be thought to hold."""
    yield from _ids(fact.terms, fact)
    for instrument in (fact.terms.instrument, *fact.instruments):
        entry = f"{fact.terms.book}/{instrument}/{fact.trade_id}"
        yield from (f"{entry}/{revision:04d}{UNTIL}" for revision in range(1, fact.revision))
    yield from (f"{_id(fact.terms.book, fact, entry)}{UNTIL}" for entry in fact.entries)


def _begun(key: str, fact: TradeEvent, event: Recorded, valid_from: datetime) -> Movement:
    """An entry of the terms that hold after the event."""
    terms = fact.terms
    if not terms.parts:
        return _movement(key, terms, fact, event, valid_from)
    place = int(key.rpartition(".")[2])
    part = terms.parts[place]
    movement = _movement(key, _of_part(terms, part, first=place == 0), fact, event, part.held_from)
    movement.origin = part.origin if part.origin != fact.trade_id else ""
    return movement


def _of_part(terms: Economics, part: Part, *, first: bool) -> Economics:
    """A part as terms of its own; the fees are of the whole, and go with the first."""
    return replace(
        terms, quantity=part.quantity, price=part.price, amount=part.amount, trade_date=part.trade_date,
        executed_at=part.executed_at, fees=terms.fees if first else {},
    )


def _movement(key: str, terms: Economics, fact: TradeEvent, event: Recorded, valid_from: datetime) -> Movement:
    return Movement(
        id=key, book=terms.book, instrument=terms.instrument, trade_id=fact.trade_id, revision=fact.revision,
        quantity=terms.quantity, price=terms.price, amount=terms.amount, fees=terms.total_fees,
        asset=terms.asset, currency=terms.currency, counterparty=terms.counterparty, trade_date=terms.trade_date,
        executed_at=terms.executed_at, settlement_date=terms.settlement_date, valid_from=valid_from,
        known_from=fact.recorded_at, known_from_sequence=event.sequence,
    )


def _until(key: str, old: Movement | None, event: Recorded) -> Movement | None:
    """The earlier terms for as long as they held, if they did at all."""
    fact = event.event
    assert old is not None
    if old.valid_from >= fact.effective_at:
        return None
    held = old.copy()
    held.id, held.valid_to = key, fact.effective_at
    held.known_from, held.known_from_sequence = fact.recorded_at, event.sequence
    return held


def _repaid(key: str, fact: SettlementEvent, event: Recorded) -> Movement:
    repaid = _movement(key, fact.terms, fact, event, fact.effective_at)
    repaid.quantity, repaid.amount, repaid.settlement_date = fact.quantity, fact.amount, fact.settled_on
    return repaid


def _ended(movement: Movement, event: Recorded) -> Movement:
    ended = movement.copy()
    ended.known_to, ended.known_to_sequence = event.event.recorded_at, event.sequence
    return ended
