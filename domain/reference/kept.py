"""What the reference log says, as it is stored in a snapshot."""

from datetime import date

import msgspec

from domain.business_days import Calendar
from domain.events import (
    BookDefined,
    BusinessDateRolled,
    CounterpartyDefined,
    DeskDefined,
    InstrumentClassified,
    InstrumentDefined,
    InstrumentRestricted,
    KeyIssued,
    KillSwitchEngaged,
    LegalEntityDefined,
    LimitSet,
    LogOpened,
    PenaltyRateSet,
    PeriodClosed,
    SettlementCycleSet,
    TraderDefined,
)
from domain.outcomes import Principal
from domain.reference.state import ReferenceState


class KeptReference(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of a ``ReferenceState``; ``rolls`` and ``closings`` are its turns."""

    entities: dict[str, LegalEntityDefined]
    desks: dict[str, DeskDefined]
    books: dict[str, BookDefined]
    traders: dict[str, TraderDefined]
    counterparties: dict[str, CounterpartyDefined]
    instruments: dict[str, InstrumentDefined]
    limits: list[LimitSet]
    restricted: dict[str, InstrumentRestricted]
    killed_books: dict[str, KillSwitchEngaged]
    killed_traders: dict[str, KillSwitchEngaged]
    keys: dict[str, KeyIssued]
    principals: dict[str, Principal]
    digests: dict[str, str]
    dates: dict[str, date]
    rolls: dict[int, BusinessDateRolled]
    closings: dict[int, PeriodClosed]
    opened: dict[str, LogOpened]
    versions: dict[str, int]
    calendars: dict[str, Calendar]
    cycles: dict[str, tuple[SettlementCycleSet, ...]]
    penalty_rates: dict[str, tuple[PenaltyRateSet, ...]]
    liquidity: dict[str, tuple[InstrumentClassified, ...]]


AS_THEY_ARE = tuple(
    name for name in KeptReference.__struct_fields__ if name not in {"limits", "rolls", "closings"}
)


def kept(state: ReferenceState) -> KeptReference:
    """A copy without what may still step back."""
    of, turns = state.undo.kept, state.undo.kept(state.turns)
    return KeptReference(
        **{name: of(getattr(state, name)) for name in AS_THEY_ARE},
        limits=[limit for limits in of(state.limits).values() for limit in limits.values()],
        rolls={sequence: turn for sequence, turn in turns.items() if isinstance(turn, BusinessDateRolled)},
        closings={sequence: turn for sequence, turn in turns.items() if isinstance(turn, PeriodClosed)},
    )


def resume(state: ReferenceState, found: KeptReference) -> None:
    """Takes on what was kept, in a state that is new."""
    for name in AS_THEY_ARE:
        getattr(state, name).update(getattr(found, name))
    for limit in found.limits:
        state.limits.setdefault(limit.book, {})[limit.kind, limit.instrument] = limit
    turns: dict[int, BusinessDateRolled | PeriodClosed] = {**found.rolls, **found.closings}
    state.turns.update(sorted(turns.items()))
