"""What changed in what is said about the same valid time, between two known times, and which events caused it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

import msgspec

from projections.as_of import Instant
from projections.causes import Cause, cause_of, place_of
from projections.explanation import Contribution, Figures, contributions, event_of
from projections.movement_ids import Kind
from projections.movements import Movement
from projections.stands import Stand, stands
from projections.successions import Elsewhere, Successions, once, resting_on

FIGURES = Figures.__struct_fields__


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
        items=items, causes=_causes(movements, related, items, first, last, elsewhere=elsewhere),
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


def _causes(
    movements: Sequence[Movement], related: Sequence[Movement], items: Sequence[Change], first: Instant, last: Instant,
    *, elsewhere: Elsewhere[Movement],
) -> list[Cause]:
    """In the order in which they were recorded: of what the position rests on, only what brought or took an item, or
    says something else of the position.
    """
    own, named = {each.id for each in movements}, {each.cause for each in items}
    found = {
        cause.event: cause for each in related
        if (cause := cause_of(each, first, last)) is not None and (each.id in own or cause.event in named)
    }
    if any(each.id not in own for each in related):
        every = stands(movements, last.valid_at, first.known_at, last.known_at, elsewhere)
        for before, after in pairwise(every):
            if after.cause is not None and _figures(before) != _figures(after):
                found.setdefault(after.cause.event, after.cause)
    return sorted(found.values(), key=lambda each: place_of(each.event))


def _figures(stand: Stand) -> list[object]:
    return [getattr(stand.position, name) for name in FIGURES]


def _total(figures: Iterable[Figures]) -> Figures:
    total = Figures()
    for each in figures:
        for name in FIGURES:
            setattr(total, name, getattr(total, name) + getattr(each, name))
    return total


def _less(after: Figures, before: Figures) -> Figures:
    return Figures(**{name: getattr(after, name) - getattr(before, name) for name in FIGURES})
