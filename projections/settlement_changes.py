"""What changed in the settlements of a trade, between two known times of one valid time, and which events caused it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.money import ZERO
from domain.schema import Recorded
from projections.as_of import Instant
from projections.changes import Caused, Changed
from projections.settlements import Settlement
from projections.settlements_at import settlements_at

FIGURES = (
    "quantity", "amount", "fees", "settled_quantity", "settled_amount", "open_quantity", "open_amount", "penalties",
)
SAID = (
    *FIGURES, "status", "counterparty", "instrument", "asset", "currency", "due_on", "instruction", "mismatch", "held",
    "net", "cause", "failed_on", "fails",
)
Said = Mapping[str, Any]
NOTHING: Said = {**dict.fromkeys(SAID), **dict.fromkeys(FIGURES, ZERO)}


def settlement_changes(
    history: Sequence[Recorded], valid_at: datetime | None, known_from: int, known_to: int
) -> list[Changed]:
    """By book, trade and leg, from the events of one trade in their order."""
    between = [each for each in history if known_from < each.sequence <= known_to]
    known = (known_from, *(each.sequence for each in between))
    told = [settlements_at(history, Instant(valid_at, each)) for each in known]
    every = [(each, [_said(found.get(name)) for found in told]) for name, each in sorted(told[-1].items())]
    return [
        Changed(
            key=(each.book, each.trade_id, each.leg), before=dict(said[0]), after=dict(said[-1]),
            change=_less(said[-1], said[0]), causes=_caused(between, said),
        )
        for each, said in every if said[0] != said[-1]
    ]


def _said(settlement: Settlement | None) -> Said:
    return NOTHING if settlement is None else {name: getattr(settlement, name) for name in SAID}


def _caused(events: Sequence[Recorded], said: Sequence[Said]) -> list[Caused]:
    """The events that changed something which is said otherwise in the end."""
    otherwise = {name for name in SAID if said[0][name] != said[-1][name]}
    found = []
    for event, before, after in zip(events, said, said[1:], strict=False):
        changed = {name for name in otherwise if before[name] != after[name]}
        if changed:
            fact, less = event.event, _less(after, before)
            own = {name: figure for name, figure in less.items() if name in changed}
            found.append(Caused(event.id, fact.actor, fact.recorded_at, fact.reason, own))
    return found


def _less(after: Said, before: Said) -> dict[str, Decimal]:
    changes = ((name, after[name] - before[name]) for name in FIGURES)
    return {name: change for name, change in changes if change}
