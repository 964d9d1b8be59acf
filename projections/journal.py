"""The journal: one balanced double-entry per event of a trade that moves anything, per asset."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from domain.events import (
    SettlementEvent,
    SettlementFailed,
    TradeAffirmed,
    TradeAmended,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEvent,
)
from domain.events.trades import Economics
from domain.money import ZERO
from domain.schema import Recorded
from projections.accounts import (
    expected_cash,
    expected_delivery,
    interest_account,
    loan_account,
    settled_into,
    trading_account,
)
from projections.positions import position_id
from projections.projection import Document, View


class UnbalancedEntry(Exception):
    """An entry whose debits and credits differ in some asset: a defect of a template, never of the input."""


class Posting(msgspec.Struct, frozen=True, gc=False):
    """Signed ``quantity`` of ``asset``: a debit above zero, a credit below."""

    account: str
    asset: str
    quantity: Decimal


class JournalEntry(Document, kw_only=True):
    """What one event posts. ``effective_at`` is its valid time, ``recorded_at`` its known time."""

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
    postings: tuple[Posting, ...]


class Journal:
    """A revision posts the reversal of the old terms and the new ones; affirmations and fails post nothing."""

    name = "journal"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ("positions",)
    appends = True
    columns: ClassVar[tuple[str, ...]] = ("book", "trade_id", "business_date")
    document_type = JournalEntry

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if not isinstance(fact, TradeEvent) or isinstance(fact, TradeAffirmed | SettlementFailed):
            return ()
        return (f"{fact.terms.book}/{event.log}-{event.sequence:012d}",)

    def project(self, key: str, _document: JournalEntry | None, event: Recorded, view: View) -> JournalEntry:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        postings = tuple(posting for posting in _postings(fact, view) if posting.quantity)
        _require_balance(key, postings)
        terms = fact.terms
        settled_on = fact.settled_on if isinstance(fact, SettlementEvent) else terms.settlement_date
        return JournalEntry(
            id=key, book=terms.book, entity=terms.entity, desk=terms.desk, type=event.type, trade_id=fact.trade_id,
            counterparty=terms.counterparty, trade_date=terms.trade_date, value_date=settled_on,
            business_date=fact.business_date, effective_at=fact.effective_at, recorded_at=fact.recorded_at,
            postings=postings,
        )


def _postings(fact: TradeEvent, view: View) -> Iterator[Posting]:
    if isinstance(fact, SettlementEvent):
        yield from _settlement(fact)
        return
    if isinstance(fact, TradeBooked):
        yield from _trade(fact.terms, 1)
        yield from _realised(fact.terms, view)
        return
    old = fact.previous if isinstance(fact, TradeAmended | TradeCorrected) else fact.terms
    yield from _trade(old, -1)
    yield from _realised(old, view)
    if not isinstance(fact, TradeCancelled):
        yield from _trade(fact.terms, 1)
        if position_id(old) != position_id(fact.terms):
            yield from _realised(fact.terms, view)


def _trade(terms: Economics, sign: int) -> Iterator[Posting]:
    """What the terms oblige both sides to, against the trading account (or the loan), and the fees."""
    fees = sum(terms.fees.values(), ZERO)
    if terms.loan is not None:
        yield Posting(loan_account(terms), terms.asset, sign * terms.quantity)
    else:
        trading = trading_account(terms)
        yield Posting(expected_delivery(terms), terms.asset, sign * terms.quantity)
        yield Posting(trading, terms.asset, -sign * terms.quantity)
        yield Posting(trading, terms.currency, -sign * terms.amount)
    yield Posting(expected_cash(terms), terms.currency, sign * (terms.amount - fees))
    for name, fee in terms.fees.items():
        yield Posting(f"Expense:Fees:{name}", terms.currency, sign * fee)


def _realised(terms: Economics, view: View) -> Iterator[Posting]:
    """What the event changed of the position's realised profit leaves the trading account, which keeps the cost."""
    position = view.get("positions", position_id(terms))
    if position is not None and position.realised_change:
        yield Posting(trading_account(terms), terms.currency, position.realised_change)
        yield Posting("Income:RealisedPnL", terms.currency, -position.realised_change)


def _settlement(fact: SettlementEvent) -> Iterator[Posting]:
    terms = fact.terms
    yield Posting("Assets:Nostro", terms.currency, fact.amount)
    if fact.leg == "maturity":
        yield Posting(loan_account(terms), terms.asset, fact.quantity)
        yield Posting(interest_account(terms), terms.currency, -fact.quantity - fact.amount)
        return
    yield Posting(expected_cash(terms), terms.currency, -fact.amount)
    if terms.loan is None:
        yield Posting(settled_into(terms), terms.asset, fact.quantity)
        yield Posting(expected_delivery(terms), terms.asset, -fact.quantity)


def _require_balance(key: str, postings: Sequence[Posting]) -> None:
    totals: dict[str, Decimal] = {}
    for posting in postings:
        totals[posting.asset] = totals.get(posting.asset, ZERO) + posting.quantity
    for asset, total in totals.items():
        if total:
            raise UnbalancedEntry(f"journal entry {key} is off by {total} {asset}")
