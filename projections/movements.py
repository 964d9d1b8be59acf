"""Movements: every effect on a position, for how long it held in the world, and for how long we thought so."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

from domain.commands.corporate_actions import ActionTerms
from domain.commands.reference import LotMethod
from domain.events import (
    AppliedEvent,
    SettlementEvent,
    TradeAmended,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEvent,
)
from domain.events.trades import Economics, Product
from domain.money import ZERO
from domain.schema import Recorded
from projections.action_movements import begins, brought, is_of_action, movement_fields, touched
from projections.journal import Posting, settlement_postings, trade_postings
from projections.lots import Place
from projections.projection import Document, View

Kind = Literal["trade", "settlement", "repayment", "action", "payment"]
TRADING = 1
"""The precedence of what is traded: after what happens at the opening (0), before what expires (2)."""


class Held(Document, kw_only=True):
    """What the fold of a position reads of a movement, and no more: a book has many thousands. ``quantity`` changes the
    position, but that of a settlement only moves; ``income`` is interest. What a corporate action does rests on the
    movements before it and its ``terms``; it has its own name as ``trade_id``, and so has its payment. ``valid_to`` and
    ``known_to_sequence`` are None while it still holds, or is still thought to.
    """

    book: str
    desk: str
    entity: str
    instrument: str
    trade_id: str
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
    terms: ActionTerms | None = None

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
        """Its place among the movements of its position; a revision has that of its trade."""
        return self.trade_date, self.precedence, self.executed_at, self.trade_id


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
    """An agreed amendment holds from its ``effective_at`` on, so the earlier terms get an entry of their own that ends
    there; right terms hold for as long as the corrected ones were thought to; a cancelled trade never held. What
    settles, what is repaid of a loan, and a corporate action and its payment are movements too.
    """

    name = "movements"
    version = 3
    needs: ClassVar[tuple[str, ...]] = ("movements",)
    appends = False
    columns: ClassVar[tuple[str, ...]] = ("book", "instrument", "desk")
    document_type = Movement

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is TradeBooked:
            return (_id(fact.terms, fact), *brought(fact)) if fact.actions else (_id(fact.terms, fact),)
        if isinstance(fact, AppliedEvent):
            return touched(fact)
        if isinstance(fact, TradeAmended):
            old = _id(fact.previous, fact, fact.revision - 1)
            return (f"{old}-until", old, _id(fact.terms, fact), *brought(fact))
        if isinstance(fact, TradeCorrected):
            return (_id(fact.previous, fact, fact.revision - 1), _id(fact.terms, fact), *brought(fact))
        if isinstance(fact, SettlementEvent):
            return (f"{_id(fact.terms, fact)}-{_settled_kind(fact)}-{event.sequence:012d}",)
        return tuple(_possible(fact)) if isinstance(fact, TradeCancelled) else ()

    def project(self, key: str, document: Movement | None, event: Recorded, view: View) -> Movement | None:
        fact = event.event
        if type(fact) is TradeBooked and not (fact.actions and is_of_action(key)):
            return _movement(key, fact.terms, fact, event, fact.terms.executed_at)
        if is_of_action(key):
            return _act(key, document, event)
        return self._change(key, document, event, view)

    def _change(self, key: str, document: Movement | None, event: Recorded, view: View) -> Movement | None:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        if document is not None or isinstance(fact, TradeCancelled):
            return _ended(document, event) if document else None
        if isinstance(fact, SettlementEvent):
            return _settled(key, fact, event)
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


def _possible(fact: TradeCancelled) -> Iterator[str]:
    """Every entry of the trade that may still be thought to hold."""
    yield _id(fact.terms, fact)
    for instrument in (fact.terms.instrument, *fact.instruments):
        entry = f"{fact.terms.book}/{instrument}/{fact.trade_id}"
        yield from (f"{entry}/{revision:04d}-until" for revision in range(1, fact.revision))


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


def _until(key: str, old: Movement, fact: TradeAmended | TradeCorrected, event: Recorded) -> Movement | None:
    """The earlier terms for as long as they held, if they did at all."""
    if old.valid_from >= fact.effective_at:
        return None
    held = _movement(key, fact.previous, fact, event, old.valid_from)
    held.revision, held.valid_to = fact.revision - 1, fact.effective_at
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


def _act(key: str, document: Movement | None, event: Recorded) -> Movement | None:
    """An action, or its payment, in one position: as it begins, or as it never was."""
    if not begins(key, event.event):
        return _ended(document, event) if document is not None and document.known_to is None else None
    return Movement(**movement_fields(key, event)) if document is None else None


def _but_nothing(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    return tuple([posting for posting in postings if posting.quantity])


def _ended(movement: Movement, event: Recorded) -> Movement:
    ended, fact = movement.copy(), event.event
    ended.known_to, ended.known_to_sequence = fact.recorded_at, event.sequence
    ended.ended_by, ended.ended_because = fact.actor, fact.reason
    return ended
