"""Which log decides a command."""

from zlib import crc32

from domain.commands import AnyCommand, RecordFxRate, RecordPrice, SettleVariationMargin, TradeCommand
from domain.commands.settlement import NetCommand
from domain.commands.transfers import TransferCommand

REFERENCE = "reference"
MARKET = "market"
LEDGER = "ledger-"


def ledger_of(book: str, ledgers: int) -> str:
    """The ledger log that holds everything of ``book``."""
    return f"{LEDGER}{crc32(book.encode()) % ledgers}"


def log_of(command: AnyCommand, ledgers: int) -> str:
    """The log of a command, in a ledger of ``ledgers`` ledger logs."""
    if isinstance(command, TradeCommand | NetCommand | TransferCommand | SettleVariationMargin):
        return ledger_of(command.book, ledgers)
    return MARKET if isinstance(command, RecordPrice | RecordFxRate) else REFERENCE


def part_of_stream(name: str) -> str:
    """``name`` as a part of a stream's name that others come after: without the colon that divides them, so that no two
    streams have one name.
    """
    return name.replace("%", "%25").replace(":", "%3A")


def is_log(name: str) -> bool:
    """Whether a log of some ledger has this name: commands that follow from its events have it for their source."""
    if name.startswith(LEDGER):
        return name.removeprefix(LEDGER).isdecimal()
    return name in {REFERENCE, MARKET}


def log_names(ledgers: int) -> tuple[str, ...]:
    """Every log, in the order in which they follow each other."""
    return (REFERENCE, MARKET, *(f"{LEDGER}{number}" for number in range(ledgers)))
