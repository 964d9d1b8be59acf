"""Counterparties: what each book has done with each of them; their 360-degree view sums over books."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import msgspec

from domain.events import (
    SettlementEvent,
    SettlementFailed,
    TradeBooked,
    TradeCancelled,
    TradeEvent,
    TradeSettled,
)
from domain.money import ZERO
from domain.schema import Recorded
from projections.projection import Document, View


class Relation(Document, kw_only=True):
    """Counts of trades and what became of them; ``settled_late`` after the settlement date; ``fees`` by currency."""

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
    columns: ClassVar[tuple[str, ...]] = ("book", "counterparty")
    document_type = Relation

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if isinstance(fact, TradeBooked | TradeCancelled | SettlementEvent | SettlementFailed):
            return (f"{fact.terms.book}/{fact.terms.counterparty}",)
        return ()

    def project(self, key: str, document: Relation | None, event: Recorded, _view: View) -> Relation:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        terms = fact.terms
        relation = document.copy() if document else Relation(
            id=key, book=terms.book, desk=terms.desk, entity=terms.entity, counterparty=terms.counterparty,
            first_trade_at=terms.executed_at, last_trade_at=terms.executed_at,
        )
        if isinstance(fact, TradeBooked):
            _book(relation, fact)
        elif isinstance(fact, SettlementEvent):
            relation.settlements += isinstance(fact, TradeSettled)
            relation.settled_late += fact.leg == "start" and fact.settled_on > terms.settlement_date
        elif isinstance(fact, SettlementFailed):
            relation.fails += 1
        else:
            relation.cancelled += 1
        return relation


def _book(relation: Relation, fact: TradeBooked) -> None:
    terms = fact.terms
    relation.trades += 1
    relation.first_trade_at = min(relation.first_trade_at, terms.executed_at)
    relation.last_trade_at = max(relation.last_trade_at, terms.executed_at)
    if terms.fees:
        paid = relation.fees.get(terms.currency, ZERO) + sum(terms.fees.values(), ZERO)
        relation.fees = {**relation.fees, terms.currency: paid}
