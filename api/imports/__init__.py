"""Files of commands: each format reads line by line, and says which line is at fault."""

from collections.abc import Callable, Iterator
from pathlib import Path

from api.imports.atom import read_atom
from api.imports.commands_ndjson import read_commands
from api.imports.lines import Line
from api.imports.trades_csv import read_trades

FORMATS: dict[str, Callable[[Path], Iterator[Line]]] = {
    "trades-csv": read_trades, "commands-ndjson": read_commands, "atom": read_atom,
}

__all__ = ["FORMATS", "Line"]
