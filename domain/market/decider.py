"""The rules of the market log."""

from collections.abc import Sequence
from datetime import date

from domain.commands import AnyCommand, RecordFxRate, RecordPrice
from domain.commands.reference import Role
from domain.currencies import require_currency
from domain.decider import Envelope
from domain.events import Event, FxRateRecorded, PriceRecorded
from domain.market.state import KeptMarket, MarketState
from domain.money import require_amount, require_positive
from domain.outcomes import Principal
from domain.reference import ReferenceState
from domain.reference.authority import require_role
from domain.refusals import Refused
from domain.schema import Recorded
from domain.undo import UndoLog

QUOTING: tuple[Role, ...] = ("operations", "risk", "trader", "admin")


class MarketDecider:
    """Decides under the instruments of the reference log."""

    state_type = KeptMarket

    def __init__(self, state: MarketState, reference: ReferenceState) -> None:
        self.state = state
        self.reference = reference

    @property
    def undo(self) -> UndoLog:
        return self.state.undo

    def business_date(self) -> date | None:
        return self.reference.business_date()

    def stream(self, command: AnyCommand) -> str:
        if isinstance(command, RecordPrice):
            return f"price:{command.instrument}"
        if isinstance(command, RecordFxRate):
            return f"fx:{command.base}{command.quote}"
        return "market"

    def version(self, command: AnyCommand) -> int:
        return self.state.versions.get(self.stream(command), 0)

    def decide(self, command: AnyCommand, envelope: Envelope, principal: Principal) -> Sequence[Event]:
        require_role(principal, QUOTING)
        if isinstance(command, RecordPrice):
            return (self._price(command, envelope),)
        if isinstance(command, RecordFxRate):
            return (self._rate(command, envelope),)
        raise Refused("wrong-log", f"{type(command).__name__} is not decided by the market log", "$.type")

    def evolve(self, recorded: Recorded) -> None:
        self.state.evolve(recorded)

    def kept(self) -> KeptMarket:
        return self.state.kept()

    def resume(self, state: KeptMarket) -> None:
        self.state.resume(state)

    def _price(self, command: RecordPrice, envelope: Envelope) -> PriceRecorded:
        instrument = self.reference.instruments.get(command.instrument)
        if instrument is None:
            raise Refused("unknown-instrument", f"no instrument {command.instrument!r} is defined", "$.instrument")
        return PriceRecorded(
            **envelope, instrument=command.instrument, price=require_amount(command.price, "$.price"),
            currency=instrument.currency,
        )

    def _rate(self, command: RecordFxRate, envelope: Envelope) -> FxRateRecorded:
        base, quote = require_currency(command.base, "$.base"), require_currency(command.quote, "$.quote")
        if base == quote:
            raise Refused("same-currency", "base and quote must be two currencies", "$.quote")
        return FxRateRecorded(**envelope, base=base, quote=quote, rate=require_positive(command.rate, "$.rate"))
