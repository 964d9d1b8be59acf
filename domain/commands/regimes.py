"""Commands to the reference log: rules of markets that change on a day, as data."""

from datetime import date
from decimal import Decimal
from typing import Literal

from domain.commands.header import Command, Key
from domain.commands.reference import Code, Days

LiquidityClass = Literal[
    "liquid-shares", "illiquid-shares", "sme-growth-non-debt", "sovereign-debt", "other-debt", "sme-growth-debt",
    "other",
]
PenaltyKind = LiquidityClass | Literal["lack-of-cash"]


class SetSettlementCycle(Command, frozen=True, kw_only=True):
    """Trades of ``market`` (a MIC, or a calendar) from ``effective_from`` on settle ``days`` business days later, when
    neither they nor their instrument say otherwise.
    """

    market: Key
    days: Days
    effective_from: date


class SetPenaltyRate(Command, frozen=True, kw_only=True):
    """From ``effective_from`` on a fail costs ``rate`` basis points of its value each business day; for lack of cash it
    is the central bank's overnight rate of ``currency``, yearly in percent.
    """

    kind: PenaltyKind
    rate: Decimal
    effective_from: date
    currency: Code | None = None


class ClassifyInstrument(Command, frozen=True, kw_only=True):
    """Which penalty rate holds for an instrument from ``effective_from`` on."""

    instrument: Key
    liquidity: LiquidityClass
    effective_from: date
