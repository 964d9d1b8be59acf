"""What changed between two known times on the command line: positions, cash, profit, settlements and accounts."""

from collections.abc import Iterable
from typing import Annotated, Any, get_args

import typer

from api.changing import (
    KEYS,
    Compared,
    Of,
    account_changes,
    cash_changes,
    changed_settlements,
    profit_changes,
    shown,
)
from api.cli.console import print_json, sound, table
from api.cli.explanation_tree import FIGURES
from api.cli.opening import Data, Json, existing, settings_of
from api.cli.travelling import KnownAt, ValidAt, in_order, journey_of
from domain.money import exact
from infra.everbook import Everbook
from projections.causes import Cause
from projections.changes import IN_CASH, Changed
from projections.profit_changes import IN_PROFIT

COLUMNS: dict[Of, tuple[str, ...]] = {
    "cash": IN_CASH, "pnl": IN_PROFIT, "trial-balance": ("debit", "credit", "balance"),
    "settlements": ("status", "open_quantity", "open_amount", "penalties"),
}


def diff(
    known_from: Annotated[str, typer.Option(help="What was known then: a time, a day, or ledger-0:17")], *,
    data: Data = None, of: Annotated[str, typer.Option(help=", ".join(get_args(Of)))] = "positions",
    book: Annotated[str | None, typer.Option(help="Only this book")] = None, known_to: KnownAt = None,
    valid_at: ValidAt = None, as_json: Json = False,
) -> None:
    """What changed in what is said about one valid time, and which events caused it."""
    if of not in get_args(Of):
        raise typer.BadParameter(f"--of is one of {', '.join(get_args(Of))}")
    with existing(settings_of(data)) as ledger, exact():
        books = None if book is None else [book]
        first, last = (
            journey_of(ledger, books, valid_at, known, marked=of == "pnl") for known in (known_from, known_to)
        )
        in_order(first, last, "known_to")
        compared = Compared(ledger.read_models, sound, books, first, last)
        answer, lines = _positions(compared) if of == "positions" else _changes(ledger, compared, of)  # type: ignore[arg-type]
    if as_json:
        print_json({**answer, **compared.shown()})
        return
    columns = ("book", "instrument", *FIGURES) if of == "positions" else (*KEYS[of], *COLUMNS[of])  # type: ignore[index]
    table(f"{of} from {first.known.token} to {last.known.token}", (*columns, "causes"), lines)


def _positions(compared: Compared) -> tuple[dict[str, Any], Iterable[tuple[Any, ...]]]:
    found = [each for _, each in compared.differences()]
    return {"items": found}, [
        (each.book, each.instrument, *(getattr(each.change, name) for name in FIGURES), _told(each.causes))
        for each in found
    ]


def _changes(ledger: Everbook, compared: Compared, of: Of) -> tuple[dict[str, Any], Iterable[tuple[Any, ...]]]:
    more: dict[str, Any] = {}
    if of == "cash":
        found = cash_changes(compared)
    elif of == "pnl":
        found, more["unmarked"] = profit_changes(compared, "book")
    elif of == "settlements":
        found = [each for _, each in changed_settlements(compared, ledger.logs.recorders)]
    else:
        found = account_changes(compared)
    lines = [(*each.key, *(_cell(each, name) for name in COLUMNS[of]), _told(each.causes)) for each in found]
    return {"items": [shown(of, each) for each in found], **more}, lines


def _cell(changed: Changed, name: str) -> object:
    """What a figure changed by; of what is no figure, what it is now."""
    return changed.after[name] if name == "status" else changed.change.get(name, "")


def _told(causes: Iterable[Cause]) -> str:
    return ", ".join(f"{cause.event} {cause.actor} {cause.reason or ''}".strip() for cause in causes)
