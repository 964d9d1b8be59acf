"""Activity: the last few fills of a book with a counterparty in an instrument, in which round trips are looked for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec

from domain.events import TermsReplaced, TradeBooked, TradeCancelled
from domain.events.trades import Economics
from domain.schema import Recorded
from projections.projection import Document, View, nothing_new

WINDOW = timedelta(minutes=5)
MOST_FILLS = 20


class RecentFill(msgspec.Struct, frozen=True):
    """A booked trade, as far as a round trip needs it."""

    trade_id: str
    executed_at: datetime
    quantity: Decimal
    price: Decimal
    event: str


class Activity(Document, kw_only=True):
    """The fills of the last five minutes, at most twenty."""

    book: str
    fills: tuple[RecentFill, ...] = ()


class RecentActivity:
    """One document a book, instrument and counterparty. What was cancelled, or is another's
    since, was no fill of it.
    """

    name = "activity"
    version = 2
    needs: ClassVar[tuple[str, ...]] = ()
    appends = False
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ()
    document_type = Activity

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is TradeBooked:
            return () if fact.terms.loan is not None or fact.parents else (activity_id(fact.terms),)
        if isinstance(fact, TermsReplaced) and fact.previous.loan is None:
            return () if activity_id(fact.previous) == activity_id(fact.terms) else (activity_id(fact.previous),)
        return (activity_id(fact.terms),) if isinstance(fact, TradeCancelled) and fact.terms.loan is None else ()

    def project(self, key: str, document: Activity | None, event: Recorded, _view: View) -> Activity | None:
        fact = event.event
        if isinstance(fact, TradeCancelled | TermsReplaced):
            return _without(document, fact.trade_id)
        assert isinstance(fact, TradeBooked)
        terms = fact.terms
        since = terms.executed_at - WINDOW
        earlier = [fill for fill in document.fills if fill.executed_at >= since] if document else []
        fill = RecentFill(fact.trade_id, terms.executed_at, terms.quantity, terms.price, event.id)
        return Activity(id=key, book=terms.book, fills=(*earlier[1 - MOST_FILLS :], fill))


def _without(document: Activity | None, trade_id: str) -> Activity | None:
    if document is None or all(fill.trade_id != trade_id for fill in document.fills):
        return None
    fills = tuple(fill for fill in document.fills if fill.trade_id != trade_id)
    return Activity(id=document.id, book=document.book, fills=fills)


def activity_id(terms: Economics) -> str:
    """The id of the activity that a trade belongs to."""
    return f"{terms.book}/{terms.instrument}/{terms.counterparty}"
