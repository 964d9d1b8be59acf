"""How a generated day is shaped: how much of what, and how often something goes wrong."""

from datetime import UTC, date, datetime, time

import msgspec

from domain.business_days import Calendar, add_business_days

OPENING, CLOSING = time(8, 0), time(17, 30)
HOLIDAYS = (date(2026, 12, 25), date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29))
LATER_DAYS = 3
"""So many business days follow the first: what was dealt on it settles, expires, is paid for and is entitled."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are of the trades. ``prices_every`` trades, every price moves. ``later`` of them are dealt on each day
    that follows, of which ``late`` become known only then; the others on the first ``day``. So often as ``followed``
    says trades begin that others come of, or what only their product knows; ``stepping`` is how often one of these goes
    on. The rest is what becomes of a trade.
    """

    seed: int = 7
    trades: int = 10_000
    day: date = date(2026, 11, 24)
    books_per_desk: int = 3
    counterparties: int = 16
    fx_share: float = 0.15
    loan_share: float = 0.05
    bond_share: float = 0.05
    future_share: float = 0.04
    fund_share: float = 0.06
    followed: float = 0.08
    stepping: float = 0.4
    later: float = 0.03
    late: float = 0.1
    transferred: float = 0.004
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
        return opening_of(self.day)

    @property
    def days(self) -> tuple[date, ...]:
        """The first day and those that follow."""
        calendar = (Calendar(holidays=frozenset(HOLIDAYS)),)
        days = [self.day]
        for _ in range(LATER_DAYS):
            days.append(add_business_days(days[-1], 1 if calendar[0].is_open(days[-1]) else 0, calendar))
        return tuple(days)


def opening_of(day: date) -> datetime:
    return datetime.combine(day, OPENING, UTC)


def closing_of(day: date) -> datetime:
    return datetime.combine(day, CLOSING, UTC)
