"""The events by which something is said otherwise."""

from datetime import datetime

import msgspec

from projections.as_of import Instant
from projections.explanation import event_of
from projections.movements import Movement


class Cause(msgspec.Struct, frozen=True):
    """An event between the two times."""

    event: str
    actor: str
    recorded_at: datetime
    reason: str | None


def cause_of(movement: Movement, first: Instant, last: Instant) -> Cause | None:
    """The event between two instants by which a movement came to hold, or holds no more; None where neither is so."""
    if last.holds(movement) == first.holds(movement):
        return None
    if last.holds(movement):
        return Cause(event_of(movement), movement.actor, movement.known_from, movement.reason)
    assert movement.known_to is not None
    event = f"{movement.log}:{movement.known_to_sequence}"
    return Cause(event, movement.ended_by or "", movement.known_to, movement.ended_because)


def place_of(event: str) -> tuple[str, int]:
    """The log and the sequence of an event, to sort by."""
    log, _, sequence = event.rpartition(":")
    return log, int(sequence)
