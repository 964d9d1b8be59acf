"""What the books say as of any instant, and why: the twins of the routes that take such times."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

import typer

from api import reading
from api.cli.console import fail, out, print_json, sound, table
from api.cli.explanation_tree import as_of, tree_of
from api.cli.opening import Data, Json, existing, settings_of
from api.groups import elsewhere, groups
from api.paging import pages
from api.plain import plain
from api.problems import Problem
from api.travel import Journey, known_of, position_shown, recorders_of, require_order, time_of
from domain.money import exact
from infra.everbook import Everbook
from infra.settings import Settings
from projections import explanation
from projections.as_of import position_at
from projections.balances import add_cash, entries_at
from projections.cash import Cash
from projections.journal import JournalEntry
from projections.known import Known
from projections.movements import Held, Movement, Posted
from projections.trial_balance import trial_balance as balances_of

ValidAt = Annotated[str | None, typer.Option(help="As it held then: a time of RFC 3339, or the end of a day")]
KnownAt = Annotated[str | None, typer.Option(help="As it was known then: a time, a day, or ledger-0:17")]


def positions(
    settings: Settings, book: str | None, limit: int, valid_at: str | None, known_at: str | None, *, as_json: bool
) -> None:
    """Positions as of an instant."""
    with existing(settings) as ledger, exact():
        asked = _journey(ledger, book, valid_at, known_at)
        others = _others(ledger, Held)
        every = (position_at(group, asked.instant(group[0].log), others) for group in _groups(ledger, Held, book))
        found = list(islice((each for each in every if each is not None), limit if limit >= 0 else None))
    if as_json:
        print_json({"items": [position_shown(each) for each in found], **asked.shown()})
        return
    table(f"Positions {as_of(asked)}", ("book", "instrument", "quantity", "settled", "cost", "realised"), (
        (each.book, each.instrument, each.quantity, each.settled, each.cost, each.realised) for each in found
    ))


def cash(settings: Settings, book: str | None, valid_at: str | None, known_at: str | None, *, as_json: bool) -> None:
    """Cash as of an instant."""
    balances: dict[str, Cash] = {}
    with existing(settings) as ledger, exact():
        asked = _journey(ledger, book, valid_at, known_at)
        for group in _groups(ledger, Posted, book):
            add_cash(balances, group, asked.instant(group[0].log), _others(ledger, Posted))
        found = [each for _, each in sorted(balances.items())]
        lines = [(each.book, each.currency, each.settled, each.receivable, each.payable, each.total) for each in found]
        items = [reading.shown(each, "total") for each in found]
    if as_json:
        print_json({"items": items, **asked.shown()})
        return
    table(f"Cash {as_of(asked)}", ("book", "currency", "settled", "receivable", "payable", "total"), lines)


def journal(
    ledger: Everbook, book: str | None, limit: int, valid_at: str | None, known_at: str | None
) -> list[JournalEntry]:
    """The entries that were recorded by an instant, of what had happened by then."""
    asked = _journey(ledger, book, valid_at, known_at)
    read = pages(ledger.read_models, "journal", where={"book": book} if book else None)
    every = (entry for page in read for entry in sound(page) if asked.instant(entry.log).had(entry))
    return list(islice(every, limit if limit >= 0 else None))


def trial_balance(
    *, data: Data = None, book: Annotated[str | None, typer.Option(help="Only this book")] = None,
    valid_at: ValidAt = None, known_at: KnownAt = None, as_json: Json = False,
) -> None:
    """Every account by asset, now or as of an instant; each asset sums to zero."""
    with existing(settings_of(data)) as ledger, exact():
        asked = _journey(ledger, book, valid_at, known_at)
        found = balances_of(
            entry for group in _groups(ledger, Posted, book)
            for entry in entries_at(group, asked.instant(group[0].log), _others(ledger, Posted))
        )
        lines = [(each.account, each.asset, each.debit, each.credit, each.balance) for each in found]
    if as_json:
        names = ("account", "asset", "debit", "credit", "balance")
        print_json({"items": [dict(zip(names, line, strict=True)) for line in lines], **asked.shown()})
        return
    table(f"Trial balance {as_of(asked)}", ("name", "asset", "debit", "credit", "balance"), lines)


def explain(
    book: Annotated[str, typer.Argument(help="The book, or BOOK/INSTRUMENT")],
    instrument: Annotated[str, typer.Argument(help="The instrument")] = "", *, data: Data = None,
    valid_at: ValidAt = None, known_at: KnownAt = None,
    superseded: Annotated[bool, typer.Option("--superseded", help="Also what was taken back")] = False,
    as_json: Json = False,
) -> None:
    """The movements that sum to a position, each with the event that made it."""
    if not instrument:
        book, _, instrument = book.partition("/")
    with existing(settings_of(data)) as ledger, exact():
        asked = _journey(ledger, book, valid_at, known_at)
        others = _others(ledger, Movement)
        movements = others(book, instrument) if instrument else []
        found = explanation.explain(
            movements, asked.instant(movements[0].log), others, superseded=superseded
        ) if movements else None
    if found is None:
        raise fail(f"there is no position {book}/{instrument}: name it as BOOK INSTRUMENT")
    if as_json:
        print_json({**plain(found), **asked.shown()})
        return
    out.print(tree_of(found, asked))


def _journey(ledger: Everbook, book: str | None, valid_at: str | None, known_at: str | None) -> Journey:
    return journey_of(ledger, None if book is None else [book], valid_at, known_at)


def journey_of(
    ledger: Everbook, books: Sequence[str] | None, valid_at: str | None, known_at: str | None, *, marked: bool = False
) -> Journey:
    """The instant that is asked for, once the read models reflect every log."""
    ledger.catch_up()
    every = ledger.logs.recorders
    recorders = recorders_of(every, books, marked=marked)
    reflected = {log: ledger.read_models.reflected("movements", log) for log in recorders}
    try:
        valid = time_of(valid_at, "--valid-at")
        known = known_of(known_at, recorders, tuple(every), "--known-at") if known_at else Known(reflected, True)
    except Problem as problem:
        raise fail(problem.detail) from problem
    if ahead := [log for log, sequence in known.vector.items() if sequence > reflected[log]]:
        raise fail(f"{', '.join(ahead)} does not go so far yet")
    return Journey(valid, known)


def in_order(first: Journey, last: Journey, later: str) -> None:
    """Ends the command when the first instant lies after the last, in what was known or in the world."""
    try:
        require_order(first, last, later)
    except Problem as problem:
        raise fail(problem.detail) from problem


def _groups(ledger: Everbook, shape: type[Held], book: str | None) -> Iterator[list[Any]]:
    return groups(ledger.read_models, sound, shape, books=None if book is None else [book])


def _others(ledger: Everbook, shape: type[Held]) -> Callable[[str, str], Sequence[Any]]:
    return elsewhere(ledger.read_models, sound, shape)
