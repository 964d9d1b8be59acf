"""What the rules remember of one trade."""

from decimal import Decimal
from typing import Literal

import msgspec

from domain.events import (
    Event,
    OptionAssigned,
    OptionExercised,
    OptionExpired,
    SettlementEvent,
    SettlementFailed,
    TradeAffirmed,
    TradeAmended,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEvent,
    TradePartiallySettled,
    TradeSettled,
)
from domain.events.products import OptionEvent
from domain.events.trades import Economics
from domain.money import ZERO
from domain.trades.handling import UNTOUCHED, Handling, ObligationState, evolve_handling

Leg = Literal["start", "maturity"]
Status = Literal[
    "booked", "affirmed", "partially-settled", "failing", "settled", "matured", "cancelled", "exercised", "assigned",
    "expired",
]
CLOSED = frozenset({"cancelled", "matured", "exercised", "assigned", "expired"})


class TradeState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``settled_quantity`` and ``settled_amount`` are of the current ``leg``, signed as it moves; a loan or deposit
    whose start has settled is ``settled`` and goes on with its maturity. ``terms_sequence`` is the event that set the
    terms. ``instruments`` are those of earlier revisions, where they were others. ``used`` are the contracts of an
    option that were exercised or assigned, or have expired.
    """

    trade_id: str
    version: int
    revision: int
    status: Status
    terms: Economics
    settled_quantity: Decimal = ZERO
    settled_amount: Decimal = ZERO
    leg: Leg = "start"
    terms_sequence: int = 0
    instruments: tuple[str, ...] = ()
    handling: Handling = UNTOUCHED
    used: Decimal = ZERO

    @property
    def contracts_left(self) -> Decimal:
        """Of an option: those that were neither exercised nor assigned and have not expired."""
        return self.terms.quantity - self.used

    @property
    def is_loan(self) -> bool:
        return self.terms.loan is not None

    @property
    def is_open(self) -> bool:
        """Whether something is still to be delivered or paid."""
        return self.status not in CLOSED and not (self.status == "settled" and not self.is_loan)

    @property
    def obligation(self) -> ObligationState:
        """Where the obligation of the current leg stands."""
        if self.status == "cancelled":
            return "cancelled"
        if not self.is_open:
            return "bought-in" if self.handling.bought_in else "settled"
        if self.status in {"failing", "partially-settled"}:
            return "failing" if self.status == "failing" else "partially-settled"
        if self.handling.matched:
            return "matched"
        return "instructed" if self.handling.instruction else "issued"


def booked(event: TradeBooked, version: int, sequence: int) -> TradeState:
    """A trade at its beginning."""
    return TradeState(
        trade_id=event.trade_id, version=version, revision=1, status="booked", terms=event.terms,
        terms_sequence=sequence,
    )


def evolve_trade(state: TradeState | None, version: int, sequence: int, event: Event) -> TradeState | None:
    """The trade after ``event``; what is not about a trade leaves it as it was."""
    if isinstance(event, TradeBooked):
        return booked(event, version, sequence)
    if state is None or not isinstance(event, TradeEvent):
        return state
    return _changed(state, version, sequence, event)


def _changed(state: TradeState, version: int, sequence: int, event: TradeEvent) -> TradeState:
    status, leg, terms_sequence = state.status, state.leg, state.terms_sequence
    instruments = state.instruments
    settled_quantity, settled_amount = state.settled_quantity, state.settled_amount
    handling, used = evolve_handling(state.handling, event), state.used
    match event:
        case TradeAmended() | TradeCorrected():
            # A revision must be affirmed anew; what has settled already stays settled.
            status = "partially-settled" if settled_quantity else "booked"
            terms_sequence = sequence
            if event.terms.instrument != state.terms.instrument:
                instruments = tuple(dict.fromkeys((*instruments, state.terms.instrument)))
        case TradeCancelled():
            status = "cancelled"
        case TradeAffirmed():
            status = "affirmed"
        case OptionEvent():
            used = event.terms.quantity - event.left
            status = status if event.left else _LAST[type(event)]
        case SettlementFailed():
            status = "failing"
        case SettlementEvent():
            status = _settled_status(event)
            settled_quantity, settled_amount = event.settled_quantity, event.settled_amount
            if status == "settled" and state.is_loan:
                leg, settled_quantity, settled_amount, handling = "maturity", ZERO, ZERO, UNTOUCHED
    return TradeState(
        trade_id=state.trade_id, version=version, revision=event.revision, status=status, terms=event.terms,
        settled_quantity=settled_quantity, settled_amount=settled_amount, leg=leg, terms_sequence=terms_sequence,
        instruments=instruments, handling=handling, used=used,
    )


_LAST: dict[type[Event], Status] = {
    OptionExercised: "exercised", OptionAssigned: "assigned", OptionExpired: "expired",
}


def _settled_status(event: SettlementEvent) -> Status:
    if isinstance(event, TradePartiallySettled):
        return "partially-settled"
    assert isinstance(event, TradeSettled)
    return "matured" if event.leg == "maturity" else "settled"
