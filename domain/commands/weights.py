"""How much a command counts for in a commit."""

from domain.commands.header import Command
from domain.commands.lifecycle import MOST_PARTS, AllocateBlock, CompressTrades, ReallocateBlock
from domain.commands.lots import MOST_LOTS
from domain.commands.settlement import MOST_NETTED, NetCommand, NetSettlements
from domain.commands.trades import AmendTrade, BookTrade, CorrectTrade
from domain.commands.transfers import ReturnTransfer, TransferCommand

LOTS_OF_ONE = 10
"""So many lots take about as much room as the event of a trade."""


def weight_of(command: Command) -> int:  # noqa: PLR0911
    """How many trades' events a command may bring, at most: what one commit holds is bounded by it."""
    if type(command) is BookTrade and not command.closes:
        # Most commands are such: they are not to pay for the others.
        return 1
    match command:
        case BookTrade() | AmendTrade() | CorrectTrade():
            return 1 + len(command.closes) // LOTS_OF_ONE if command.closes else 1
        case AllocateBlock():
            return 1 + len(command.allocations)
        case ReallocateBlock():
            return 1 + len(command.allocations) + MOST_PARTS
        case CompressTrades() | NetSettlements():
            return 1 + len(command.trade_ids)
        case NetCommand():
            return 1 + MOST_NETTED
        case ReturnTransfer():
            return 1 + MOST_LOTS // LOTS_OF_ONE
        case TransferCommand():
            return 1 + len(getattr(command, "lots", ())) // LOTS_OF_ONE
    return 1
