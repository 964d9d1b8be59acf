"""The journal: one balanced double-entry per event of a trade that moves anything, per asset."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from domain.events import (
    AppliedEvent,
    PenaltyBooked,
    SettlementEvent,
    StatusEvent,
    TermsReplaced,
    TradeBooked,
    TradeEnded,
    TradeEvent,
    TransferEvent,
    VariationMarginSettled,
)
from domain.events.products import OptionEvent
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.money import ZERO
from domain.schema import Recorded
from projections.accounts import position_id
from projections.action_movements import following_ids, own_ids, position_ids
from projections.postings import (
    Posting,
    closing_postings,
    margin_postings,
    penalty_postings,
    realised_postings,
    settlement_postings,
    trade_postings,
    transfer_postings,
)
from projections.projection import Document, View, nothing_new


class UnbalancedEntry(Exception):
    """An entry whose debits and credits differ in some asset: a defect of a template, never of the input."""


class JournalEntry(Document, kw_only=True):
    """What one event posts. ``effective_at`` is its valid time, ``recorded_at`` its known time; ``business_date`` is
    the open day that it is posted on, and ``restates`` the closed one that it came too late for.
    """

    book: str
    entity: str
    desk: str
    type: str
    trade_id: str
    counterparty: str
    trade_date: date
    value_date: date
    business_date: date
    effective_at: datetime
    recorded_at: datetime
    restates: date | None = None
    postings: tuple[Posting, ...]


class Journal:
    """A revision posts the reversal of the old terms and the new ones; affirmations, fails and instructions
    post nothing. The entries of a transfer are named by it, and have no counterparty. What an event changed of what
    corporate actions did to a position is posted with it, in whichever way it did, and so is what it changed of the
    positions that follow from it.
    """

    name = "journal"
    version = 6
    needs: ClassVar[tuple[str, ...]] = ("positions",)
    appends = True
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("book", "trade_id", "business_date")
    document_type = JournalEntry

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if isinstance(fact, AppliedEvent):
            books = dict.fromkeys(each.partition("/")[0] for each in position_ids(fact))
            return [f"{book}/{event.log}-{event.sequence:012d}" for book in books]
        if isinstance(fact, VariationMarginSettled):
            return (f"{fact.book}/{event.log}-{event.sequence:012d}",)
        if isinstance(fact, TransferEvent):
            return (f"{fact.moved.book}/{event.log}-{event.sequence:012d}",)
        if type(fact) is not TradeBooked and (
            not isinstance(fact, TradeEvent) or isinstance(fact, StatusEvent)
        ):
            return ()
        return (f"{fact.terms.book}/{event.log}-{event.sequence:012d}",)

    def project(self, key: str, _document: JournalEntry | None, event: Recorded, view: View) -> JournalEntry | None:
        fact = event.event
        if isinstance(fact, AppliedEvent):
            return _action_entry(key, fact, event, view)
        if isinstance(fact, VariationMarginSettled):
            return _margin(key, fact, event)
        if isinstance(fact, TransferEvent):
            return _transfer_entry(key, fact, event, view)
        assert isinstance(fact, TradeEvent)
        postings = tuple([posting for posting in _postings(fact, view) if posting.quantity])
        if fact.onward or fact.actions:
            postings = (*postings, *_following(fact, event, view))
        _require_balance(key, postings)
        terms = fact.terms
        return JournalEntry(
            id=key, book=terms.book, entity=terms.entity, desk=terms.desk, type=event.type, trade_id=fact.trade_id,
            counterparty=terms.counterparty, trade_date=terms.trade_date, value_date=_value_date(fact),
            business_date=fact.business_date, effective_at=fact.effective_at, recorded_at=fact.recorded_at,
            restates=fact.restates, postings=postings,
        )


def _action_entry(key: str, fact: AppliedEvent, event: Recorded, view: View) -> JournalEntry | None:
    action, book = fact.action, key.partition("/")[0]
    own = [each for each in position_ids(fact) if each.startswith(f"{book}/")]
    touched = [
        found for each in own
        if (found := view.get("positions", each)) is not None and found.sequence == event.sequence
    ]
    postings = tuple(posting for each in touched for posting in _changes_of(each))
    if not postings:
        return None
    _require_balance(key, postings)
    return JournalEntry(
        id=key, book=book, entity=touched[0].entity, desk=touched[0].desk, type=event.type, trade_id=action.action,
        counterparty=action.issuer, trade_date=action.ex_date, value_date=action.pay_date,
        business_date=fact.business_date, effective_at=fact.effective_at, recorded_at=fact.recorded_at,
        postings=postings,
    )


def _value_date(fact: TradeEvent) -> date:
    if isinstance(fact, SettlementEvent):
        return fact.settled_on
    if isinstance(fact, OptionEvent):
        return fact.on
    return fact.business_date if isinstance(fact, PenaltyBooked) else fact.terms.settlement_date


def _margin(key: str, fact: VariationMarginSettled, event: Recorded) -> JournalEntry:
    realised = realised_postings(fact.instrument, fact.currency, fact.amount)
    postings = tuple([each for each in (*margin_postings(fact), *realised) if each.quantity])
    _require_balance(key, postings)
    return JournalEntry(
        id=key, book=fact.book, entity=fact.entity, desk=fact.desk, type=event.type, trade_id="", counterparty="",
        trade_date=fact.on, value_date=fact.on, business_date=fact.business_date, effective_at=fact.effective_at,
        recorded_at=fact.recorded_at, postings=postings,
    )


def _transfer_entry(key: str, fact: TransferEvent, event: Recorded, view: View) -> JournalEntry:
    moved = fact.moved
    postings = (*transfer_postings(fact), *_realised(moved, view), *_following(fact, event, view))
    _require_balance(key, postings)
    return JournalEntry(
        id=key, book=moved.book, entity=moved.entity, desk=moved.desk, type=event.type, trade_id=fact.transfer_id,
        counterparty="", trade_date=moved.transfer_date, value_date=moved.transfer_date,
        business_date=fact.business_date, effective_at=fact.effective_at, recorded_at=fact.recorded_at,
        postings=postings,
    )


def _postings(fact: TradeEvent, view: View) -> Iterable[Posting]:
    if type(fact) is TradeBooked:
        return [*trade_postings(fact.terms), *_realised(fact.terms, view)]
    if isinstance(fact, SettlementEvent):
        return settlement_postings(fact)
    if isinstance(fact, PenaltyBooked):
        return penalty_postings(fact)
    if isinstance(fact, OptionEvent):
        return [*closing_postings(fact), *_realised(fact.terms, view)]
    old = fact.previous if isinstance(fact, TermsReplaced) else fact.terms
    postings = [*_reversed(trade_postings(old)), *_realised(old, view)]
    if not isinstance(fact, TradeEnded):
        postings += trade_postings(fact.terms)
        if position_id(old) != position_id(fact.terms):
            postings += _realised(fact.terms, view)
    return postings


def _reversed(postings: Iterable[Posting]) -> list[Posting]:
    return [Posting(posting.account, posting.asset, -posting.quantity) for posting in postings]


def _realised(terms: Economics | Moved, view: View) -> tuple[Posting, ...]:
    """What the event changed of the position's realised profit leaves the trading account, which keeps the cost."""
    position = view.get("positions", position_id(terms))
    return () if position is None else _changes_of(position)


def _following(fact: TradeEvent | TransferEvent, event: Recorded, view: View) -> tuple[Posting, ...]:
    """What the event changed in positions that follow from its own, by corporate actions."""
    found: list[Posting] = []
    for key in following_ids(fact):
        position = view.get("positions", key)
        if key not in own_ids(fact) and position is not None and position.sequence == event.sequence:
            found += _changes_of(position)
    return tuple(found)


def _changes_of(position: Any) -> tuple[Posting, ...]:
    if not position.realised_change:
        changes: tuple[Posting, ...] = position.actions_change
        return changes
    realised = realised_postings(position.instrument, position.currency, position.realised_change)
    return (*realised, *position.actions_change)


def _require_balance(key: str, postings: Sequence[Posting]) -> None:
    totals: dict[str, Decimal] = {}
    for posting in postings:
        totals[posting.asset] = totals.get(posting.asset, ZERO) + posting.quantity
    for asset, total in totals.items():
        if total:
            raise UnbalancedEntry(f"journal entry {key} is off by {total} {asset}")
