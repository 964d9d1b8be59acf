"""Days on which business is done, and the dates that follow from them."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

import msgspec

from domain.refusals import Refused

DAY = timedelta(days=1)
EARLIEST, LATEST = date(1970, 1, 1), date(2199, 12, 31)
"""The days on which anything is traded or due."""
_ONE_DAY_PAIRS = frozenset(frozenset(("USD", other)) for other in ("CAD", "TRY", "PHP", "RUB"))
_TENOR = re.compile(r"([0-9]{1,3})([DWMY])\Z")
_LONGEST_SEARCH = 400


class Calendar(msgspec.Struct, frozen=True):
    """``weekend`` holds ISO weekdays, Monday 1 to Sunday 7."""

    weekend: frozenset[int] = frozenset({6, 7})
    holidays: frozenset[date] = frozenset()

    def is_open(self, day: date) -> bool:
        return day.isoweekday() not in self.weekend and day not in self.holidays


WEEKENDS_ONLY = Calendar()


def is_business_day(day: date, calendars: Sequence[Calendar]) -> bool:
    """Whether every one of ``calendars`` is open on ``day``."""
    return all(calendar.is_open(day) for calendar in calendars)


def add_business_days(start: date, days: int, calendars: Sequence[Calendar]) -> date:
    """The business day ``days`` after ``start``; for 0 the first one from ``start`` on."""
    return _add_business_days(start, days, tuple(calendars))


# A trading day asks for the same few dates again and again.
@lru_cache(maxsize=4096)
def _add_business_days(start: date, days: int, calendars: tuple[Calendar, ...]) -> date:
    day = _next_open(start, calendars)
    for _ in range(days if day == start else max(days - 1, 0)):
        day = _next_open(day + DAY, calendars)
    return day


def add_tenor(start: date, tenor: str, calendars: Sequence[Calendar]) -> date:
    """``start`` plus a tenor such as ``3M``: months and years are rolled modified following, and lead from a month's
    last business day to a month's last; days and weeks are rolled to the next business day, also of another month.

    Raises:
        Refused: when the tenor is not a number of days, weeks, months or years, or there is no business day.
    """
    parts = _TENOR.match(tenor)
    if parts is None:
        raise Refused("invalid-tenor", f"{tenor!r} is no tenor such as 1W, 3M or 1Y", "$.terms.tenor")
    count, unit = int(parts[1]), parts[2]
    if unit in "DW":
        return add_business_days(start + timedelta(days=count * (7 if unit == "W" else 1)), 0, calendars)
    from domain import schedules  # noqa: PLC0415

    try:
        return schedules.later(start, count * (12 if unit == "Y" else 1), tuple(calendars))
    except RuntimeError as error:
        raise _no_business_day() from error


def fx_spot_days(base: str, quote: str) -> int:
    """Business days from trade to spot: one for the four pairs that settle earlier, else two."""
    return 1 if frozenset((base, quote)) in _ONE_DAY_PAIRS else 2


def _next_open(day: date, calendars: Sequence[Calendar]) -> date:
    for _ in range(_LONGEST_SEARCH):
        if is_business_day(day, calendars):
            return day
        day += DAY
    raise _no_business_day()


def _no_business_day() -> Refused:
    return Refused("no-business-day", f"the calendars have no business day for {_LONGEST_SEARCH} days", "$.terms")
