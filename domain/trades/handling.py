"""How the obligation of a trade's current leg is handled on its way to settlement."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec.structs import replace

from domain.commands.trades import FailCause
from domain.events import (
    InstructionCancelled,
    PenaltyBooked,
    SettlementBoughtIn,
    SettlementEvent,
    SettlementFailed,
    SettlementHeld,
    SettlementInstructed,
    SettlementMatched,
    SettlementMismatched,
    SettlementNetted,
    SettlementReleased,
    SettlementUnnetted,
    TermsReplaced,
    TradeEvent,
)
from domain.events.settlement import PenaltyCharge

ObligationState = Literal[
    "issued", "instructed", "matched", "partially-settled", "failing", "bought-in", "settled", "cancelled"
]


class Part(msgspec.Struct, frozen=True, gc=False):
    """What moved of the quantity on one day."""

    settled_on: date
    quantity: Decimal


class Handling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """``cause`` is why it failed last, ``charges`` what that has cost, day by day."""

    instruction: str = ""
    matched: bool = False
    mismatch: str = ""
    held: bool = False
    net: str = ""
    bought_in: bool = False
    cause: FailCause | None = None
    parts: tuple[Part, ...] = ()
    charges: tuple[PenaltyCharge, ...] = ()


UNTOUCHED = Handling()


def evolve_handling(handling: Handling, event: TradeEvent) -> Handling:  # noqa: PLR0911
    """The handling of the same leg after ``event``."""
    match event:
        case SettlementInstructed():
            return replace(handling, instruction=event.instruction, matched=False, mismatch="")
        case SettlementMatched():
            return replace(handling, matched=True, mismatch="")
        case SettlementMismatched():
            return replace(handling, matched=False, mismatch=event.difference)
        case SettlementHeld() | SettlementReleased():
            return replace(handling, held=isinstance(event, SettlementHeld))
        case SettlementNetted():
            return replace(handling, net=event.net, instruction=event.net, matched=False, mismatch="")
        case SettlementUnnetted():
            return replace(handling, net="", instruction="", matched=False, mismatch="")
        case InstructionCancelled() | TermsReplaced():
            # What was instructed is not what is to settle any more.
            return replace(handling, instruction="", matched=False, mismatch="")
        case SettlementFailed():
            return replace(handling, cause=event.cause)
        case PenaltyBooked():
            return replace(handling, charges=event.charges)
        case SettlementEvent():
            part = Part(event.settled_on, event.quantity)
            return replace(
                handling, parts=(*handling.parts, part), bought_in=isinstance(event, SettlementBoughtIn)
            )
    return handling
