"""Settlements: what each leg of a trade obliges both sides to, and what has become of it."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from domain.commands.trades import FailCause
from domain.events import (
    ObligationEvent,
    PenaltyBooked,
    SettlementEvent,
    SettlementFailed,
    TermsReplaced,
    TradeBooked,
    TradeEnded,
    TradeEvent,
)
from domain.events.products import RateFixed
from domain.events.settlement import Leg
from domain.events.trades import Economics, Product
from domain.money import ZERO
from domain.schema import Recorded
from domain.trades.handling import ObligationState
from domain.trades.settlement import due
from domain.trades.state import COUNT_NO_MORE, TradeState
from projections.projection import Document, View, trades_are_new


class Step(msgspec.Struct, frozen=True, gc=False):
    """An event of the obligation: what it ``obliges`` to from then on, or what ``moved`` by it, or neither (a penalty
    has an ``amount`` all the same); ``on`` is the day due, settled, or charged through.
    """

    event: str
    type: str
    business_date: date
    recorded_at: datetime
    kind: Literal["obliges", "moved", "told"]
    product: Product
    asset: str
    currency: str
    quantity: Decimal = ZERO
    amount: Decimal = ZERO
    on: date | None = None


class Settlement(Document, kw_only=True):
    """All of ``quantity`` (in ``asset``) and ``amount`` (in ``currency``, fees and interest in it) is signed as we see
    it; ``cause`` is why it failed last, ``failed_on`` when first; ``steps`` are its events.
    """

    book: str
    desk: str
    entity: str
    trade_id: str
    leg: Leg
    status: ObligationState
    counterparty: str
    product: Product
    instrument: str
    asset: str
    currency: str
    due_on: date
    quantity: Decimal
    amount: Decimal
    fees: Decimal = ZERO
    settled_quantity: Decimal = ZERO
    settled_amount: Decimal = ZERO
    instruction: str = ""
    mismatch: str = ""
    held: bool = False
    net: str = ""
    cause: FailCause | None = None
    failed_on: date | None = None
    fails: int = 0
    penalties: Decimal = ZERO
    steps: tuple[Step, ...] = ()

    @property
    def open_quantity(self) -> Decimal:
        return self.quantity - self.settled_quantity if self.is_open else ZERO

    @property
    def open_amount(self) -> Decimal:
        return self.amount - self.settled_amount if self.is_open else ZERO

    @property
    def is_open(self) -> bool:
        """Whether something is still to be delivered or paid."""
        return self.status not in CLOSED


CLOSED: tuple[ObligationState, ...] = ("settled", "bought-in", "cancelled")
OPEN: tuple[ObligationState, ...] = ("issued", "instructed", "matched", "partially-settled", "failing")


class Settlements:
    """A booking issues one obligation a leg; a loan or deposit has its maturity too, due later."""

    name = "settlements"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ("trades",)
    appends = False
    is_new = trades_are_new
    columns: ClassVar[tuple[str, ...]] = (
        "book", "trade_id", "status", "counterparty", "instrument", "due_on", "net", "desk",
    )
    document_type = Settlement

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if type(fact) is TradeBooked:
            return _ids(fact.trade_id, fact.terms)
        if isinstance(fact, TermsReplaced):
            return tuple(dict.fromkeys((*_ids(fact.trade_id, fact.previous), *_ids(fact.trade_id, fact.terms))))
        if isinstance(fact, TradeEnded):
            return _ids(fact.trade_id, fact.terms)
        if isinstance(fact, ObligationEvent | SettlementEvent | SettlementFailed | PenaltyBooked):
            return (_id(fact.trade_id, fact.terms, fact.leg),)
        return (_id(fact.trade_id, fact.terms, "maturity"),) if isinstance(fact, RateFixed) else ()

    def project(self, key: str, document: Settlement | None, event: Recorded, view: View) -> Settlement | None:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        leg: Leg = "maturity" if key.endswith("/maturity") else "start"
        trade: TradeState = view.get("trades", f"{fact.terms.book}/{fact.trade_id}").state  # type: ignore[union-attr]
        if leg == "maturity" and fact.terms.loan is None:
            return _no_more(document, event)
        settlement = document.copy() if document else _issued(key, leg, fact)
        _agree(settlement, fact.terms)
        _take(settlement, trade, fact)
        settlement.steps = (*settlement.steps, _step(settlement, event))
        return settlement


def _id(trade_id: str, terms: Economics, leg: Leg) -> str:
    return f"{terms.book}/{trade_id}/{leg}"


def _ids(trade_id: str, terms: Economics) -> tuple[str, ...]:
    start = _id(trade_id, terms, "start")
    return (start,) if terms.loan is None else (start, _id(trade_id, terms, "maturity"))


def _issued(key: str, leg: Leg, fact: TradeEvent) -> Settlement:
    terms = fact.terms
    return Settlement(
        id=key, book=terms.book, desk=terms.desk, entity=terms.entity, trade_id=fact.trade_id, leg=leg, status="issued",
        counterparty=terms.counterparty, product=terms.product, instrument=terms.instrument, asset=terms.asset,
        currency=terms.currency, due_on=terms.settlement_date, quantity=ZERO, amount=ZERO,
    )


def _agree(settlement: Settlement, terms: Economics) -> None:
    """The obligation is what the terms say now; what has settled stays settled."""
    settlement.product, settlement.instrument, settlement.asset = terms.product, terms.instrument, terms.asset
    settlement.currency, settlement.fees = terms.currency, terms.total_fees
    settlement.quantity, settlement.amount = due(terms, settlement.leg)
    settlement.due_on = terms.settlement_date
    if settlement.leg == "maturity" and terms.loan is not None:
        settlement.due_on = terms.loan.maturity_date


def _take(settlement: Settlement, trade: TradeState, fact: TradeEvent) -> None:
    if isinstance(fact, SettlementEvent):
        settlement.settled_quantity, settlement.settled_amount = fact.settled_quantity, fact.settled_amount
    elif isinstance(fact, SettlementFailed):
        settlement.fails += 1
        settlement.cause = fact.cause
        settlement.failed_on = settlement.failed_on or fact.business_date
    elif isinstance(fact, PenaltyBooked):
        settlement.penalties += fact.amount
    if settlement.leg == trade.leg:
        handling = trade.handling
        settlement.status, settlement.instruction = trade.obligation, handling.instruction
        settlement.mismatch, settlement.held, settlement.net = handling.mismatch, handling.held, handling.net
    elif settlement.leg == "start":
        settlement.status = "settled"
    else:
        settlement.status = "cancelled" if trade.status in COUNT_NO_MORE else "issued"


def _step(settlement: Settlement, event: Recorded) -> Step:
    fact = event.event
    place = (event.id, event.type, fact.business_date, fact.recorded_at)
    of = (settlement.product, settlement.asset, settlement.currency)
    if isinstance(fact, SettlementEvent):
        return Step(*place, "moved", *of, fact.quantity, fact.amount, fact.settled_on)
    if isinstance(fact, PenaltyBooked):
        return Step(*place, "told", *of, ZERO, fact.amount, fact.through)
    if isinstance(fact, TradeBooked | TermsReplaced):
        return Step(*place, "obliges", *of, settlement.quantity, settlement.amount, settlement.due_on)
    return Step(*place, "told", *of)


def _no_more(document: Settlement | None, event: Recorded) -> Settlement | None:
    """A trade that was revised into one that has no maturity has nothing to repay."""
    if document is None:
        return None
    ended = document.copy()
    ended.status = "cancelled"
    fact = event.event
    place = (event.id, event.type, fact.business_date, fact.recorded_at)
    step = Step(*place, "told", ended.product, ended.asset, ended.currency)
    ended.steps = (*ended.steps, step)
    return ended
