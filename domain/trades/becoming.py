"""What becomes of trades beside their own revisions: which rule decides what, and what it needs to know."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from domain.commands.lifecycle import (
    AllocateBlock,
    CompressTrades,
    NovateTrade,
    ReallocateBlock,
    ResizeCommand,
    TerminateTrade,
)
from domain.commands.reference import Role
from domain.decider import Apart, Envelope
from domain.events import Event
from domain.outcomes import Principal
from domain.reference.authority import require_role
from domain.trades.allocation import allocate, reallocate
from domain.trades.compression import compress
from domain.trades.dating import dated_about
from domain.trades.lifecycle import require_book_defined
from domain.trades.novation import novate
from domain.trades.resizing import resize, terminate
from domain.trades.standing import known_trade
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider

Becoming = AllocateBlock | ReallocateBlock | NovateTrade | CompressTrades | ResizeCommand | TerminateTrade
COMMANDS = (AllocateBlock, ReallocateBlock, NovateTrade, CompressTrades, ResizeCommand, TerminateTrade)
AGREEING: tuple[Role, ...] = ("trader", "admin")
PROCESSING: tuple[Role, ...] = (*AGREEING, "operations")


def needed(command: Becoming, trades: Mapping[str, TradeState], *, new: bool) -> Iterator[str]:
    """The trades that the command is about beside its own, as far as is known; those too that are to be ``new``."""
    if isinstance(command, CompressTrades):
        yield from command.trade_ids
    elif isinstance(command, NovateTrade) and new:
        yield command.new_trade_id
    elif isinstance(command, AllocateBlock | ReallocateBlock):
        if new:
            yield from (each.trade_id for each in command.allocations)
        block = trades.get(command.trade_id)
        if block is not None and isinstance(command, ReallocateBlock):
            yield from block.children


def become(
    log: "TradeDecider", command: Becoming, envelope: Envelope, principal: Principal
) -> Sequence[Event | Apart]:
    """The events of every trade that changes, those of the command's own last."""
    require_role(principal, AGREEING if isinstance(command, ResizeCommand | TerminateTrade) else PROCESSING)
    require_book_defined(log, command.book, principal)
    if isinstance(command, CompressTrades):
        return compress(log, command, envelope)
    trade = known_trade(log, command.trade_id, command.book)
    if isinstance(command, ResizeCommand):
        return (resize(log, trade, command, envelope),)
    if isinstance(command, TerminateTrade):
        return (terminate(log, trade, command, envelope),)
    fields = dated_about(log, command, trade, envelope)
    if isinstance(command, NovateTrade):
        return novate(log, trade, command, fields)
    rule = allocate if isinstance(command, AllocateBlock) else reallocate
    return rule(log, trade, command.allocations, fields, principal)
