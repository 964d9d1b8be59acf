"""On which ways one instrument has come of another, and since when a book could hold what of them."""

from collections.abc import Iterator
from datetime import date

from domain.commands.corporate_actions import CorporateAction
from domain.undo import UndoLog

Way = tuple[str, date]


class Ways:
    """``since`` is by book and instrument the first day on which it was traded, or on which it could come of another;
    ``ways`` are by instrument what ever came of it, and on which day. What was taken back counts too, so that no order
    of arrival shows.
    """

    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self.since: dict[tuple[str, str], date] = {}
        self.ways: dict[str, tuple[Way, ...]] = {}

    def kept(self) -> list[tuple[str, str, date]]:
        return [(instrument, *way) for instrument, each in self._undo.kept(self.ways).items() for way in each]

    def resume(self, kept: list[tuple[str, str, date]]) -> None:
        """To be called before anything could be held."""
        for instrument, into, day in kept:
            self._undo.put(self.ways, instrument, (*self.ways.get(instrument, ()), (into, day)))

    def open(self, action: CorporateAction) -> None:
        """What held the old instrument could hold the new one."""
        ways = self.ways.get(action.instrument, ())
        if action.into is None or (action.into, action.ex_date) in ways:
            return
        self._undo.put(self.ways, action.instrument, (*ways, (action.into, action.ex_date)))
        for book in self.books(action):
            self.could_hold(book, action.into, action.ex_date)

    def could_hold(self, book: str, instrument: str, day: date) -> None:
        """From ``day`` on, and what comes of it then. A way leads to a later day, so none comes back."""
        since = self.since.get((book, instrument))
        if since is None or day < since:
            self._undo.put(self.since, (book, instrument), day)
            for into, ex_date in self.ways.get(instrument, ()):
                if day < ex_date:
                    self.could_hold(book, into, ex_date)

    def books(self, action: CorporateAction) -> list[str]:
        """Those that could hold the instrument before the ex date."""
        return sorted(
            book for (book, instrument), since in self.since.items()
            if instrument == action.instrument and since < action.ex_date
        )

    def lacking(self, book: str, instrument: str, day: date) -> Iterator[tuple[str, date, date | None]]:
        """What a book could hold sooner for something of ``day``: from which day on, and since when it can so far."""
        since = self.since.get((book, instrument))
        if since is not None and since <= day:
            return
        yield instrument, day, since
        for into, ex_date in self.ways.get(instrument, ()):
            if day < ex_date and (since is None or ex_date <= since):
                yield from self.lacking(book, into, ex_date)

    def onward(self, instrument: str, day: date) -> tuple[str, ...]:
        """The instruments that rest on what ``instrument`` is from ``day`` on."""
        found: dict[str, date] = {}
        waiting = [(instrument, day)]
        while waiting:
            name, since = waiting.pop()
            for into, ex_date in self.ways.get(name, ()):
                if since <= ex_date and (into not in found or ex_date < found[into]):
                    found[into] = ex_date
                    waiting.append((into, ex_date))
        return tuple(sorted(found.keys() - {instrument}))

    def from_which(self, instrument: str) -> list[str]:
        """The instruments that ``instrument`` has ever come of at once."""
        return [name for name, ways in self.ways.items() if any(into == instrument for into, _ in ways)]

    def before(self, instrument: str) -> list[str]:
        """The instruments that ``instrument`` may have come of."""
        return sorted(name for name in self.ways if instrument in self.onward(name, date.min))
