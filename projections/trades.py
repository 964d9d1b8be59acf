"""Trades: current terms, status, versions and settlement."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar

from domain.events import SettlementEvent, SettlementFailed, TradeBooked, TradeEvent
from domain.schema import Recorded
from domain.trades.obligations import due_on as due_date
from domain.trades.state import Status, TradeState, booked, evolve_trade
from projections.projection import Document, View, trades_are_new


class Trade(Document, kw_only=True):
    """``state`` is what the rules know of the trade; the fields beside it are there to be filtered by."""

    book: str
    trade_id: str
    status: Status
    counterparty: str
    instrument: str
    due_on: date
    booked_at: datetime
    changed_at: datetime
    settled_on: date | None = None
    fails: int = 0
    state: TradeState


class Trades:
    """The same fold that the rules use, kept for reading."""

    name = "trades"
    version = 2
    needs: ClassVar[tuple[str, ...]] = ()
    appends = False
    is_new = trades_are_new
    columns: ClassVar[tuple[str, ...]] = ("book", "trade_id", "status", "counterparty", "instrument", "due_on")
    document_type = Trade

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        return (f"{fact.terms.book}/{fact.trade_id}",) if isinstance(fact, TradeEvent) else ()

    def project(self, key: str, document: Trade | None, event: Recorded, _view: View) -> Trade:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        if type(fact) is TradeBooked:
            return _booked(key, fact, event)
        state = evolve_trade(document.state if document else None, event.version, event.sequence, fact)
        assert state is not None
        terms = state.terms
        due_on = due_date(state)
        settled_on = document.settled_on if document else None
        return Trade(
            id=key, book=terms.book, trade_id=fact.trade_id, status=state.status, counterparty=terms.counterparty,
            instrument=terms.instrument, due_on=due_on, state=state, changed_at=fact.recorded_at,
            booked_at=document.booked_at if document else fact.recorded_at,
            settled_on=fact.settled_on if isinstance(fact, SettlementEvent) else settled_on,
            fails=(document.fails if document else 0) + isinstance(fact, SettlementFailed),
        )


def _booked(key: str, fact: TradeBooked, event: Recorded) -> Trade:
    terms = fact.terms
    return Trade(
        id=key, book=terms.book, trade_id=fact.trade_id, status="booked", counterparty=terms.counterparty,
        instrument=terms.instrument, due_on=terms.settlement_date, booked_at=fact.recorded_at,
        changed_at=fact.recorded_at, state=booked(fact, event.version, event.sequence),
    )
