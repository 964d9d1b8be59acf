"""What was earned, of the movements and quotes that are stored: for the route and the command that ask for it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from api.groups import Sound, elsewhere, groups
from api.paging import Selects
from api.travel import Journey
from domain.routing import MARKET
from projections.as_of import Instant, position_at
from projections.movements import Held
from projections.positions import Position
from projections.profit import Effects, Marks, States, Sums
from projections.quotes import Quote, QuotesAt
from projections.valuation import ProfitLine, profit

By = Literal["desk", "book", "entity", "instrument"]
MOST_DAYS = 400


class Reads(NamedTuple):
    """Where movements and quotes are read, and what refuses those that are stale."""

    reads: Selects
    sound: Sound
    books: Sequence[str] | None
    by: By
    desk: str | None = None

    def positions(self) -> Iterator[Sequence[Held]]:
        """The movements of each position."""
        return groups(self.reads, self.sound, Held, books=self.books, desk=self.desk)

    def at(self, group: Sequence[Held], at: Instant) -> Position | None:
        """The position that movements come to."""
        return position_at(group, at, elsewhere(self.reads, self.sound, Held))

    def marks(self, asked: Journey) -> QuotesAt:
        """The marks of an instant."""
        return self.marks_at(asked.valid_at, asked.known.vector[MARKET])

    def marks_at(self, valid_at: datetime | None, sequence: int) -> QuotesAt:
        """Those of a valid time, as known up to a sequence of the market log."""
        return marks_at(self.reads, self.sound, valid_at, sequence)


class Line(NamedTuple):
    """What a desk, book, entity or instrument earned, in its base currency."""

    name: str
    base_currency: str
    effects: Effects

    def shown(self) -> dict[str, Any]:
        found = {name: getattr(self.effects, name) for name in self.effects.__struct_fields__}
        return {"name": self.name, "base_currency": self.base_currency, **found, "total": self.effects.total}


class Earned(NamedTuple):
    """``unmarked`` are the positions left out for want of a mark or rate."""

    lines: list[Line]
    unmarked: list[str]

    def shown(self) -> dict[str, Any]:
        return {"items": [each.shown() for each in self.lines], "unmarked": self.unmarked}


def marks_at(reads: Selects, sound: Sound, valid_at: datetime | None, sequence: int) -> QuotesAt:
    """The quotes of a store as of an instant."""

    def select(prefix: str, after: str, limit: int) -> Sequence[Quote]:
        return list(sound(reads.select("quotes", prefix=prefix, after=after, limit=limit)))

    return QuotesAt(select, valid_at, sequence)


def levels(source: Reads, asked: Journey) -> list[ProfitLine]:
    """Cumulative profit as of an instant, at the marks of then."""
    found = (source.at(group, asked.instant(group[0].log)) for group in source.positions())
    return profit((each for each in found if each is not None), source.marks(asked), source.by)


def attributed(source: Reads, first: Journey, last: Journey) -> Earned:
    """What was earned between two instants, by cause."""
    marks = Marks(
        source.marks(first), source.marks_at(first.valid_at, last.known.vector[MARKET]), source.marks(last)
    )
    sums = Sums(source.by)
    for group in source.positions():
        log = group[0].log
        states = States(
            source.at(group, first.instant(log)),
            source.at(group, Instant(first.valid_at, last.instant(log).known_at)),
            source.at(group, last.instant(log)),
        )
        sums.add(states, marks)
    return _earned(sums)


def daily(source: Reads, days: Sequence[date], asked: Journey) -> list[tuple[date, Earned]]:
    """What each day after the first earned, all as known at one time; a day ends at midnight, UTC."""
    ends = [datetime.combine(day, time.max, UTC) for day in days]
    marks = [source.marks_at(end, asked.known.vector[MARKET]) for end in ends]
    sums = [Sums(source.by) for _ in days[1:]]
    for group in source.positions():
        held = (source.at(group, Instant(end, asked.instant(group[0].log).known_at)) for end in ends)
        for place, (before, after) in enumerate(pairwise(held)):
            sums[place].add(States(before, before, after), Marks(marks[place], marks[place], marks[place + 1]))
    return [(day, _earned(each)) for day, each in zip(days[1:], sums, strict=True)]


def days_between(first: date, last: date) -> list[date]:
    """Every day from ``first`` to ``last``."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _earned(sums: Sums) -> Earned:
    return Earned([Line(*key, sums.effects[key]) for key in sorted(sums.effects)], sums.unmarked)
