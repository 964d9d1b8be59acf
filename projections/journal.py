"""The journal: one balanced double-entry per event of a trade that moves anything, per asset."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from domain.events import (
    PenaltyBooked,
    SettlementEvent,
    StatusEvent,
    TermsReplaced,
    TradeBooked,
    TradeEnded,
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
    position_id,
    settled_into,
    trading_account,
)
from projections.projection import Document, View


class UnbalancedEntry(Exception):
    """An entry whose debits and credits differ in some asset: a defect of a template, never of the input."""


class Posting(msgspec.Struct, frozen=True, gc=False):
    """Signed ``quantity`` of ``asset``: a debit above zero, a credit below."""

    account: str
    asset: str
    quantity: Decimal


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
    post nothing.
    """

    name = "journal"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ("positions",)
    appends = True
    columns: ClassVar[tuple[str, ...]] = ("book", "trade_id", "business_date")
    document_type = JournalEntry

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is not TradeBooked and (
            not isinstance(fact, TradeEvent) or isinstance(fact, StatusEvent)
        ):
            return ()
        return (f"{fact.terms.book}/{event.log}-{event.sequence:012d}",)

    def project(self, key: str, _document: JournalEntry | None, event: Recorded, view: View) -> JournalEntry:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        postings = tuple([posting for posting in _postings(fact, view) if posting.quantity])
        _require_balance(key, postings)
        terms = fact.terms
        value_date = terms.settlement_date
        if isinstance(fact, SettlementEvent | PenaltyBooked):
            value_date = fact.settled_on if isinstance(fact, SettlementEvent) else fact.business_date
        return JournalEntry(
            id=key, book=terms.book, entity=terms.entity, desk=terms.desk, type=event.type, trade_id=fact.trade_id,
            counterparty=terms.counterparty, trade_date=terms.trade_date, value_date=value_date,
            business_date=fact.business_date, effective_at=fact.effective_at, recorded_at=fact.recorded_at,
            restates=fact.restates, postings=postings,
        )


def _postings(fact: TradeEvent, view: View) -> Iterable[Posting]:
    if type(fact) is TradeBooked:
        return [*trade_postings(fact.terms), *_realised(fact.terms, view)]
    if isinstance(fact, SettlementEvent):
        return settlement_postings(fact)
    if isinstance(fact, PenaltyBooked):
        return penalty_postings(fact)
    old = fact.previous if isinstance(fact, TermsReplaced) else fact.terms
    postings = [*_reversed(trade_postings(old)), *_realised(old, view)]
    if not isinstance(fact, TradeEnded):
        postings += trade_postings(fact.terms)
        if position_id(old) != position_id(fact.terms):
            postings += _realised(fact.terms, view)
    return postings


def trade_postings(terms: Economics, whole: Economics | None = None) -> list[Posting]:
    """What the terms oblige both sides to, against the trading account (or the loan), and the fees. What is a part of a
    ``whole`` is on the side of that.
    """
    quantity, currency = terms.quantity, terms.currency
    whole = whole or terms
    if terms.loan is not None:
        postings = [Posting(loan_account(whole), terms.asset, quantity)]
    else:
        trading = trading_account(terms.instrument)
        postings = [
            Posting(expected_delivery(whole), terms.asset, quantity), Posting(trading, terms.asset, -quantity),
            Posting(trading, currency, -terms.amount),
        ]
    postings.append(Posting(expected_cash(whole), currency, terms.amount - terms.total_fees))
    for name, fee in terms.fees.items():
        postings.append(Posting(f"Expense:Fees:{name}", currency, fee))
    return postings


def _reversed(postings: Iterable[Posting]) -> list[Posting]:
    return [Posting(posting.account, posting.asset, -posting.quantity) for posting in postings]


def _realised(terms: Economics, view: View) -> tuple[Posting, ...]:
    """What the event changed of the position's realised profit leaves the trading account, which keeps the cost."""
    position = view.get("positions", position_id(terms))
    if position is None or not position.realised_change:
        return ()
    return realised_postings(terms.instrument, terms.currency, position.realised_change)


def realised_postings(instrument: str, currency: str, realised: Decimal) -> tuple[Posting, ...]:
    """What is realised of an instrument goes from its trading account to income."""
    return Posting(trading_account(instrument), currency, realised), Posting("Income:RealisedPnL", currency, -realised)


def settlement_postings(fact: SettlementEvent) -> Iterator[Posting]:
    """What a settlement moves, out of where it was expected."""
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


def penalty_postings(fact: PenaltyBooked) -> Iterator[Posting]:
    """The depository takes and gives penalties without being asked; what was too much goes back where it was."""
    total = sum((charge.amount for charge in fact.charges), ZERO)
    account = "Income:Penalties" if (total or -fact.amount) > 0 else "Expense:Penalties"
    yield Posting("Assets:Nostro", fact.terms.currency, fact.amount)
    yield Posting(account, fact.terms.currency, -fact.amount)


def _require_balance(key: str, postings: Sequence[Posting]) -> None:
    totals: dict[str, Decimal] = {}
    for posting in postings:
        totals[posting.asset] = totals.get(posting.asset, ZERO) + posting.quantity
    for asset, total in totals.items():
        if total:
            raise UnbalancedEntry(f"journal entry {key} is off by {total} {asset}")
