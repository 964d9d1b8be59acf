"""Movements: every effect on a position, for how long it held in the world, and for how long we thought so."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from msgspec.structs import replace

from domain.commands.contracts import Contract
from domain.commands.corporate_actions import ActionTerms
from domain.commands.lots import MovedLot, NamedLot
from domain.commands.reference import LotMethod
from domain.events import (
    Part,
    PenaltyBooked,
    SettlementEvent,
    TermsReplaced,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEnded,
    TradeEvent,
    TransferEvent,
    TransferReceived,
    VariationMarginSettled,
)
from domain.events.products import OptionEvent, RateFixed
from domain.events.trades import Economics, Fixing, LoanSchedule, Product, multiplier_of
from domain.money import ZERO, divide
from domain.schema import Recorded
from projections.accounts import held_as
from projections.action_movements import begins, is_of_action, movement_fields
from projections.lots import Lot, Place
from projections.movement_ids import UNTIL, Kind, kind_of, movement_ids, replaced
from projections.postings import (
    Posting,
    closing_postings,
    margin_postings,
    penalty_postings,
    settlement_postings,
    trade_postings,
    transfer_postings,
)
from projections.projection import Document, View

FILLING = frozenset({"trade", "transfer-out", "transfer-in"})
TRADING, CLOSING = 1, 2
"""The precedence of what is traded: after what happens at the opening (0), before what expires, or is paid for (2)."""
REVISING = (TradeBooked, TermsReplaced)
WITHOUT_LOTS = frozenset({"loan-deposit", "future"})
"""Products of which nothing is kept that was bought at a price."""


class Held(Document, kw_only=True):
    """What the fold of a position reads of a movement, and no more: a book has many thousands. ``quantity`` changes the
    position, but that of a settlement only moves; ``income`` is interest, ``gain`` what is realised, or got for a
    fail, at once. ``origin`` is the trade that it was dealt with, where it has come to be another's since. What a
    corporate action does rests on the movements before it and its ``terms``; it has its own name as ``trade_id``,
    and so has its payment. A succession takes over what its action hands on of the instrument ``source``.
    ``valid_to`` and ``known_to_sequence`` are None while it still holds, or is still thought to.

    ``beyond`` is what it costs beside quantity x price, ``closes`` the lots that it takes first, ``brings`` those that
    it brings from another book; one that ``unwinds`` deals back what its trade has become by then. ``fees`` are those
    that are no part of the cost. ``loan`` is how interest runs, ``fixing`` one rate of it: those that were told before,
    or after, may hold at other times.
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
    fees_in_cost: bool = False
    quantity: Decimal
    price: Decimal
    fees: Decimal
    income: Decimal = ZERO
    gain: Decimal = ZERO
    contract: Contract | None = None
    trade_date: date
    precedence: int = TRADING
    executed_at: datetime
    valid_from: datetime
    valid_to: datetime | None = None
    known_from_sequence: int
    known_to_sequence: int | None = None
    terms: ActionTerms | None = None
    source: str = ""
    beyond: Decimal = ZERO
    loan: LoanSchedule | None = None
    fixing: Fixing | None = None
    closes: tuple[NamedLot, ...] = ()
    brings: tuple[Lot, ...] = ()
    unwinds: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it still holds, as far as we know."""
        return self.known_to_sequence is None and self.valid_to is None

    @property
    def is_fill(self) -> bool:
        """Whether it adds to the lots: what settles does not, and money has none."""
        return (self.kind in FILLING or self.kind == "closing") and self.product not in WITHOUT_LOTS

    @property
    def multiplier(self) -> Decimal:
        """How many times its price one unit costs."""
        return multiplier_of(self.contract)

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
    ``ended_because`` are the actor and the reason of the event that did so. The ``counterparty`` of a transfer is the
    other book.
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
    own that ends there; right terms hold for as long as the corrected ones were thought to, or since the day on which
    they were dealt, when that was wrong; a cancelled trade never
    held. Terms in parts have an entry for each. What settles, what is repaid of a loan or fixed for it, what a fail
    costs, and a corporate action and its payment are movements too, and so are transfers: one that comes back never
    left.
    """

    name = "movements"
    version = 8
    needs: ClassVar[tuple[str, ...]] = ("movements",)
    appends = False
    columns: ClassVar[tuple[str, ...]] = ("book", "instrument", "desk")
    document_type = Movement

    def keys(self, event: Recorded) -> Sequence[str]:
        return movement_ids(event)

    def is_new(self, event: Recorded) -> bool:
        # What a late trade brings of an action may be there: another trade of the position brought it.
        return type(event.event) is TradeBooked and not event.event.actions

    def project(self, key: str, document: Movement | None, event: Recorded, view: View) -> Movement | None:
        fact = event.event
        if type(fact) is TradeBooked and not (fact.actions and is_of_action(key)):
            return _begun(key, fact, event, fact.effective_at)
        if is_of_action(key):
            return _act(key, document, event)
        if isinstance(fact, VariationMarginSettled):
            return _margin(key, fact, event)
        if isinstance(fact, TransferEvent):
            return _ended(document, event) if document else _transfer(key, fact, event)
        return self._change(key, document, event, view)

    def _change(self, key: str, document: Movement | None, event: Recorded, view: View) -> Movement | None:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        if document is not None or isinstance(fact, TradeCancelled):
            return _ended(document, event) if document else None
        if not isinstance(fact, TermsReplaced | TradeEnded):
            return _followed(key, fact, event)
        if key.endswith(UNTIL):
            return _until(key, view.get("movements", key.removesuffix(UNTIL)), event)
        olds: list[Movement | None] = [view.get("movements", old) for old in replaced(fact)]
        # Terms that were agreed to hold from before those they replace, hold from where these began.
        began = min(old.valid_from for old in olds if old)
        if not isinstance(fact, TradeCorrected):
            began = max(fact.effective_at, began)
        elif fact.terms.executed_at != fact.previous.executed_at:
            # It was dealt on another day, and holds since then.
            began = fact.effective_at
        return _begun(key, fact, event, began)


def beyond_price(terms: Economics) -> Decimal:
    """What the lots of a trade cost beside quantity x price."""
    return terms.total_fees if terms.fees_in_cost else ZERO


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
    movement.unwinds = part.unwinds
    # What a part obliges to is owed and paid with the whole, on whichever side that is.
    movement.postings = _but_nothing(trade_postings(dealt, terms))
    return movement


def _of_part(terms: Economics, part: Part, *, first: bool) -> Economics:
    """A part as terms of its own; the fees are of the whole, and go with the first."""
    return replace(
        terms, quantity=part.quantity, price=part.price, amount=part.amount, trade_date=part.trade_date,
        executed_at=part.executed_at, closes=part.closes, fees=terms.fees if first else {},
    )


def _movement(key: str, terms: Economics, fact: TradeEvent, event: Recorded, valid_from: datetime) -> Movement:
    return Movement(
        id=key, book=terms.book, desk=terms.desk, entity=terms.entity, instrument=terms.instrument,
        trade_id=fact.trade_id, product=held_as(terms), contract=terms.contract, asset=terms.asset,
        currency=terms.currency, issuer=terms.issuer, base_currency=terms.base_currency, lot_method=terms.lot_method,
        fees_in_cost=terms.fees_in_cost, loan=terms.loan, quantity=terms.quantity, price=terms.price,
        fees=ZERO if terms.fees_in_cost else terms.total_fees, beyond=beyond_price(terms), closes=terms.closes,
        income=terms.accrued.amount if terms.accrued else ZERO, trade_date=terms.trade_date,
        executed_at=terms.executed_at, valid_from=valid_from, known_from_sequence=event.sequence,
        postings=_but_nothing(trade_postings(terms)) if isinstance(fact, REVISING) else (),
        revision=fact.revision, amount=terms.amount, counterparty=terms.counterparty,
        settlement_date=terms.settlement_date, known_from=fact.recorded_at, actor=fact.actor, reason=fact.reason,
        supersedes=fact.supersedes,
    )


def _transfer(key: str, fact: TransferEvent, event: Recorded) -> Movement:
    """What is sent closes the lots that go, at what they cost; what is received brings them."""
    moved, comes = fact.moved, isinstance(fact, TransferReceived)
    lots = tuple(_lot(lot, fact.transfer_id) for lot in moved.lots)
    quantity, cost = (moved.quantity, moved.cost) if comes else (-moved.quantity, -moved.cost)
    price = divide(cost, quantity)
    named = tuple(NamedLot(trade_id=lot.trade_id, quantity=abs(lot.quantity)) for lot in lots)
    return Movement(
        id=key, book=moved.book, desk=moved.desk, entity=moved.entity, instrument=moved.instrument,
        trade_id=fact.transfer_id, kind="transfer-in" if comes else "transfer-out", product=moved.product,
        asset=moved.asset, currency=moved.currency, issuer=moved.issuer, base_currency=moved.base_currency,
        lot_method=moved.lot_method, fees_in_cost=moved.fees_in_cost, quantity=quantity, price=price, fees=ZERO,
        trade_date=moved.transfer_date, executed_at=moved.executed_at, valid_from=moved.executed_at,
        known_from_sequence=event.sequence, beyond=cost - quantity * price, closes=() if comes else named,
        brings=lots if comes else (), postings=tuple(transfer_postings(fact)), revision=1, amount=-cost,
        counterparty=moved.other_book, settlement_date=moved.transfer_date, known_from=fact.recorded_at,
        actor=fact.actor, reason=fact.reason,
    )


def _lot(lot: MovedLot, transfer_id: str) -> Lot:
    # That of an average has no trade, and is named by how it came.
    unit = divide(lot.cost, lot.quantity)
    return Lot(lot.trade_id or transfer_id, lot.trade_date, lot.quantity, unit, lot.cost)


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


def _place_of(part: Part) -> tuple[date, datetime, str]:
    return part.trade_date, part.executed_at, part.origin


def _followed(key: str, fact: TradeEvent, event: Recorded) -> Movement:
    """What follows a trade and is none: it has no fees and no price of its own."""
    followed = _movement(key, fact.terms, fact, event, fact.effective_at)
    followed.kind, followed.fees, followed.income = kind_of(fact), ZERO, ZERO
    followed.beyond, followed.closes = ZERO, ()
    if fact.terms.parts:
        # It comes after all that it follows, wherever the parts of that have their places.
        last = max(fact.terms.parts, key=_place_of)
        followed.trade_date, followed.executed_at = last.trade_date, last.executed_at
        followed.origin = last.origin if last.origin != fact.trade_id else ""
    if isinstance(fact, SettlementEvent):
        followed.quantity, followed.amount, followed.settlement_date = fact.quantity, fact.amount, fact.settled_on
        followed.postings = _but_nothing(settlement_postings(fact))
        followed.income = fact.quantity + fact.amount if fact.leg == "maturity" else ZERO
    elif isinstance(fact, OptionEvent):
        _close(followed, fact)
    elif isinstance(fact, RateFixed):
        followed.quantity, followed.amount, followed.postings = ZERO, ZERO, ()
        followed.loan, followed.fixing = None, fact.fixing
    elif isinstance(fact, PenaltyBooked):
        followed.quantity, followed.amount, followed.gain = ZERO, fact.amount, fact.amount
        followed.postings = _but_nothing(penalty_postings(fact))
    return followed


def _close(followed: Movement, fact: OptionEvent) -> None:
    """Contracts leave for nothing, after what was traded that day."""
    followed.quantity, followed.price, followed.amount = fact.quantity, ZERO, ZERO
    followed.trade_date, followed.precedence, followed.executed_at = fact.on, CLOSING, fact.effective_at
    followed.postings = _but_nothing(closing_postings(fact))


def _margin(key: str, fact: VariationMarginSettled, event: Recorded) -> Movement:
    return Movement(
        id=key, book=fact.book, desk=fact.desk, entity=fact.entity, instrument=fact.instrument, trade_id="",
        kind="margin", product="future", contract=fact.contract, asset=fact.instrument, currency=fact.currency,
        issuer=fact.issuer, base_currency=fact.base_currency, lot_method=fact.lot_method, quantity=fact.closed,
        price=fact.price, fees=ZERO, gain=fact.amount, trade_date=fact.on, precedence=CLOSING,
        executed_at=fact.effective_at, valid_from=fact.effective_at, known_from_sequence=event.sequence,
        postings=_but_nothing(margin_postings(fact)), revision=0, amount=fact.amount, counterparty="",
        settlement_date=fact.on, known_from=fact.recorded_at, actor=fact.actor, reason=fact.reason,
        supersedes=fact.supersedes,
    )


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
