"""What comes into positions from others of their book: these are run up to the action that hands it on."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from projections.lots import Lot
from projections.movements import Held
from projections.steps import Run, in_order

M = TypeVar("M", bound=Held)
Elsewhere = Callable[[str, str], Sequence[M]]
"""The movements of a position, by its book and instrument."""


class Successions(Generic[M]):
    """Asked for what a succession takes over. ``holds`` says which movements count. A run ends at the action, and what
    it takes over itself came on an earlier day, so no circle of companies is one here.
    """

    def __init__(self, elsewhere: Elsewhere[M], holds: Callable[[Held], bool]) -> None:
        self._elsewhere = elsewhere
        self._holds = holds
        self._found: dict[tuple[str, str], tuple[Lot, ...]] = {}

    def __call__(self, succession: Held) -> tuple[Lot, ...]:
        key = (succession.source, succession.trade_id)
        if key not in self._found:
            self._found[key] = self._run(succession)
        return self._found[key]

    def _run(self, succession: Held) -> tuple[Lot, ...]:
        movements = self._elsewhere(succession.book, succession.source)
        run = Run[M](succession.lot_method, self)
        for step in run.take(in_order(each for each in movements if self._holds(each))):
            if step.movement.kind == "action" and step.movement.trade_id == succession.trade_id:
                return run.handed_on.get(succession.trade_id, ())
        return ()


def once(elsewhere: Elsewhere[M]) -> Elsewhere[M]:
    """The same, reading no position twice."""
    known: dict[tuple[str, str], Sequence[M]] = {}

    def read(book: str, instrument: str) -> Sequence[M]:
        if (book, instrument) not in known:
            known[book, instrument] = elsewhere(book, instrument)
        return known[book, instrument]

    return read


def sources_of(movements: Iterable[M], elsewhere: Elsewhere[M]) -> list[M]:
    """The movements of every position on which these rest, or ever rested."""
    found: list[M] = []
    waiting, seen = list(movements), {(each.book, each.instrument) for each in movements}
    while waiting:
        each = waiting.pop()
        place = (each.book, each.source)
        if each.kind == "succession" and place not in seen:
            seen.add(place)
            others = elsewhere(*place)
            found += others
            waiting += others
    return found
