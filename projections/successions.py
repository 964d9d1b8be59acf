"""What comes into positions from others of their book: these are run up to the action that hands it on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from domain.corporate_actions import precedence
from projections.lots import Lot, Place
from projections.movements import Held
from projections.steps import ACTING, Run, in_order
from projections.unwinding import Alone, carried_to, changes, first_ends

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
        self._alone: dict[tuple[str, str], Alone] = {}

    def __call__(self, succession: Held) -> tuple[Lot, ...]:
        key = (succession.source, succession.trade_id)
        if key not in self._found:
            self._found[key] = self._run(succession)
        return self._found[key]

    def taken_by(self, own: Iterable[M]) -> list[M]:
        """What a position takes, in its order: what holds of its ``own`` movements, and the ends of trades elsewhere of
        which it holds what has come.
        """
        held = in_order(each for each in own if self._holds(each))
        if not any(each.kind == "succession" for each in held):
            return held
        elsewhere = in_order(each for each in sources_of(held, self._elsewhere) if self._holds(each))
        ends = (carried_to(held[0].instrument, each) for each in first_ends(elsewhere))
        return in_order([*held, *(each for each in ends if self.alone(each))])

    def alone(self, end: Held) -> Alone:
        """What actions did, by the end of a trade, to what it is in the position of ``end``, as if nothing else were
        held.
        """
        key = (end.instrument, end.trade_id)
        if key not in self._alone:
            self._alone[key] = self._of_trade(end)
        return self._alone[key]

    def _of_trade(self, end: Held) -> Alone:
        def counts(each: Held) -> bool:
            is_part = each.kind == "trade" and each.trade_id == end.trade_id and not each.unwinds
            return (is_part or each.kind in ACTING) and self._holds(each)

        own = (each for each in self._elsewhere(end.book, end.instrument) if counts(each) and each.place < end.place)
        run = Run[M](end.lot_method, Successions(self._elsewhere, counts))
        for _ in run.take(in_order(own)):
            pass
        return changes(run.effects)

    def _run(self, succession: Held) -> tuple[Lot, ...]:
        movements = self._elsewhere(succession.book, succession.source)
        run = Run[M](succession.lot_method, self)
        for step in run.take(self.taken_by(movements)):
            if step.movement.kind == "action" and step.movement.trade_id == succession.trade_id:
                return run.handed_on.get(succession.trade_id, ())
        return ()


def once(elsewhere: Elsewhere[M], own: Sequence[M] = ()) -> Elsewhere[M]:
    """The same, reading no position twice, nor that of which ``own`` are all movements."""
    known: dict[tuple[str, str], Sequence[M]] = {(own[0].book, own[0].instrument): own} if own else {}

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


def resting_on(movements: Sequence[M], elsewhere: Elsewhere[M], known_at: int) -> list[M]:
    """Of what was known at a sequence: these movements of one position, and those of others that may change what it
    took over, or ever did. These come before the action that handed it on, and change lots, or are the ends of trades:
    what settles or is paid of them is nothing to it.
    """
    known = [each for each in movements if each.known_from_sequence <= known_at]
    waiting = [each for each in known if each.kind == "succession"]
    if not waiting:
        return known
    found = {each.id: each for each in known}
    while waiting:
        succession = waiting.pop()
        for each in _handed_on(elsewhere(succession.book, succession.source), _place_of_action(succession)):
            if each.known_from_sequence <= known_at and each.id not in found:
                found[each.id] = each
                if each.kind == "succession":
                    waiting.append(each)
    return list(found.values())


def _handed_on(movements: Sequence[M], bound: Place) -> Iterator[M]:
    """Of a source what changes lots up to the action that hands them on, and the ends of trades that had some then."""
    dealt = (each for each in movements if each.kind == "trade" and not each.unwinds)
    before = {each.trade_id for each in dealt if each.place <= bound}
    for each in movements:
        if (each.is_fill or each.kind in ACTING) and (
            each.place <= bound or (each.unwinds and each.trade_id in before)
        ):
            yield each


def last_change(movements: Sequence[M], elsewhere: Elsewhere[M], known_at: int, *, for_ever: bool) -> int:
    """The last sequence up to ``known_at`` that changed one position, live or as of an instant; 0 when none did. To one
    that is asked about ``for_ever`` it is nothing what held only for a while.
    """
    resting = resting_on(movements, elsewhere, known_at)
    return max((_changed(each, known_at) for each in resting if not for_ever or each.valid_to is None), default=0)


def _changed(movement: Held, known_at: int) -> int:
    ended = movement.known_to_sequence
    return ended if ended is not None and ended <= known_at else movement.known_from_sequence


def _place_of_action(succession: Held) -> Place:
    """The place, in the position that handed it on, of the action by which a succession came."""
    assert succession.terms is not None
    return succession.trade_date, precedence(succession.terms), succession.executed_at, succession.trade_id
