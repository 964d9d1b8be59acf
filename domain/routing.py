"""Which log decides a command."""

from zlib import crc32

from domain.commands import AnyCommand, RecordFxRate, RecordPrice, TradeCommand
from domain.commands.settlement import NetCommand

REFERENCE = "reference"
MARKET = "market"


def ledger_of(book: str, ledgers: int) -> str:
    """The ledger log that holds everything of ``book``."""
    return f"ledger-{crc32(book.encode()) % ledgers}"


def log_of(command: AnyCommand, ledgers: int) -> str:
    """The log of a command, in a ledger of ``ledgers`` ledger logs."""
    if isinstance(command, TradeCommand | NetCommand):
        return ledger_of(command.book, ledgers)
    return MARKET if isinstance(command, RecordPrice | RecordFxRate) else REFERENCE


def log_names(ledgers: int) -> tuple[str, ...]:
    """Every log, in the order in which they follow each other."""
    return (REFERENCE, MARKET, *(f"ledger-{number}" for number in range(ledgers)))
