"""How a generated day is shaped: how much of what, and how often something goes wrong."""

from datetime import UTC, date, datetime, time

import msgspec

OPENING, CLOSING = time(8, 0), time(17, 30)


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are of the trades. ``prices_every`` trades, every price moves. The rest is what becomes of a trade."""

    seed: int = 7
    trades: int = 10_000
    day: date = date(2026, 11, 24)
    books_per_desk: int = 3
    counterparties: int = 16
    fx_share: float = 0.15
    loan_share: float = 0.05
    prices_every: int = 500
    amended: float = 0.03
    corrected: float = 0.01
    cancelled: float = 0.02
    affirmed: float = 0.5
    settled: float = 0.05
    partly_settled: float = 0.01
    failed: float = 0.005
    off_market: float = 0.002
    washed: float = 0.002
    unknown: float = 0.002
    restricted: float = 0.002
    oversized: float = 0.002
    repeated: float = 0.005

    @property
    def opening(self) -> datetime:
        """When the first prices hold; trading begins."""
        return datetime.combine(self.day, OPENING, UTC)

    @property
    def closing(self) -> datetime:
        return datetime.combine(self.day, CLOSING, UTC)
