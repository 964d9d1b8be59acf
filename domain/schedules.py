"""Dates by QuantLib: schedules, calendars and counts of days, as whole days only. No evaluation date is asked or set.

It is imported where a date is asked for, and not before: QuantLib takes a quarter of a second to load.
"""

from datetime import date
from functools import lru_cache
from typing import Literal

import QuantLib as ql  # noqa: N813

from domain.business_days import Calendar

ThirtyDays = Literal["30/360", "30/360-US", "30E/360"]

_NO_HOLIDAYS = ql.NullCalendar()
_THIRTY_DAYS: dict[ThirtyDays, ql.DayCounter] = {
    "30/360": ql.Thirty360(ql.Thirty360.BondBasis), "30/360-US": ql.Thirty360(ql.Thirty360.USA),
    "30E/360": ql.Thirty360(ql.Thirty360.EurobondBasis),
}
FIRST, LAST = date(1901, 1, 1), date(2199, 12, 31)
"""The days that QuantLib knows."""


def thirty_day_count(convention: ThirtyDays, start: date, end: date) -> int:
    """Days from ``start`` to ``end`` in months of thirty."""
    days: int = _THIRTY_DAYS[convention].dayCount(_day(start), _day(end))
    return days


@lru_cache(maxsize=4096)
def later(start: date, months: int, calendars: tuple[Calendar, ...]) -> date:
    """``months`` after ``start``, modified following; from a month's last business day to a month's last.

    Raises:
        RuntimeError: when the calendars have no such day.
    """
    period = ql.Period(months, ql.Months)
    return _date(_joined(calendars).advance(_day(start), period, ql.ModifiedFollowing, True))


def business_days_before(day: date, days: int, calendar: Calendar) -> date:
    """So many business days before the first one from ``day`` on."""
    open_days = _joined((calendar,))
    return _date(open_days.advance(open_days.adjust(_day(day), ql.Following), ql.Period(-days, ql.Days)))


def coupon_days(
    issue: date, maturity: date, months: int, first_coupon: date | None, *, end_of_month: bool
) -> tuple[date, ...]:
    """The issue and every day on which a period of interest ends, counted back from the maturity.

    Raises:
        RuntimeError: when there are no such days, as for a first coupon that is none of them.
    """
    schedule = ql.Schedule(
        _day(issue), _day(maturity), ql.Period(months, ql.Months), _NO_HOLIDAYS, ql.Unadjusted, ql.Unadjusted,
        ql.DateGeneration.Backward, end_of_month, _day(first_coupon) if first_coupon else ql.Date(),
    )
    return tuple(_date(each) for each in schedule)


def months_before(day: date, months: int, *, end_of_month: bool) -> date:
    """The day of the month that is ``months`` before that of ``day``."""
    return _date(_NO_HOLIDAYS.advance(_day(day), ql.Period(-months, ql.Months), ql.Unadjusted, end_of_month))


@lru_cache(maxsize=64)
def _joined(calendars: tuple[Calendar, ...]) -> ql.Calendar:
    joined = ql.NullCalendar() if not calendars else _calendar(calendars[0])
    for each in calendars[1:]:
        joined = ql.JointCalendar(joined, _calendar(each), ql.JoinHolidays)
    return joined


@lru_cache(maxsize=64)
def _calendar(calendar: Calendar) -> ql.Calendar:
    found = ql.BespokeCalendar("as the reference log says")
    for weekday in calendar.weekend:
        # QuantLib counts from Sunday 1.
        found.addWeekend(weekday % 7 + 1)
    for holiday in calendar.holidays:
        if FIRST <= holiday <= LAST:
            found.addHoliday(_day(holiday))
    return found


def _day(day: date) -> ql.Date:
    return ql.Date(day.day, day.month, day.year)


def _date(day: ql.Date) -> date:
    return date(day.year(), day.month(), day.dayOfMonth())
