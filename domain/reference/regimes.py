"""Rules of markets that change on a day: settlement cycles, penalty rates, and which of these an instrument has."""

from collections.abc import Callable
from datetime import date
from typing import Any

from domain.commands import ClassifyInstrument, SetPenaltyRate, SetSettlementCycle
from domain.currencies import require_currency
from domain.decider import Envelope
from domain.events import Event, InstrumentClassified, PenaltyRateSet, SettlementCycleSet
from domain.money import require_amount
from domain.outcomes import Principal
from domain.reference.authority import require_every_book, require_role
from domain.reference.definitions import DEFINING, require_day, require_known
from domain.reference.state import ReferenceState
from domain.refusals import Refused

LACK_OF_CASH = "lack-of-cash"


def set_cycle(
    _state: ReferenceState, command: SetSettlementCycle, envelope: Envelope, principal: Principal
) -> SettlementCycleSet:
    _require_may_define(principal, command.effective_from)
    return SettlementCycleSet(
        **envelope, market=command.market, days=command.days, effective_from=command.effective_from
    )


def set_penalty_rate(
    _state: ReferenceState, command: SetPenaltyRate, envelope: Envelope, principal: Principal
) -> PenaltyRateSet:
    _require_may_define(principal, command.effective_from)
    if (command.kind == LACK_OF_CASH) != (command.currency is not None):
        raise Refused(
            "currency-mismatch", "the rate for lack of cash is of a currency, the others are of none", "$.currency"
        )
    if command.currency is not None:
        require_currency(command.currency, "$.currency")
    rate = require_amount(command.rate, "$.rate")
    if abs(rate) > 1000 or (rate < 0 and command.kind != LACK_OF_CASH):
        raise Refused("out-of-range", "a penalty rate lies between 0 and 1000", "$.rate")
    return PenaltyRateSet(
        **envelope, kind=command.kind, rate=rate, effective_from=command.effective_from, currency=command.currency
    )


def classify(
    state: ReferenceState, command: ClassifyInstrument, envelope: Envelope, principal: Principal
) -> InstrumentClassified:
    _require_may_define(principal, command.effective_from)
    require_known(state.instruments, command.instrument, "instrument", "instrument")
    return InstrumentClassified(
        **envelope, instrument=command.instrument, liquidity=command.liquidity, effective_from=command.effective_from
    )


def stream_of(command: SetSettlementCycle | SetPenaltyRate | ClassifyInstrument) -> str:
    """One stream a market, rate and instrument."""
    match command:
        case SetSettlementCycle():
            return f"settlement-cycle:{command.market}"
        case SetPenaltyRate():
            return f"penalty-rate:{command.kind}" + (f":{command.currency}" if command.currency else "")
        case ClassifyInstrument():
            return f"liquidity:{command.instrument}"


def _require_may_define(principal: Principal, effective_from: date) -> None:
    require_role(principal, DEFINING)
    require_every_book(principal)
    require_day(effective_from, "effective_from")


RULES: dict[type, Callable[[ReferenceState, Any, Envelope, Principal], Event]] = {
    SetSettlementCycle: set_cycle, SetPenaltyRate: set_penalty_rate, ClassifyInstrument: classify,
}
