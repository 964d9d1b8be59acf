"""Settlement cycles and penalty rates as they are in force and adopted: data that ``everbook regimes`` records."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from domain.commands import SetPenaltyRate, SetSettlementCycle
from domain.commands.regimes import PenaltyKind

SOURCE = "regimes"
_EU = ("XPAR", "XAMS", "XBRU", "XLIS", "XDUB", "XETR", "XFRA", "XMIL", "XMAD", "XWBO", "XHEL", "XSTO", "XCSE", "XLON")
CYCLES: tuple[tuple[tuple[str, ...], tuple[tuple[date, int], ...]], ...] = (
    (("XNYS", "XNAS", "ARCX", "XASE"), ((date(2017, 9, 5), 2), (date(2024, 5, 28), 1))),
    (_EU, ((date(2014, 10, 6), 2), (date(2027, 10, 11), 1))),
)
"""Markets, and from which day on trades settle so many business days later (Regulation (EU) 2025/2075; London plans the
same day).
"""
PENALTIES_FROM = date(2022, 2, 1)
PENALTY_RATES: dict[PenaltyKind, str] = {
    "liquid-shares": "1.0", "illiquid-shares": "0.5", "sme-growth-non-debt": "0.25", "sovereign-debt": "0.10",
    "other-debt": "0.20", "sme-growth-debt": "0.15", "other": "0.5",
}
"""Basis points a business day (Delegated Regulation (EU) 2017/389, annex)."""


def regime_commands() -> Iterator[SetSettlementCycle | SetPenaltyRate]:
    """Each with a key that says what it is, so that recording them again changes nothing."""
    for markets, cycles in CYCLES:
        for market in markets:
            for effective_from, days in cycles:
                yield SetSettlementCycle(
                    command_id=f"cycle-{market}-{effective_from}", source=SOURCE, market=market, days=days,
                    effective_from=effective_from,
                )
    for kind, rate in PENALTY_RATES.items():
        yield SetPenaltyRate(
            command_id=f"penalty-{kind}-{PENALTIES_FROM}", source=SOURCE, kind=kind, rate=Decimal(rate),
            effective_from=PENALTIES_FROM,
        )
