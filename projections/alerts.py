"""Alerts: trades off the market, and wash trades, with the evidence as it was."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal

from msgspec.structs import replace

from domain.events import (
    QuantityChanged,
    TradeAmended,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEvent,
)
from domain.events.trades import Economics
from domain.schema import Recorded
from projections.activity import WINDOW, RecentFill, activity_id
from projections.projection import Document, View

Kind = Literal["off-market", "wash-same-owner", "wash-round-trip"]
PARAMETERS = "2026-11-26"
OFF_MARKET_PERCENT = Decimal(5)
FAR_OFF_MARKET_PERCENT = Decimal(20)
HUNDRED = Decimal(100)


class Alert(Document, kw_only=True):
    """``events`` are the facts it rests on, ``evidence`` the figures; ``parameters`` names the version of the rules.
    A cancellation takes nothing away: ``cancelled`` names the trades that were cancelled since, but of a round trip
    only the later one, by which it goes.
    """

    kind: Kind
    severity: Literal["medium", "high"]
    book: str
    desk: str
    instrument: str
    counterparty: str
    trader: str
    trades: tuple[str, ...]
    events: tuple[str, ...]
    evidence: dict[str, str]
    parameters: str = PARAMETERS
    raised_at: datetime
    cancelled: tuple[str, ...] = ()
    status: Literal["open"] = "open"


class Alerts:
    """A fill between two books of one owner is one alert in each book, however many of its legs are booked there. A
    revision that moves the price off the market is an alert of its own.
    """

    name = "alerts"
    version = 2
    needs: ClassVar[tuple[str, ...]] = ("activity",)
    appends = False
    columns: ClassVar[tuple[str, ...]] = ("book", "kind", "desk", "severity")
    document_type = Alert

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is TradeBooked:
            return _booked(fact)
        if isinstance(fact, TradeAmended | TradeCorrected | QuantityChanged):
            old, new = fact.previous, fact.terms
            dealt = (new.instrument, new.at_spot) != (old.instrument, old.at_spot)
            moved = dealt and _is_off_market(_dealt(fact))
            return (f"{fact.terms.book}/off-market/{fact.trade_id}/{fact.revision:04d}",) if moved else ()
        return tuple(_possible(fact)) if isinstance(fact, TradeCancelled) else ()

    def is_new(self, event: Recorded) -> bool:
        # The other leg of a fill between two books of one owner may have raised the alert.
        return type(event.event) is TradeBooked and event.event.terms.contra_owner != event.event.terms.owner

    def project(self, key: str, document: Alert | None, event: Recorded, view: View) -> Alert | None:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        if isinstance(fact, TradeCancelled):
            return _cancelled(document, fact)
        kind = key.split("/")[1]
        if kind == "off-market":
            return _off_market(key, fact, event)
        if kind == "wash-same-owner":
            return _same_owner(key, document, fact, event)
        return _round_trip(key, fact, event, view)


def _dealt(fact: TradeEvent) -> Economics:
    """The terms with the price that was agreed with this event."""
    return replace(fact.terms, price=fact.change.price) if isinstance(fact, QuantityChanged) else fact.terms


def _booked(fact: TradeBooked) -> list[str]:
    if fact.parents:
        # What came of other trades was dealt with them.
        return []
    terms = fact.terms
    keys = [f"{terms.book}/off-market/{fact.trade_id}"] if _is_off_market(terms) else []
    if terms.contra_owner == terms.owner:
        keys.append(f"{terms.book}/wash-same-owner/{terms.execution_id or fact.trade_id}")
    elif terms.loan is None:
        keys.append(f"{terms.book}/wash-round-trip/{fact.trade_id}")
    return keys


def _possible(fact: TradeCancelled) -> Iterator[str]:
    """Every alert that the trade may have raised."""
    terms, trade_id = fact.terms, fact.trade_id
    yield f"{terms.book}/off-market/{trade_id}"
    yield from (f"{terms.book}/off-market/{trade_id}/{revision:04d}" for revision in range(2, fact.revision + 1))
    yield f"{terms.book}/wash-same-owner/{terms.execution_id or trade_id}"
    yield f"{terms.book}/wash-round-trip/{trade_id}"


def _is_off_market(terms: Economics) -> bool:
    mark = terms.mark
    return mark is not None and mark != 0 and abs(terms.at_spot - mark) * HUNDRED > OFF_MARKET_PERCENT * abs(mark)


def _cancelled(document: Alert | None, fact: TradeCancelled) -> Alert | None:
    if document is None or fact.trade_id not in document.trades:
        return None
    alert = document.copy()
    alert.cancelled = (*document.cancelled, fact.trade_id)
    return alert


def _off_market(key: str, fact: TradeEvent, event: Recorded) -> Alert:
    terms = _dealt(fact)
    mark = terms.mark or terms.at_spot
    far = abs(terms.at_spot - mark) * HUNDRED > FAR_OFF_MARKET_PERCENT * abs(mark)
    evidence = {"price": f"{terms.at_spot:f}", "mark": f"{mark:f}", "tolerance_percent": f"{OFF_MARKET_PERCENT:f}"}
    return _alert(key, "off-market", fact, event, evidence, severity="high" if far else "medium")


def _same_owner(key: str, document: Alert | None, fact: TradeEvent, event: Recorded) -> Alert:
    if document is not None:
        alert = document.copy()
        alert.trades, alert.events = (*document.trades, fact.trade_id), (*document.events, event.id)
        return alert
    evidence = {"owner": fact.terms.owner, "contra_book": fact.terms.contra_book or ""}
    return _alert(key, "wash-same-owner", fact, event, evidence, severity="high")


def _round_trip(key: str, fact: TradeEvent, event: Recorded, view: View) -> Alert | None:
    terms = fact.terms
    activity = view.get("activity", activity_id(terms))
    if activity is None or len(activity.fills) == 1:
        return None
    back = _opposite(terms, activity.fills)
    if back is None:
        return None
    evidence = {"quantity": f"{abs(terms.quantity):f}", "price": f"{terms.price:f}", "first": back.trade_id}
    alert = _alert(key, "wash-round-trip", fact, event, evidence, severity="medium")
    alert.trades, alert.events = (back.trade_id, fact.trade_id), (back.event, event.id)
    return alert


def _opposite(terms: Economics, fills: Sequence[RecentFill]) -> RecentFill | None:
    quantity, price = -terms.quantity, terms.price
    for fill in fills:
        # A back-dated fill stands among fills that were executed much later.
        if fill.quantity == quantity and fill.price == price and abs(fill.executed_at - terms.executed_at) <= WINDOW:
            return fill
    return None


def _alert(
    key: str, kind: Kind, fact: TradeEvent, event: Recorded, evidence: dict[str, str], *,
    severity: Literal["medium", "high"],
) -> Alert:
    terms = fact.terms
    return Alert(
        id=key, kind=kind, severity=severity, book=terms.book, desk=terms.desk, instrument=terms.instrument,
        counterparty=terms.counterparty, trader=terms.trader, trades=(fact.trade_id,), events=(event.id,),
        evidence=evidence, raised_at=fact.recorded_at,
    )
