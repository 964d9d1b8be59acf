"""Profit on the command line: now, as of an instant, between two by cause, and day by day."""

from datetime import date
from decimal import Decimal
from typing import Annotated, get_args

import typer

from api.cli.console import cents, fail, print_json, sound, table
from api.cli.opening import Data, Json, existing, settings_of
from api.cli.reads import latest_marks, select, show
from api.cli.travelling import KnownAt, ValidAt, in_order, journey_of
from api.earnings import MOST_DAYS, By, Earned, Line, Reads, attributed, daily, days_between, levels
from domain.money import exact
from infra.everbook import Everbook
from projections.profit import Effects
from projections.valuation import profit

LEVELS = ("name", "currency", "realised", "unrealised", "income", "fees", "penalties", "total")
CAUSES = (*Effects.__struct_fields__, "total")
Book = Annotated[str | None, typer.Option(help="Only this book")]
Grouped = Annotated[str, typer.Option(help="desk, book, entity or instrument")]


def pnl(
    *, data: Data = None, by: Grouped = "desk", book: Book = None, valid_at: ValidAt = None, known_at: KnownAt = None,
    since: Annotated[str | None, typer.Option("--from", help="Earned after this time or day, by cause")] = None,
    to: Annotated[str | None, typer.Option(help="Earned up to this time or day")] = None,
    known_from: Annotated[str | None, typer.Option(help="What was known at --from")] = None,
    each_day: Annotated[bool, typer.Option("--daily", help="Each day by itself")] = False, as_json: Json = False,
) -> None:
    """Profit in the base currency: now or as of an instant, or what was earned between two, by cause."""
    if by not in get_args(By):
        raise typer.BadParameter("--by is desk, book, entity or instrument")
    if since is None and (to is not None or known_from is not None or each_day):
        raise typer.BadParameter("--to, --known-from and --daily are of what was earned --from a time or day on")
    if since is not None and valid_at is not None:
        raise typer.BadParameter("--valid-at is one instant, and --from and --to are two: give the one or the others")
    with existing(settings_of(data)) as ledger, exact():
        source = Reads(ledger.read_models, sound, None if book is None else [book], by)  # type: ignore[arg-type]
        if since is None:
            _levels(ledger, source, valid_at, known_at, as_json=as_json)
        elif each_day:
            _days(ledger, source, since, to, known_at, as_json=as_json)
        else:
            _between(ledger, source, (since, known_from), (to, known_at), as_json=as_json)


def _levels(ledger: Everbook, source: Reads, valid_at: str | None, known_at: str | None, *, as_json: bool) -> None:
    if valid_at is None and known_at is None:
        book = source.books[0] if source.books else None
        lines = profit(select(ledger, "positions", book, -1), latest_marks(ledger), source.by)
    else:
        lines = levels(source, journey_of(ledger, source.books, valid_at, known_at, marked=True))
    show(lines, as_json, "Profit", LEVELS, (
        (each.name, each.base_currency,
         *map(cents, (each.realised, each.unrealised, each.income, each.fees, each.penalties, each.total)))
        for each in lines
    ))


def _between(
    ledger: Everbook, source: Reads, first: tuple[str, str | None], last: tuple[str | None, str | None], *,
    as_json: bool,
) -> None:
    until = journey_of(ledger, source.books, *last, marked=True)
    since, known_from = first
    began = journey_of(ledger, source.books, since, known_from or until.known.token, marked=True)
    in_order(began, until, "known_at")
    found = attributed(source, began, until)
    if as_json:
        print_json({**found.shown(), "known_from": began.known.token, "known_at": until.known.token})
        return
    _table(f"Earned from {since} to {last[0] or 'now'}", [("", found)])


def _days(
    ledger: Everbook, source: Reads, since: str, to: str | None, known_at: str | None, *, as_json: bool
) -> None:
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(to or "")
    except ValueError as error:
        raise fail("--daily takes days: --from 2026-11-23 --to 2026-11-27") from error
    if not 0 < (last - first).days <= MOST_DAYS:
        raise fail(f"--to must lie after --from, by at most {MOST_DAYS} days")
    asked = journey_of(ledger, source.books, None, known_at, marked=True)
    found = daily(source, days_between(first, last), asked)
    if as_json:
        days = [{"day": f"{day}", **each.shown()} for day, each in found]
        print_json({"days": days, "known_at": asked.known.token})
        return
    _table(f"Earned each day after {since}", [(f"{day}", each) for day, each in found])


def _table(title: str, found: list[tuple[str, Earned]]) -> None:
    table(title, ("day", "name", "currency", *CAUSES), (
        (day, each.name, each.base_currency, *map(cents, _causes(each))) for day, earned in found
        for each in earned.lines
    ))


def _causes(line: Line) -> list[Decimal]:
    return [getattr(line.effects, name) for name in CAUSES]
