"""What people see: progress, tables, and problems in one line; with --json only what machines read."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.plain import plain, plain_number

WIDTH_OF_A_FILE = 140
STALE_SHOWN = 20
out = Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)
err = Console(stderr=True)


@contextmanager
def progress(quiet: bool = False) -> Iterator[Progress]:
    """A progress bar on standard error, so that standard output stays what was asked for."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err, disable=quiet) as bar:
        yield bar


def table(title: str, columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """A table; numbers to the right."""
    shown = Table(title=title, title_justify="left")
    for column in columns:
        shown.add_column(column, justify="left" if column in {"name", "book", "desk", "kind", "asset"} else "right")
    for line in lines:
        shown.add_row(*(format_cell(cell) for cell in line))
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
    err.print(f"[bold red]error:[/] {message}", highlight=False)
    return typer.Exit(code)


def sound(documents: Sequence[Any]) -> list[Any]:
    """The documents, when none of them is stale: it is not given, not even inside a sum."""
    if stale := [document.id for document in documents if document.stale]:
        named = ", ".join(stale[:STALE_SHOWN])
        raise fail(f"some events could not be applied: {named}; see the dead letters, then rebuild")
    return list(documents)


def cents(amount: Decimal) -> str:
    """An amount as people read it; JSON has it in full."""
    return f"{amount:,.2f}"
