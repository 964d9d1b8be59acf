"""``reconcile``: a custodian's or a bank's statement held against the books, and why they differ."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from api.cli.console import err, fail, format_cell, out, print_json, progress, table
from api.cli.opening import Data, Json, existing, settings_of
from api.imports.lines import UnreadableFile
from api.imports.statements import BadLine, Statement, read_statement
from api.paging import pages
from infra.everbook import Everbook
from projections.reconciliation.holdings import Accounts, reconcile_balances, settled_of
from projections.reconciliation.movements import reconcile_movements
from projections.reconciliation.statement import Balance, Entry, Kind, Reason, Reconciliation

BROKEN, SHOWN = 2, 20


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
    chosen = _chosen(account or ())
    with existing(settings_of(data)) as ledger, progress(as_json) as bar:
        ledger.worker().catch_up()
        try:
            statement = _read(ledger, file, cast("Kind", kind))
        except UnreadableFile as error:
            raise fail(f"{file.name}: {error}") from error
        task = bar.add_task(f"Reconciling {file.name}", total=len(statement.lines))
        found = _reconciled(ledger, statement, cast("Kind", kind), chosen, lambda count: bar.advance(task, count))
    if as_json:
        print_json({"reconciliation": found, "errors": statement.bad})
    else:
        _show(found, statement.bad)
    if found.breaks or statement.bad:
        raise typer.Exit(BROKEN)


def _chosen(accounts: Sequence[str]) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    for each in accounts:
        name, is_named, books = each.partition("=")
        if not is_named or not books:
            raise fail(f"--account is ACCOUNT=BOOK[,BOOK], not {each}")
        chosen.setdefault(name, []).extend(books.split(","))
    return chosen


def _read(ledger: Everbook, file: Path, kind: Kind) -> Statement:
    known = [entry.content for entry in _every(ledger, "reference", {"kind": "instruments"})]
    isins = {content["isin"]: content["instrument"] for content in known}
    return read_statement(file, kind, isins, frozenset(content["instrument"] for content in known))


def _reconciled(
    ledger: Everbook, statement: Statement, kind: Kind, chosen: Mapping[str, Sequence[str]], on_line: Any
) -> Reconciliation:
    accounts: Accounts = {line.account: chosen.get(line.account, (line.account,)) for line in statement.lines}
    books = sorted({book for named in accounts.values() for book in named})
    settlements = _every(ledger, "settlements", {"book": books})
    if statement.moves:
        entries = [line for line in statement.lines if isinstance(line, Entry)]
        return reconcile_movements(entries, accounts, settlements, on_line)
    balances = [line for line in statement.lines if isinstance(line, Balance)]
    return reconcile_balances(
        kind, balances, accounts, settled=settled_of(_every(ledger, "journal", {"book": books}), kind),
        settlements=settlements, on_line=on_line,
    )


def _every(ledger: Everbook, model: str, where: Mapping[str, Any]) -> Iterator[Any]:
    for page in pages(ledger.read_models, model, where=where):
        if stale := [document.id for document in page if document.stale]:
            raise fail(f"some events could not be applied: {', '.join(stale[:SHOWN])}; see the dead letters")
        yield from page


def _show(found: Reconciliation, bad: Sequence[BadLine]) -> None:
    out.print(f"{found.lines:,} lines, {found.matched:,} matched, {len(found.breaks):,} breaks, {len(bad):,} not read",
              highlight=False)
    if found.breaks:
        columns = ("name", "asset", "as of", "statement", "settled", "in flight", "difference", "cause", "trade",
                   "events")
        table("Breaks", columns, (
            (each.account, each.asset, each.as_of, each.statement, each.settled, each.in_flight, each.difference,
             _cause(reason), reason.trade_id, " ".join(reason.events))
            for each in found.breaks for reason in each.reasons
        ))
    for line in bad:
        err.print(f"  line {line.line}: {line.field}: {line.detail}", highlight=False, markup=False)


def _cause(reason: Reason) -> str:
    others = f" (or {reason.others} more)" if reason.others else ""
    return f"{reason.cause} {format_cell(reason.quantity)}{others}"
