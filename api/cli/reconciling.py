"""``reconcile``: a custodian's or a bank's statement held against the books, and why they differ."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from api.cli.console import err, fail, format_cell, out, print_json, progress, sound, table
from api.cli.opening import Data, Json, existing, settings_of
from api.imports.lines import UnreadableFile, text_lines
from api.imports.statements import BadLine
from api.paging import pages
from api.reconciling import BadAccount, accounts_of, books_of, reconciled, statement_of
from infra.everbook import Everbook
from projections.reconciliation.statement import Kind, Reason, Reconciliation

BROKEN = 2


def reconcile(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    kind: Annotated[str, typer.Option(help="custody | nostro")], *, data: Data = None,
    account: Annotated[list[str] | None, typer.Option(
        help="ACCOUNT=BOOK[,BOOK]: the books of a depot or account; one that is not named is the book of its name"
    )] = None, as_json: Json = False,
) -> None:
    """Holds a statement against what has settled, and lists every break with its cause where the events tell it.

    Exits with 2 when there is a break or a line that cannot be read.
    """
    if kind not in get_args(Kind):
        raise fail(f"--kind is {' or '.join(get_args(Kind))}, not {kind}")
    try:
        chosen = accounts_of(account or ())
    except BadAccount as error:
        raise fail(str(error)) from error
    with existing(settings_of(data)) as ledger, progress(as_json) as bar:
        ledger.catch_up()
        every = partial(_every, ledger)
        try:
            statement = statement_of(text_lines(file), cast("Kind", kind), every)
        except UnreadableFile as error:
            raise fail(f"{file.name}: {error}") from error
        task = bar.add_task(f"Reconciling {file.name}", total=len(statement.lines))
        found = reconciled(
            statement, cast("Kind", kind), books_of(statement, chosen), every, lambda count: bar.advance(task, count)
        )
    if as_json:
        print_json(found)
    else:
        _show(found.reconciliation, found.errors)
    if found.reconciliation.breaks or found.errors:
        raise typer.Exit(BROKEN)


def _every(ledger: Everbook, model: str, where: Mapping[str, Any]) -> Iterator[Any]:
    for page in pages(ledger.read_models, model, where=where):
        yield from sound(page)


def _show(found: Reconciliation, bad: Sequence[BadLine]) -> None:
    out.print(f"{found.lines:,} lines, {found.matched:,} matched, {len(found.breaks):,} breaks, {len(bad):,} not read")
    if found.breaks:
        columns = ("name", "asset", "as of", "statement", "settled", "in flight", "difference", "cause", "trade",
                   "events")
        table("Breaks", columns, (
            (each.account, each.asset, each.as_of, each.statement, each.settled, each.in_flight, each.difference,
             _cause(reason), reason.trade_id, " ".join(reason.events))
            for each in found.breaks for reason in each.reasons
        ))
    for line in bad:
        err.print(f"  line {line.line}: {line.field}: {line.detail}")


def _cause(reason: Reason) -> str:
    others = f" (or {reason.others} more)" if reason.others else ""
    return f"{reason.cause} {format_cell(reason.quantity)}{others}"
