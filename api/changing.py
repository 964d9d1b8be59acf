"""What changed between two known times in positions, cash, accounts, profit and settlements: for routes and command."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

from api.earnings import By, marks_at
from api.groups import Sound, elsewhere, end_of, groups
from api.paging import Selects, pages
from api.ports import LogRecorder
from api.travel import Journey
from domain.money import exact
from domain.routing import MARKET
from domain.schema import recorded
from projections.changes import Changed, Changes, Figures, Key, in_accounts, in_cash
from projections.difference import Difference, difference
from projections.movements import Movement
from projections.profit_changes import ProfitChanges
from projections.settlement_changes import settlement_changes
from projections.stands import Stand, stands

Of = Literal["positions", "cash", "pnl", "settlements", "trial-balance"]
KEYS: Mapping[Of, tuple[str, ...]] = {
    "cash": ("book", "currency"), "pnl": ("name", "base_currency"), "settlements": ("book", "trade_id", "leg"),
    "trial-balance": ("account", "asset"),
}


class Compared(NamedTuple):
    """Where movements are read, what refuses those that are stale, and the two instants, of one valid time."""

    reads: Selects
    sound: Sound
    books: Sequence[str] | None
    first: Journey
    last: Journey

    def shown(self) -> dict[str, Any]:
        """What an answer says of the instants."""
        first, last = self.first.known, self.last.known
        return {"valid_at": self.last.valid_at, "known_from": first.token, "known_to": last.token,
                "final": first.final and last.final}

    def stands(self, **where: str | None) -> Iterator[Iterator[Stand]]:
        """How each position stood."""
        others = elsewhere(self.reads, self.sound, Movement)
        for group in groups(self.reads, self.sound, Movement, books=self.books, **where):
            yield stands(group, self.last.valid_at, *self.known(group[0].log), others)

    def differences(self, after: str | None = None) -> Iterator[tuple[str, Difference]]:
        """The positions of which something else is said, each with the place after which the next one comes."""
        others = elsewhere(self.reads, self.sound, Movement)
        for group in groups(self.reads, self.sound, Movement, books=self.books, after=after):
            with exact():
                found = difference(group, self.last.valid_at, *self.known(group[0].log), others)
            if found is not None:
                yield end_of(group), found

    def known(self, log: str) -> tuple[int, int]:
        """The two sequences of a log."""
        return self.first.instant(log).known_at, self.last.instant(log).known_at


def cash_changes(compared: Compared) -> list[Changed]:
    """By book and currency."""
    return _changes(compared, in_cash)


def account_changes(compared: Compared) -> list[Changed]:
    """By account and asset, of all the books together."""
    return _changes(compared, in_accounts)


def profit_changes(compared: Compared, by: By, desk: str | None = None) -> tuple[list[Changed], list[str]]:
    """By name and base currency, and the positions that could not be marked."""
    before, after = (
        marks_at(compared.reads, compared.sound, each.valid_at, each.known.vector[MARKET])
        for each in (compared.first, compared.last)
    )
    changes = ProfitChanges(by, before, after)
    for each in compared.stands(desk=desk):
        changes.take(each)
    return changes.found(), changes.unmarked


def changed_settlements(
    compared: Compared, recorders: Mapping[str, LogRecorder], *, after: str | None = None
) -> Iterator[tuple[str, Changed]]:
    """Each with its id, in the order of these. The events of trades are read once a page, of those only about which
    something was recorded since.
    """
    where = {} if compared.books is None else {"book": compared.books}
    for page in pages(compared.reads, "settlements", where=where, after=after):
        later = [each for each in compared.sound(page) if each.sequence > compared.known(each.log)[0]]
        found: dict[Key, Changed] = {}
        for log in dict.fromkeys(each.log for each in later):
            streams = list(dict.fromkeys(f"trade:{each.trade_id}" for each in later if each.log == log))
            events = [recorded(log, each.id, each) for each in recorders[log].select_streams(streams)]
            for _, history in groupby(events, key=lambda each: each.stream):
                changes = settlement_changes(list(history), compared.last.valid_at, *compared.known(log))
                found.update({each.key: each for each in changes})
        for each in later:
            if (change := found.get((each.book, each.trade_id, each.leg))) is not None:
                yield each.id, change


def shown(of: Of, changed: Changed) -> dict[str, Any]:
    """As it is answered: what it is of by name."""
    return {
        **dict(zip(KEYS[of], changed.key, strict=True)), "before": changed.before, "after": changed.after,
        "change": changed.change, "causes": changed.causes,
    }


def _changes(compared: Compared, figures: Callable[[Stand], Mapping[Key, Figures]]) -> list[Changed]:
    changes = Changes()
    for each in compared.stands():
        changes.take(each, figures)
    return changes.found()
