"""What the rules remember of one trade."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec.structs import replace

from domain.events import (
    AllocationWithdrawn,
    Event,
    OptionAssigned,
    OptionExercised,
    OptionExpired,
    SettlementEvent,
    SettlementFailed,
    TermsReplaced,
    TradeAffirmed,
    TradeAllocated,
    TradeBooked,
    TradeCancelled,
    TradeCompressed,
    TradeCorrected,
    TradeEnded,
    TradeEvent,
    TradeNovated,
    TradePartiallyNovated,
    TradePartiallySettled,
    TradeReallocated,
    TradeSettled,
    TradeTerminated,
)
from domain.events.products import OptionEvent
from domain.events.trades import Economics
from domain.money import ZERO
from domain.trades.handling import UNTOUCHED, Handling, ObligationState, evolve_handling

Leg = Literal["start", "maturity"]
Status = Literal[
    "booked", "affirmed", "partially-settled", "failing", "settled", "matured", "cancelled", "exercised", "assigned",
    "expired", "allocated", "withdrawn", "novated", "compressed", "terminated",
]
COUNT_NO_MORE: frozenset[Status] = frozenset({"cancelled", "allocated", "withdrawn", "novated", "compressed"})
"""What such a trade was is in the books no more, or is there as other trades."""
CLOSED = COUNT_NO_MORE | {"matured", "exercised", "assigned", "expired"}


class TradeState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``settled_quantity`` and ``settled_amount`` are of the current ``leg``, signed as it moves; a loan or deposit
    whose start has settled is ``settled`` and goes on with its maturity. ``terms_sequence`` is the event that set the
    terms, ``held_from`` when these began to hold. ``instruments`` are those of earlier revisions, where they were
    others, and ``entries`` the movements of revisions in parts. It came of its ``parents`` and became its ``children``.
    ``used`` are the contracts of an option that were exercised or assigned, or have expired.
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
    held_from: datetime
    instruments: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    account: str | None = None
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
        if self.status == "terminated":
            return self.terms.amount - self.terms.total_fees != self.settled_amount
        return self.status not in CLOSED and not (self.status == "settled" and not self.is_loan)

    @property
    def is_derived(self) -> bool:
        """Whether it was not dealt itself, but took over what others were dealt at."""
        return bool(self.parents and self.terms.parts)

    @property
    def obligation(self) -> ObligationState:
        """Where the obligation of the current leg stands."""
        nothing_to_pay = self.status == "terminated" and self.terms.amount == self.terms.total_fees
        if self.status in COUNT_NO_MORE or nothing_to_pay:
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
    terms = event.terms
    return TradeState(
        trade_id=event.trade_id, version=version, revision=1, status="booked", terms=terms, terms_sequence=sequence,
        held_from=_held_from(terms, event.effective_at), parents=event.parents, account=event.account,
    )


def evolve_trade(state: TradeState | None, version: int, sequence: int, event: Event) -> TradeState | None:
    """The trade after ``event``; what is not about a trade leaves it as it was."""
    if isinstance(event, TradeBooked):
        return booked(event, version, sequence)
    if state is None or not isinstance(event, TradeEvent):
        return state
    return replace(_changed(state, event, sequence), version=version, revision=event.revision, terms=event.terms)


def _changed(state: TradeState, event: TradeEvent, sequence: int) -> TradeState:
    state = replace(state, handling=evolve_handling(state.handling, event))
    match event:
        case TermsReplaced():
            return _revised(state, event, sequence)
        case TradeEnded() | TradeReallocated():
            # Those that come of a block another time cannot hold before the first did.
            held_from, children = max(event.effective_at, state.held_from), _children(state, event)
            return replace(state, status=_ENDED[type(event)], children=children, held_from=held_from)
        case TradeAffirmed() | SettlementFailed() if state.status != "terminated":
            return replace(state, status="affirmed" if isinstance(event, TradeAffirmed) else "failing")
        case OptionEvent():
            used = event.terms.quantity - event.left
            return replace(state, used=used, status=state.status if event.left else _LAST[type(event)])
        case SettlementEvent():
            return _settled(state, event)
    return state


_LAST: dict[type[Event], Status] = {
    OptionExercised: "exercised", OptionAssigned: "assigned", OptionExpired: "expired",
}
_ENDED: dict[type[TradeEvent], Status] = {
    TradeCancelled: "cancelled", TradeAllocated: "allocated", TradeReallocated: "allocated", TradeNovated: "novated",
    AllocationWithdrawn: "withdrawn", TradeCompressed: "compressed",
}


def _children(state: TradeState, event: TradeEvent) -> tuple[str, ...]:
    if isinstance(event, TradeAllocated | TradeReallocated):
        return event.children
    if isinstance(event, TradeNovated | TradePartiallyNovated | TradeCompressed):
        return (*state.children, event.successor)
    return state.children


def _revised(state: TradeState, event: TermsReplaced, sequence: int) -> TradeState:
    """A revision must be affirmed anew; what has settled already stays settled."""
    old, instruments, entries = state.terms, state.instruments, state.entries
    if event.terms.instrument != old.instrument:
        instruments = tuple(dict.fromkeys((*instruments, old.instrument)))
    if old.parts:
        entries += tuple([entry_of(old, state.revision, place) for place in range(len(old.parts))])
    held_from = state.held_from
    if not isinstance(event, TradeCorrected):
        held_from = max(event.effective_at, held_from)
    elif event.terms.executed_at != old.executed_at:
        held_from = event.effective_at
    status: Status = "partially-settled" if state.settled_quantity else "booked"
    return replace(
        state, status="terminated" if isinstance(event, TradeTerminated) else status, terms_sequence=sequence,
        instruments=instruments, entries=entries, children=_children(state, event),
        held_from=_held_from(event.terms, held_from),
    )


def entry_of(terms: Economics, revision: int, place: int) -> str:
    """Which movement of a trade one of the parts of a revision is."""
    return f"{terms.instrument}/{revision:04d}.{place:03d}"


def _held_from(terms: Economics, otherwise: datetime) -> datetime:
    return min(part.held_from for part in terms.parts) if terms.parts else otherwise


def _settled(state: TradeState, event: SettlementEvent) -> TradeState:
    status = state.status if state.status == "terminated" else _settled_status(event)
    leg, quantity, amount = state.leg, event.settled_quantity, event.settled_amount
    handling = state.handling
    if status == "settled" and state.is_loan:
        leg, quantity, amount, handling = "maturity", ZERO, ZERO, UNTOUCHED
    return replace(
        state, status=status, leg=leg, settled_quantity=quantity, settled_amount=amount, handling=handling
    )


def _settled_status(event: SettlementEvent) -> Status:
    if isinstance(event, TradePartiallySettled):
        return "partially-settled"
    assert isinstance(event, TradeSettled)
    return "matured" if event.leg == "maturity" else "settled"
