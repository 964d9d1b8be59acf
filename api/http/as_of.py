"""What the books say as of any instant: the answers of the routes that are asked with ``valid_at`` or ``known_at``."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastapi import Request, Response

from api import reading
from api.groups import elsewhere, end_of, groups
from api.problems import Problem
from api.services import services
from api.travel import Journey, asked_books, journey, position_shown
from domain.money import exact
from projections.as_of import position_at
from projections.balances import add_cash, entries_at
from projections.cash import Cash
from projections.journal import JournalEntry
from projections.movements import Held, Posted
from projections.trial_balance import Posts, sums_by_asset, trial_balance


def positions(
    request: Request, valid_at: str | None, known_at: str | None, *, limit: int, after: str | None,
    book: str | None, desk: str | None, instrument: str | None,
) -> Response:
    """A page of positions, without lots and without what the marks of today would add."""
    books = asked_books(request, book)
    asked = journey(request, books, valid_at, known_at)
    found: list[dict[str, Any]] = []
    read = groups(
        services(request).reads, reading.sound, Held, books=books, after=reading.decoded(after), desk=desk,
        instrument=instrument,
    )
    end, others = "", _others(request, Held)
    for group in read:
        with exact():
            position = position_at(group, asked.instant(group[0].log), others)
        if position is None:
            continue
        if len(found) == limit:
            headers, cursor = reading.onward(request, end, known_at=asked.known.token)
            return reading.answer({"items": found, "next": cursor, **asked.shown()}, headers)
        found.append(position_shown(position))
        end = end_of(group)
    return reading.answer({"items": found, "next": None, **asked.shown()})


def position(request: Request, book: str, instrument: str, valid_at: str | None, known_at: str | None) -> Response:
    """One position with the lots that were open."""
    asked = journey(request, [book], valid_at, known_at)
    others = _others(request, Held)
    movements = others(book, instrument)
    with exact():
        found = position_at(movements, asked.instant(movements[0].log), others) if movements else None
    if found is None:
        raise Problem(404, "unknown-position", f"no position of {book} in {instrument} was known", "instrument")
    return reading.answer({**position_shown(found), "lots": found.lots, **asked.shown()})


def cash(
    request: Request, valid_at: str | None, known_at: str | None, *, book: str | None, currency: str | None
) -> Response:
    """The cash of each book and currency."""
    books = asked_books(request, book)
    asked = journey(request, books, valid_at, known_at)
    balances: dict[str, Cash] = {}
    others = _others(request, Posted)
    with exact():
        for group in groups(services(request).reads, reading.sound, Posted, books=books):
            add_cash(balances, group, asked.instant(group[0].log), others)
        items = [
            reading.shown(each, "total") for _, each in sorted(balances.items())
            if currency is None or each.currency == currency
        ]
    return reading.answer({"items": items, **asked.shown()})


def journal(
    request: Request, valid_at: str | None, known_at: str | None, *, limit: int, after: str | None,
    book: str | None, **where: Any,
) -> Response:
    """A page of the entries that were recorded by then, of what had happened by then."""
    books = asked_books(request, book)
    asked = journey(request, books, valid_at, known_at, model="journal")

    def had(entry: JournalEntry) -> bool:
        return asked.instant(entry.log).had(entry)

    found, headers, cursor = reading.page(request, "journal", limit=limit, after=after, keep=had, book=books, **where)
    if cursor is not None:
        headers, cursor = reading.onward(request, found[-1].id, known_at=asked.known.token)
    items = [reading.shown(each) for each in found]
    return reading.answer({"items": items, "next": cursor, **asked.shown()}, headers)


def accounts(request: Request, valid_at: str | None, known_at: str | None, *, book: str | None) -> Response:
    """The trial balance."""
    books = asked_books(request, book)
    asked = journey(request, books, valid_at, known_at)
    with exact():
        balances = trial_balance(_entries(request, asked, books))
        items = [
            {"account": each.account, "asset": each.asset, "debit": each.debit, "credit": each.credit,
             "balance": each.balance}
            for each in balances
        ]
        sums = sums_by_asset(balances)
    return reading.answer({"items": items, "sums": sums, **asked.shown()})


def _entries(request: Request, asked: Journey, books: Any) -> Iterator[Posts]:
    others = _others(request, Posted)
    for group in groups(services(request).reads, reading.sound, Posted, books=books):
        yield from entries_at(group, asked.instant(group[0].log), others)


def _others(request: Request, shape: type[Held]) -> Callable[[str, str], Sequence[Any]]:
    return elsewhere(services(request).reads, reading.sound, shape)
