"""What people see: progress, tables, and problems in one line; with --json only what machines read."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import msgspec
import typer
from rich.console import Console, JustifyMethod
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from api.plain import plain, plain_number

WIDTH_OF_A_FILE = 140
WIDEST = 400
STALE_SHOWN = 20
# What people wrote is shown as they wrote it: only our own words have a style, and they say so.
out = Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE, markup=False, emoji=False, highlight=False)
err = Console(stderr=True, markup=False, emoji=False, highlight=False)


@contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """A progress bar on standard error, so that standard output stays what was asked for."""
    description = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), description, BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err, disable=quiet) as bar:
        yield bar


def table(title: str, columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """A table; numbers to the right. No figure is cut: a narrow terminal folds it, a file is as wide as it must be."""
    shown = Table(title=Text(title), title_justify="left")
    for column in columns:
        justify: JustifyMethod = "left" if column in {"name", "book", "desk", "kind", "asset"} else "right"
        shown.add_column(column, justify=justify, overflow="fold")
    for line in lines:
        shown.add_row(*(Text(format_cell(cell)) for cell in line))
    if not out.is_terminal:
        asked = Measurement.get(out, out.options.update(max_width=WIDEST), shown).maximum
        out.width = max(WIDTH_OF_A_FILE, min(asked, WIDEST))
    out.print(shown)


def format_cell(cell: object) -> str:
    """A cell as text; decimals in full."""
    if isinstance(cell, Decimal):
        whole, point, decimals = plain_number(cell).partition(".")
        return f"{int(whole):,}" + point + decimals if whole != "-0" else plain_number(cell)
    return "" if cell is None else str(cell)


def print_json(content: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(plain(content), order="sorted")).decode() + "\n")


def fail(message: str, code: int = 1) -> typer.Exit:
    """An error in one line; the exit to raise."""
    warn("error", message)
    return typer.Exit(code)


def warn(label: str, message: str) -> None:
    """What is wrong, in one line."""
    err.print(Text.assemble((f"{label}:", "bold red"), f" {message}"))


def sound(documents: Sequence[Any]) -> list[Any]:
    """The documents, when none of them is stale: it is not given, not even inside a sum."""
    if stale := [document.id for document in documents if document.stale]:
        named = ", ".join(stale[:STALE_SHOWN])
        raise fail(
            f"some events could not be applied: {named}; everbook work retry --list says which, and once the code is "
            "mended everbook work retry applies them"
        )
    return list(documents)


def cents(amount: Decimal) -> str:
    """An amount as people read it; JSON has it in full."""
    return f"{amount:,.2f}"
