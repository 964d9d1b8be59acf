"""Facts about what a trade obliges both sides to, beside what has moved (``domain.events.trades``)."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from domain.commands.regimes import PenaltyKind
from domain.events.envelope import Event
from domain.events.trades import StatusEvent, TradeEvent, TradeSettled

Leg = Literal["start", "maturity"]


class ObligationEvent(StatusEvent, frozen=True, kw_only=True):
    """About the obligation of one ``leg`` of a trade."""

    leg: Leg = "start"


class SettlementInstructed(ObligationEvent, frozen=True, kw_only=True):
    instruction: str


class SettlementMatched(ObligationEvent, frozen=True, kw_only=True):
    pass


class SettlementMismatched(ObligationEvent, frozen=True, kw_only=True):
    difference: str


class InstructionCancelled(ObligationEvent, frozen=True, kw_only=True):
    instruction: str


class SettlementHeld(ObligationEvent, frozen=True, kw_only=True):
    pass


class SettlementReleased(ObligationEvent, frozen=True, kw_only=True):
    pass


class SettlementNetted(ObligationEvent, frozen=True, kw_only=True):
    """What is open settles with ``net`` from now on."""

    net: str


class SettlementUnnetted(ObligationEvent, frozen=True, kw_only=True):
    net: str


class SettlementBoughtIn(TradeSettled, frozen=True, kw_only=True):
    """What was open came from a buy-in agent at ``price``; the difference to the trade's own is the counterparty's."""

    price: Decimal


class PenaltyCharge(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One business day of a fail: ``quantity`` was open at ``price``; ``amount`` is rounded to the minor unit, above
    zero when we receive it.
    """

    day: date
    quantity: Decimal
    price: Decimal
    kind: PenaltyKind
    rate: Decimal
    amount: Decimal


class PenaltyBooked(TradeEvent, frozen=True, kw_only=True):
    """``charges`` are all days charged so far; ``amount`` is what this event adds to what was booked before, above zero
    when we receive it, below when we pay, in the currency of the trade.
    """

    charges: tuple[PenaltyCharge, ...]
    amount: Decimal
    through: date
    leg: Leg = "start"


class NetEvent(Event, frozen=True, kw_only=True):
    """``quantity`` and ``amount`` are the exact sums of what was open of its trades."""

    net_id: str
    book: str
    counterparty: str
    instrument: str
    currency: str
    due_on: date
    trade_ids: tuple[str, ...]
    quantity: Decimal
    amount: Decimal


class NetInstructed(NetEvent, frozen=True, kw_only=True):
    pass


class NetSettled(NetEvent, frozen=True, kw_only=True):
    settled_on: date


class NetDissolved(NetEvent, frozen=True, kw_only=True):
    pass
