"""A statement read and held against the read models: what HTTP and the command line do alike."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from api.imports.statements import BadLine, Statement, read_statement
from projections.reconciliation.holdings import Accounts, reconcile_balances, settled_of
from projections.reconciliation.movements import reconcile_movements
from projections.reconciliation.statement import Balance, Entry, Kind, Reconciliation

MODELS = ("settlements", "journal", "reference")
Every = Callable[[str, Mapping[str, Any]], Iterator[Any]]
"""All documents of a model that match, sound."""


class BadAccount(Exception):
    """What says which books an account is for does not."""


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """``errors`` are the lines that could not be read."""

    reconciliation: Reconciliation
    errors: Sequence[BadLine]


def accounts_of(named: Iterable[str]) -> dict[str, list[str]]:
    """The books of each account, from ``ACCOUNT=BOOK,BOOK``.

    Raises:
        BadAccount: naming what is none.
    """
    found: dict[str, list[str]] = {}
    for each in named:
        name, is_named, books = each.partition("=")
        if not is_named or not books:
            raise BadAccount(f"--account is ACCOUNT=BOOK[,BOOK], not {each}")
        found.setdefault(name, []).extend(books.split(","))
    return found


def statement_of(lines: Iterable[str], kind: Kind, every: Every) -> Statement:
    """A statement, its securities named as the reference data names them."""
    known = [entry.content for entry in every("reference", {"kind": "instruments"})]
    isins = {content["isin"]: content["instrument"] for content in known}
    return read_statement(lines, kind, isins, frozenset(content["instrument"] for content in known))


def books_of(statement: Statement, chosen: Mapping[str, Sequence[str]]) -> Accounts:
    """The books of every account of a statement; one that is not named is the book of its name."""
    return {line.account: chosen.get(line.account, (line.account,)) for line in statement.lines}


def reconciled(
    statement: Statement, kind: Kind, accounts: Accounts, every: Every,
    on_line: Callable[[int], None] = lambda _count: None,
) -> Reconciled:
    """What comes of holding a statement against the books of its accounts."""
    books = sorted({book for named in accounts.values() for book in named})
    settlements, journal = every("settlements", {"book": books}), every("journal", {"book": books})
    if statement.moves:
        entries = [line for line in statement.lines if isinstance(line, Entry)]
        found = reconcile_movements(entries, accounts, settlements, journal, on_line)
    else:
        balances = [line for line in statement.lines if isinstance(line, Balance)]
        settled = settled_of(journal, kind)
        found = reconcile_balances(
            kind, balances, accounts, settled=settled, settlements=settlements, on_line=on_line
        )
    return Reconciled(reconciliation=found, errors=statement.bad)
