"""A position as of any instant: what held at a valid time, as it was known, by the fold of the live positions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from domain.money import ZERO
from projections.journal import JournalEntry
from projections.movements import Held
from projections.positions import Position, empty_of, run_through
from projections.steps import in_order
from projections.successions import Elsewhere, Successions, last_change, once

M = TypeVar("M", bound=Held)


class Instant(NamedTuple):
    """``valid_at`` is a time, None: for ever; ``known_at`` the last sequence known of the log."""

    valid_at: datetime | None
    known_at: int

    def knows(self, movement: Held) -> bool:
        """Whether the movement was recorded by then."""
        return movement.known_from_sequence <= self.known_at

    def still_knows(self, movement: Held) -> bool:
        """Whether it was recorded by then, and no later event had taken it back."""
        ended = movement.known_to_sequence
        return movement.known_from_sequence <= self.known_at and (ended is None or ended > self.known_at)

    def had(self, entry: JournalEntry) -> bool:
        """Whether an entry was recorded by then, of what had happened by then."""
        return entry.sequence <= self.known_at and (self.valid_at is None or entry.effective_at <= self.valid_at)

    def holds(self, movement: Held) -> bool:
        """Whether, as it was known then, the movement held."""
        if not self.still_knows(movement):
            return False
        if self.valid_at is None:
            return movement.valid_to is None
        return movement.valid_from <= self.valid_at and (movement.valid_to is None or self.valid_at < movement.valid_to)


def held_at(movements: Iterable[M], at: Instant) -> list[M]:
    """What holds of the movements of one position, in the order in which the position takes it."""
    return in_order(each for each in movements if at.holds(each))


def position_at(movements: Sequence[M], at: Instant, elsewhere: Elsewhere[M]) -> Position | None:
    """The position that one position's movements come to; None when nothing of it was known. Those on which it rests
    are ``elsewhere``.
    """
    known = [each for each in movements if at.knows(each)]
    if not known:
        return None
    elsewhere = once(elsewhere, movements)
    first = first_of(known)
    position = empty_of(first)
    position.log = first.log
    position.sequence = last_change(known, elsewhere, at.known_at, for_ever=at.valid_at is None)
    succeeds = Successions(elsewhere, at.holds)
    taken = succeeds.taken_by(known)
    # The end of a trade in another instrument, of which something came here, is no trade of this position.
    position.trades = len({each.trade_id for each in taken if each.kind == "trade" and not each.source})
    position.fees = sum((each.fees for each in taken), ZERO)
    position.penalties = sum((each.gain for each in taken if each.kind == "penalty"), ZERO)
    run = run_through(position, taken, succeeds)
    position.by_actions = run.posted(known[0])
    return position


def first_of(movements: Iterable[M]) -> M:
    """The movement that a position began with. What an action brings came with a trade, which says more of it."""
    return min(movements, key=lambda each: (each.known_from_sequence, each.terms is not None))
