"""What changed in what is said about the same valid time, between two known times, and which events caused it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from projections.as_of import Instant
from projections.explanation import Contribution, Figures, contributions, event_of
from projections.movement_ids import Kind
from projections.movements import Movement
from projections.successions import Elsewhere, Successions, once, resting_on

FIGURES = Figures.__struct_fields__


class Cause(msgspec.Struct, frozen=True):
    """An event between the two times."""

    event: str
    actor: str
    recorded_at: datetime
    reason: str | None


class Change(Figures, kw_only=True):
    """What one movement adds to the difference: it was ``added`` or ``removed`` by the event ``cause``, or it adds
    otherwise for what others did (``restated``).
    """

    event: str
    trade_id: str
    revision: int
    kind: Kind
    what: Literal["added", "removed", "restated"]
    cause: str | None = None


class Difference(msgspec.Struct, kw_only=True):
    """Each figure of ``change`` is that of ``after`` less that of ``before``, and the exact sum of the items'."""

    book: str
    instrument: str
    currency: str
    before: Figures
    after: Figures
    change: Figures
    items: list[Change]
    causes: list[Cause]


def difference(
    movements: Sequence[Movement], valid_at: datetime | None, known_from: int, known_to: int,
    elsewhere: Elsewhere[Movement],
) -> Difference | None:
    """What of one position changed; None when nothing did."""
    first, last = Instant(valid_at, known_from), Instant(valid_at, known_to)
    elsewhere = once(elsewhere, movements)
    related = resting_on(movements, elsewhere, known_to)
    if all(first.holds(each) == last.holds(each) for each in related):
        return None
    before, after = _contributed(movements, first, elsewhere), _contributed(movements, last, elsewhere)
    every = {each.id: each for each in movements} | {each.id: each for each, _ in (*before, *after)}
    then, now = ({each.id: adds for each, adds in contributed} for contributed in (before, after))
    items = [
        change for each in every.values() if (change := _change(each, then.get(each.id), now.get(each.id))) is not None
    ]
    if not items:
        return None
    old, new = _total(then.values()), _total(now.values())
    of = movements[0]
    return Difference(
        book=of.book, instrument=of.instrument, currency=of.currency, before=old, after=new, change=_less(new, old),
        items=items, causes=_causes(related, first, last),
    )


def _contributed(
    movements: Sequence[Movement], at: Instant, elsewhere: Elsewhere[Movement]
) -> list[tuple[Movement, Contribution]]:
    succeeds = Successions(elsewhere, at.holds)
    held = succeeds.taken_by(movements)
    return list(zip(held, contributions(held, movements[0].lot_method, succeeds), strict=True))


def _change(movement: Movement, before: Figures | None, after: Figures | None) -> Change | None:
    figures = _less(after or Figures(), before or Figures())
    if before is not None and after is not None and figures == Figures():
        return None
    if before is None and after is None:
        return None
    added, removed = before is None, after is None
    return Change(
        event=event_of(movement), trade_id=movement.trade_id, revision=movement.revision, kind=movement.kind,
        what="added" if added else "removed" if removed else "restated",
        cause=event_of(movement) if added else f"{movement.log}:{movement.known_to_sequence}" if removed else None,
        **{name: getattr(figures, name) for name in FIGURES},
    )


def cause_of(movement: Movement, first: Instant, last: Instant) -> Cause | None:
    """The event between two instants by which a movement came to hold, or holds no more; None where neither is so."""
    if last.holds(movement) == first.holds(movement):
        return None
    if last.holds(movement):
        return Cause(event_of(movement), movement.actor, movement.known_from, movement.reason)
    assert movement.known_to is not None
    event = f"{movement.log}:{movement.known_to_sequence}"
    return Cause(event, movement.ended_by or "", movement.known_to, movement.ended_because)


def _causes(movements: Sequence[Movement], first: Instant, last: Instant) -> list[Cause]:
    """In the order in which they were recorded."""
    found = {cause.event: cause for each in movements if (cause := cause_of(each, first, last)) is not None}
    return sorted(found.values(), key=lambda each: place_of(each.event))


def place_of(event: str) -> tuple[str, int]:
    """The log and the sequence of an event, to sort by."""
    log, _, sequence = event.rpartition(":")
    return log, int(sequence)


def _total(figures: Iterable[Figures]) -> Figures:
    total = Figures()
    for each in figures:
        for name in FIGURES:
            setattr(total, name, getattr(total, name) + getattr(each, name))
    return total


def _less(after: Figures, before: Figures) -> Figures:
    return Figures(**{name: getattr(after, name) - getattr(before, name) for name in FIGURES})
