"""What changed in sums over positions, between two known times of one valid time, and which events caused it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from domain.money import ZERO
from projections.cash import CASH_ACCOUNTS, Cash, add_posting
from projections.causes import Cause, place_of
from projections.postings import Posting
from projections.stands import Stand

Key = tuple[str, ...]
Figures = Mapping[str, Decimal]
IN_CASH = ("settled", "receivable", "payable", "fees", "penalties", "total")


class Caused(Cause, frozen=True):
    """A cause, and what of the ``change`` is its own."""

    change: dict[str, Decimal]


class Changed(msgspec.Struct, kw_only=True):
    """Of what ``key`` names, each figure of ``change`` is that of ``after`` less that of ``before``, and the exact sum
    of those of the ``causes``: there is none without a part in it.
    """

    key: Key
    before: dict[str, Any]
    after: dict[str, Any]
    change: dict[str, Decimal]
    causes: list[Caused]


class Changes:
    """Sums by key, each a figure by name, of everything that is taken in."""

    def __init__(self) -> None:
        self._before: dict[Key, dict[str, Decimal]] = {}
        self._by_event: dict[Key, dict[str, tuple[Cause, dict[str, Decimal]]]] = {}

    def take(self, stands: Iterable[Stand], figures: Callable[[Stand], Mapping[Key, Figures]]) -> None:
        """One position, as it stood first and after each event."""
        before: Mapping[Key, Figures] = {}
        for stand in stands:
            after = figures(stand)
            if stand.cause is None:
                self.begin(after)
            else:
                self.add(stand.cause, before, after)
            before = after

    def begin(self, figures: Mapping[Key, Figures]) -> None:
        """What something was at first."""
        for key, each in figures.items():
            _add(self._before.setdefault(key, {}), each, 1)

    def add(self, cause: Cause, before: Mapping[Key, Figures], after: Mapping[Key, Figures]) -> None:
        """What one event made of something."""
        for key in before.keys() | after.keys():
            if before.get(key) == after.get(key):
                continue
            _, sums = self._by_event.setdefault(key, {}).setdefault(cause.event, (cause, {}))
            _add(sums, after.get(key, {}), 1)
            _add(sums, before.get(key, {}), -1)

    def found(self) -> list[Changed]:
        """What is otherwise, by key."""
        return [each for key in sorted(self._by_event) if (each := self._changed(key)) is not None]

    def _changed(self, key: Key) -> Changed | None:
        change: dict[str, Decimal] = {}
        for _, sums in self._by_event[key].values():
            _add(change, sums, 1)
        change = {name: figure for name, figure in change.items() if figure}
        if not change:
            return None
        before = {name: self._before.get(key, {}).get(name, ZERO) for name in self._names(key)}
        after = {name: figure + change.get(name, ZERO) for name, figure in before.items()}
        return Changed(key=key, before=before, after=after, change=change, causes=_caused(
            self._by_event[key].values(), tuple(change)
        ))

    def _names(self, key: Key) -> Sequence[str]:
        every = (self._before.get(key, {}), *(sums for _, sums in self._by_event[key].values()))
        return tuple(dict.fromkeys(name for each in every for name in each))


def _caused(by_event: Iterable[tuple[Cause, Figures]], names: Sequence[str]) -> list[Caused]:
    """The events that have a part in figures of these names, in the order in which they were recorded."""
    found = []
    for cause, sums in sorted(by_event, key=lambda each: place_of(each[0].event)):
        if own := {name: sums[name] for name in names if sums.get(name)}:
            found.append(Caused(cause.event, cause.actor, cause.recorded_at, cause.reason, own))
    return found


def in_cash(stand: Stand) -> dict[Key, Figures]:
    """The cash of a book by currency."""
    of, found = stand.position, dict[Key, Cash]()
    for (account, currency), (debit, credit) in stand.accounts.items():
        if account.startswith(CASH_ACCOUNTS):
            cash = found.setdefault((of.book, currency), Cash(
                id="", book=of.book, desk=of.desk, entity=of.entity, currency=currency
            ))
            add_posting(cash, Posting(account, currency, debit - credit))
    return {key: {name: getattr(cash, name) for name in IN_CASH} for key, cash in found.items()}


def in_accounts(stand: Stand) -> dict[Key, Figures]:
    """Every account by asset."""
    return {
        key: {"debit": debit, "credit": credit, "balance": debit - credit}
        for key, (debit, credit) in stand.accounts.items()
    }


def _add(sums: dict[str, Decimal], figures: Figures, sign: int) -> None:
    for name, figure in figures.items():
        sums[name] = sums.get(name, ZERO) + sign * figure
