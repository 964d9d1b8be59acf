"""Counterparties: what each book has done with each of them; their 360-degree view sums over books."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from domain.events import (
    ObligationEvent,
    PenaltyBooked,
    SettlementFailed,
    TermsReplaced,
    TradeAffirmed,
    TradeBooked,
    TradeCancelled,
    TradeEnded,
    TradeEvent,
    TradePartiallySettled,
    TradeReallocated,
    TradeSettled,
)
from domain.events.products import OptionEvent, RateFixed
from domain.events.trades import Economics
from domain.money import ZERO
from domain.schema import Recorded
from projections.projection import Document, View, nothing_new

QUIET = (
    TradeAffirmed, TradePartiallySettled, TradeReallocated, ObligationEvent, PenaltyBooked, OptionEvent, RateFixed,
)


class Relation(Document, kw_only=True):
    """Counts of trades and what became of them; ``settled_late`` are the settlements completed after they
    were due, ``fees`` by currency those of the trades that stand.
    """

    book: str
    desk: str
    entity: str
    counterparty: str
    trades: int = 0
    cancelled: int = 0
    settlements: int = 0
    settled_late: int = 0
    fails: int = 0
    fees: dict[str, Decimal] = msgspec.field(default_factory=dict)
    first_trade_at: datetime
    last_trade_at: datetime


class Relations:
    """One document a book and counterparty."""

    name = "counterparties"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ()
    appends = False
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("book", "counterparty")
    document_type = Relation

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is TradeBooked:
            return (f"{fact.terms.book}/{fact.terms.counterparty}",)
        if not isinstance(fact, TradeEvent) or isinstance(fact, QUIET):
            return ()
        return (f"{fact.terms.book}/{fact.terms.counterparty}",)

    def project(self, key: str, document: Relation | None, event: Recorded, _view: View) -> Relation:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        terms = fact.terms
        relation = document.copy() if document else Relation(
            id=key, book=terms.book, desk=terms.desk, entity=terms.entity, counterparty=terms.counterparty,
            first_trade_at=terms.executed_at, last_trade_at=terms.executed_at,
        )
        if type(fact) is TradeBooked:
            _book(relation, fact)
            return relation
        match fact:
            case TermsReplaced():
                _pay(relation, fact.previous, -1)
                _pay(relation, terms, 1)
            case TradeEnded():
                relation.cancelled += isinstance(fact, TradeCancelled)
                _pay(relation, terms, -1)
            case TradeSettled():
                relation.settlements += 1
                relation.settled_late += fact.settled_on > _due_on(fact)
            case SettlementFailed():
                relation.fails += 1
        return relation


def _book(relation: Relation, fact: TradeBooked) -> None:
    terms = fact.terms
    relation.trades += 1
    if terms.executed_at > relation.last_trade_at:
        relation.last_trade_at = terms.executed_at
    elif terms.executed_at < relation.first_trade_at:
        relation.first_trade_at = terms.executed_at
    _pay(relation, terms, 1)


def _pay(relation: Relation, terms: Economics, sign: int) -> None:
    if terms.fees:
        fees = relation.fees.copy()
        fees[terms.currency] = fees.get(terms.currency, ZERO) + sign * terms.total_fees
        if not fees[terms.currency]:
            del fees[terms.currency]
        relation.fees = fees


def _due_on(fact: TradeSettled) -> date:
    terms = fact.terms
    return terms.loan.maturity_date if terms.loan and fact.leg == "maturity" else terms.settlement_date
