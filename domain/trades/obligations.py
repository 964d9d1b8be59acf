"""What each command does to the obligation of a trade: it never changes what was traded."""

from datetime import date
from decimal import Decimal
from typing import Any

from domain.commands import (
    BookPenalty,
    BuyIn,
    CancelInstruction,
    FailSettlement,
    HoldSettlement,
    InstructSettlement,
    MatchSettlement,
    ReleaseSettlement,
    ReportMismatch,
    SettleTrade,
)
from domain.commands.trades import TradeCommand
from domain.decider import Envelope
from domain.events import (
    Event,
    InstructionCancelled,
    SettlementBoughtIn,
    SettlementFailed,
    SettlementHeld,
    SettlementInstructed,
    SettlementMatched,
    SettlementMismatched,
    SettlementReleased,
    TradePartiallySettled,
    TradeSettled,
)
from domain.events.trades import PAIRS
from domain.money import require_amount
from domain.refusals import Refused
from domain.trades.penalties import Tariffs, book_penalty
from domain.trades.settlement import Movement, due, settle
from domain.trades.state import TradeState

ABOUT_OBLIGATIONS = (
    SettleTrade, FailSettlement, InstructSettlement, MatchSettlement, ReportMismatch, CancelInstruction, HoldSettlement,
    ReleaseSettlement, BuyIn, BookPenalty,
)


def handle(
    trade: TradeState, command: TradeCommand, dated: Envelope, today: date | None, facts: Tariffs
) -> Event:
    """The one event that a command about an obligation leads to.

    Raises:
        Refused: when the obligation is not in a state for it.
    """
    match command:
        case BookPenalty():
            return book_penalty(trade, command, dated, today, facts)
        case SettleTrade():
            return settled(trade, command, dated, today)
        case FailSettlement():
            return _failed(trade, command, dated, today)
        case BuyIn():
            return _bought_in(trade, command, dated, today)
    return _handled(trade, command, about(trade, dated))


def settled(
    trade: TradeState, command: SettleTrade, dated: Envelope, today: date | None, *, with_net: bool = False
) -> Event:
    """What moves when a trade settles, by itself or with its net."""
    if not with_net:
        require_not_netted(trade)
    movement = settle(trade, command, dated["business_date"], today)
    require_not_held(trade)
    kind = TradeSettled if movement.complete else TradePartiallySettled
    return kind(**about(trade, dated), **moved(movement))


def require_open(trade: TradeState) -> None:
    if not trade.is_open:
        raise Refused("nothing-open", f"trade {trade.trade_id} is {trade.status}: nothing is open")


def require_not_netted(trade: TradeState) -> None:
    """What is netted changes, settles and is instructed with its net."""
    if trade.handling.net:
        raise Refused("netted", f"trade {trade.trade_id} settles with net {trade.handling.net}: dissolve that first")


def require_not_held(trade: TradeState) -> None:
    if trade.handling.held:
        raise Refused("on-hold", f"the settlement of trade {trade.trade_id} is on hold: release it first")


def due_on(trade: TradeState) -> date:
    """When the current leg is to settle."""
    loan = trade.terms.loan
    return loan.maturity_date if loan is not None and trade.leg == "maturity" else trade.terms.settlement_date


def open_of(trade: TradeState) -> tuple[Decimal, Decimal]:
    """The quantity and amount that are still to move."""
    quantity, amount = due(trade.terms, trade.leg)
    return quantity - trade.settled_quantity, amount - trade.settled_amount


def _handled(trade: TradeState, command: TradeCommand, fields: dict[str, Any]) -> Event:
    require_open(trade)
    handling = trade.handling
    match command:
        case HoldSettlement():
            require_not_held(trade)
            return SettlementHeld(**fields)
        case ReleaseSettlement():
            if not handling.held:
                raise _wrong(trade, "is not on hold")
            return SettlementReleased(**fields)
    if isinstance(command, InstructSettlement | CancelInstruction):
        require_not_netted(trade)
    if isinstance(command, InstructSettlement):
        if handling.instruction:
            raise _wrong(trade, f"is instructed as {handling.instruction} already")
        return SettlementInstructed(**fields, instruction=command.instruction)
    if not handling.instruction:
        raise _wrong(trade, "is not instructed")
    match command:
        case CancelInstruction():
            return InstructionCancelled(**fields, instruction=handling.instruction)
        case MatchSettlement():
            if handling.matched:
                raise _wrong(trade, "is matched already")
            return SettlementMatched(**fields)
        case ReportMismatch():
            return SettlementMismatched(**fields, difference=command.difference)
    raise AssertionError(f"no rule for {type(command).__name__}")


def _failed(trade: TradeState, command: FailSettlement, dated: Envelope, today: date | None) -> Event:
    require_open(trade)
    due_day = due_on(trade)
    if today is not None and due_day > today:
        raise Refused("not-due", f"trade {trade.trade_id} is due on {due_day}, not before")
    return SettlementFailed(**about(trade, dated), open_quantity=open_of(trade)[0], cause=command.cause)


def _bought_in(trade: TradeState, command: BuyIn, dated: Envelope, today: date | None) -> Event:
    require_not_netted(trade)
    if trade.obligation != "failing":
        raise _wrong(trade, f"is {trade.obligation}: only what is failing is bought in")
    if trade.terms.product in PAIRS or trade.is_loan or trade.terms.quantity < 0:
        raise Refused("not-the-receiver", "only securities that we are to receive are bought in for us", "$.trade_id")
    require_not_held(trade)
    price = require_amount(command.price, "$.price")
    asked = SettleTrade(
        command_id=command.command_id, trade_id=command.trade_id, book=command.book, settled_on=command.settled_on
    )
    return SettlementBoughtIn(
        **about(trade, dated), **moved(settle(trade, asked, dated["business_date"], today)), price=price
    )


def about(trade: TradeState, dated: Envelope) -> dict[str, Any]:
    """The fields of an event about the current leg of a trade."""
    return {**dated, "trade_id": trade.trade_id, "revision": trade.revision, "terms": trade.terms, "leg": trade.leg}


def moved(movement: Movement) -> dict[str, Any]:
    """The fields of an event by which something moves."""
    return {
        "quantity": movement.quantity, "amount": movement.amount, "settled_quantity": movement.settled_quantity,
        "settled_amount": movement.settled_amount, "settled_on": movement.settled_on,
    }


def _wrong(trade: TradeState, what: str) -> Refused:
    return Refused("wrong-state", f"the settlement of trade {trade.trade_id} {what}")
