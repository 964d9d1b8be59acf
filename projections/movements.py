"""Movements: every effect on a position, for how long it held in the world, and for how long we thought so."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

from msgspec.structs import replace

from domain.commands.reference import LotMethod
from domain.events import (
    Part,
    PenaltyBooked,
    SettlementEvent,
    StatusEvent,
    TermsReplaced,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEnded,
    TradeEvent,
)
from domain.events.trades import Economics, Product
from domain.money import ZERO
from domain.schema import Recorded
from domain.trades.state import entry_of
from projections.journal import Posting, penalty_postings, settlement_postings, trade_postings
from projections.lots import Place
from projections.projection import Document, View

Kind = Literal["trade", "settlement", "repayment", "penalty"]
TRADING = 1
"""The precedence of what is traded: after what happens at the opening (0), before what expires (2)."""


class Held(Document, kw_only=True):
    """What the fold of a position reads of a movement, and no more: a book has many thousands. ``quantity`` changes the
    position, but that of a settlement only moves; ``income`` is interest. ``origin`` is the trade that it was dealt
    with, where it has come to be another's since. ``valid_to`` and ``known_to_sequence`` are None while it still
    holds, or is still thought to.
    """

    book: str
    desk: str
    entity: str
    instrument: str
    trade_id: str
    origin: str = ""
    kind: Kind = "trade"
    product: Product
    asset: str
    currency: str
    issuer: str
    base_currency: str
    lot_method: LotMethod
    quantity: Decimal
    price: Decimal
    fees: Decimal
    income: Decimal = ZERO
    trade_date: date
    precedence: int = TRADING
    executed_at: datetime
    valid_from: datetime
    valid_to: datetime | None = None
    known_from_sequence: int
    known_to_sequence: int | None = None

    @property
    def is_live(self) -> bool:
        """Whether it still holds, as far as we know."""
        return self.known_to_sequence is None and self.valid_to is None

    @property
    def is_fill(self) -> bool:
        """Whether it adds to the lots: what settles does not, and money has none."""
        return self.kind == "trade" and self.product != "loan-deposit"

    @property
    def place(self) -> Place:
        """Its place among the movements of its position; a revision has that of its trade, and what a trade took over
        that of the trade it was dealt with.
        """
        return self.trade_date, self.precedence, self.executed_at, self.origin or self.trade_id


class Posted(Held, kw_only=True):
    """A movement with what it posts; what its position realises is posted beside it."""

    postings: tuple[Posting, ...] = ()


class Movement(Posted, kw_only=True):
    """A bitemporal entry: it holds in the world from ``valid_from`` until ``valid_to``, and we knew so from
    ``known_from`` until ``known_to``. Nothing of it is ever overwritten but an open end; ``ended_by`` and
    ``ended_because`` are the actor and the reason of the event that did so.
    """

    revision: int
    amount: Decimal
    counterparty: str
    settlement_date: date
    known_from: datetime
    known_to: datetime | None = None
    actor: str
    reason: str | None = None
    supersedes: str | None = None
    ended_by: str | None = None
    ended_because: str | None = None


class Movements:
    """What was agreed to replace terms holds from its ``effective_at`` on, so the earlier terms get an entry of their
    own that ends there; right terms hold for as long as the corrected ones were thought to; a cancelled trade never
    held. Terms in parts have an entry for each. What settles, what is repaid of a loan, and what a fail costs are
    movements too.
    """

    name = "movements"
    version = 2
    needs: ClassVar[tuple[str, ...]] = ("movements",)
    appends = False
    columns: ClassVar[tuple[str, ...]] = ("book", "instrument", "desk")
    document_type = Movement

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is TradeBooked:
            return _ids(fact.terms, fact)
        if not isinstance(fact, TradeEvent) or isinstance(fact, StatusEvent):
            return ()
        if isinstance(fact, SettlementEvent):
            return (f"{_ids(fact.terms, fact)[0]}-{_settled_kind(fact)}-{event.sequence:012d}",)
        if isinstance(fact, PenaltyBooked):
            return (f"{_ids(fact.terms, fact)[0]}-penalty-{event.sequence:012d}",)
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
        if isinstance(fact, SettlementEvent | PenaltyBooked):
            return _settled(key, fact, event) if isinstance(fact, SettlementEvent) else _charged(key, fact, event)
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
    dealt = _of_part(terms, part, first=place == 0)
    movement = _movement(key, dealt, fact, event, part.held_from)
    movement.origin = part.origin if part.origin != fact.trade_id else ""
    # What a part obliges to is owed and paid with the whole, on whichever side that is.
    movement.postings = _but_nothing(trade_postings(dealt, terms))
    return movement


def _of_part(terms: Economics, part: Part, *, first: bool) -> Economics:
    """A part as terms of its own; the fees are of the whole, and go with the first."""
    return replace(
        terms, quantity=part.quantity, price=part.price, amount=part.amount, trade_date=part.trade_date,
        executed_at=part.executed_at, fees=terms.fees if first else {},
    )


def _movement(key: str, terms: Economics, fact: TradeEvent, event: Recorded, valid_from: datetime) -> Movement:
    return Movement(
        id=key, book=terms.book, desk=terms.desk, entity=terms.entity, instrument=terms.instrument,
        trade_id=fact.trade_id, product=terms.product, asset=terms.asset, currency=terms.currency,
        issuer=terms.issuer, base_currency=terms.base_currency, lot_method=terms.lot_method, quantity=terms.quantity,
        price=terms.price, fees=terms.total_fees, trade_date=terms.trade_date, executed_at=terms.executed_at,
        valid_from=valid_from, known_from_sequence=event.sequence,
        postings=() if isinstance(fact, SettlementEvent) else _but_nothing(trade_postings(terms)),
        revision=fact.revision, amount=terms.amount, counterparty=terms.counterparty,
        settlement_date=terms.settlement_date, known_from=fact.recorded_at, actor=fact.actor, reason=fact.reason,
        supersedes=fact.supersedes,
    )


def _until(key: str, old: Movement | None, event: Recorded) -> Movement | None:
    """The earlier terms for as long as they held, if they did at all."""
    fact = event.event
    assert old is not None
    if old.valid_from >= fact.effective_at:
        return None
    held = old.copy()
    held.id, held.valid_to = key, fact.effective_at
    # Where it is applied again the earlier entry may have ended by this very event.
    held.known_to = held.known_to_sequence = held.ended_by = held.ended_because = None
    held.known_from, held.known_from_sequence = fact.recorded_at, event.sequence
    held.actor, held.reason, held.supersedes = fact.actor, fact.reason, fact.supersedes
    return held


def _settled_kind(fact: SettlementEvent) -> Kind:
    return "repayment" if fact.leg == "maturity" else "settlement"


def _settled(key: str, fact: SettlementEvent, event: Recorded) -> Movement:
    settled = _movement(key, fact.terms, fact, event, fact.effective_at)
    settled.kind = _settled_kind(fact)
    settled.quantity, settled.amount, settled.settlement_date = fact.quantity, fact.amount, fact.settled_on
    settled.postings = _but_nothing(settlement_postings(fact))
    settled.fees, settled.income = ZERO, fact.quantity + fact.amount if fact.leg == "maturity" else ZERO
    return settled


def _charged(key: str, fact: PenaltyBooked, event: Recorded) -> Movement:
    """A penalty moves money, and nothing of the position."""
    charged = _movement(key, fact.terms, fact, event, fact.effective_at)
    charged.kind = "penalty"
    charged.quantity, charged.amount, charged.fees = ZERO, fact.amount, ZERO
    charged.postings = _but_nothing(penalty_postings(fact))
    return charged


def _but_nothing(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    return tuple([posting for posting in postings if posting.quantity])


def _ended(movement: Movement, event: Recorded) -> Movement:
    ended, fact = movement.copy(), event.event
    ended.known_to, ended.known_to_sequence = fact.recorded_at, event.sequence
    ended.ended_by, ended.ended_because = fact.actor, fact.reason
    return ended
