"""Facts of the reference log: rules of markets, each from a day on."""

from datetime import date
from decimal import Decimal

from domain.commands.regimes import LiquidityClass, PenaltyKind
from domain.events.envelope import Event


class SettlementCycleSet(Event, frozen=True, kw_only=True):
    market: str
    days: int
    effective_from: date


class PenaltyRateSet(Event, frozen=True, kw_only=True):
    """``rate`` is in basis points a business day, for lack of cash yearly in percent, of ``currency``."""

    kind: PenaltyKind
    rate: Decimal
    effective_from: date
    currency: str | None = None


class InstrumentClassified(Event, frozen=True, kw_only=True):
    instrument: str
    liquidity: LiquidityClass
    effective_from: date
