"""The rules of the reference log."""

from collections.abc import Sequence
from datetime import date

from domain.commands import (
    AnyCommand,
    ClassifyInstrument,
    ClosePeriod,
    DefineBook,
    DefineCalendar,
    DefineCounterparty,
    DefineDesk,
    DefineInstrument,
    DefineLegalEntity,
    DefineTrader,
    EngageKillSwitch,
    IssueKey,
    LiftRestriction,
    ReleaseKillSwitch,
    RestrictInstrument,
    RevokeKey,
    RollBusinessDate,
    SetLimit,
    SetPenaltyRate,
    SetSettlementCycle,
)
from domain.decider import Envelope
from domain.events import Event
from domain.outcomes import Principal
from domain.reference import controls, definitions, regimes
from domain.reference.kept import KeptReference, kept, resume
from domain.reference.state import ReferenceState
from domain.refusals import Refused
from domain.schema import Recorded
from domain.undo import UndoLog

_STREAMS: dict[type, tuple[str, str]] = {
    DefineLegalEntity: ("entity:", "entity"), DefineDesk: ("desk:", "desk"), DefineBook: ("book:", "book"),
    DefineTrader: ("trader:", "trader"), DefineCounterparty: ("counterparty:", "counterparty"),
    DefineInstrument: ("instrument:", "instrument"), DefineCalendar: ("calendar:", "calendar"),
    RestrictInstrument: ("restriction:", "instrument"), LiftRestriction: ("restriction:", "instrument"),
    IssueKey: ("key:", "key_id"), RevokeKey: ("key:", "key_id"),
}
_RULES = {**definitions.RULES, **controls.RULES, **regimes.RULES}


class ReferenceDecider:
    """Decides and evolves a ``ReferenceState``."""

    state_type = KeptReference

    def __init__(self, state: ReferenceState) -> None:
        self.state = state

    @property
    def undo(self) -> UndoLog:
        return self.state.undo

    def business_date(self) -> date | None:
        return self.state.business_date()

    def stream(self, command: AnyCommand) -> str:
        if named := _STREAMS.get(type(command)):
            return named[0] + str(getattr(command, named[1]))
        return _stream(command)

    def version(self, command: AnyCommand) -> int:
        return self.state.versions.get(self.stream(command), 0)

    def decide(self, command: AnyCommand, envelope: Envelope, principal: Principal) -> Sequence[Event]:
        if rule := _RULES.get(type(command)):
            return (rule(self.state, command, envelope, principal),)
        raise Refused("wrong-log", f"{type(command).__name__} is not decided by the reference log", "$.type")

    def evolve(self, recorded: Recorded) -> None:
        self.state.evolve(recorded)

    def kept(self) -> KeptReference:
        return kept(self.state)

    def resume(self, state: KeptReference) -> None:
        resume(self.state, state)


def _stream(command: AnyCommand) -> str:
    match command:
        case SetLimit():
            return f"limit:{command.book}:{command.kind}" + (f":{command.instrument}" if command.instrument else "")
        case EngageKillSwitch() | ReleaseKillSwitch():
            return f"kill-switch:trader:{command.trader}" if command.trader else f"kill-switch:book:{command.book}"
        case SetSettlementCycle() | SetPenaltyRate() | ClassifyInstrument():
            return regimes.stream_of(command)
        case RollBusinessDate():
            return "business-date"
        case ClosePeriod():
            return "periods"
    return "reference"
