"""Year fractions, exact."""

from calendar import isleap
from datetime import date
from fractions import Fraction

from domain.commands.contracts import BondDayCount
from domain.commands.trades import DayCount

AnyDayCount = DayCount | BondDayCount


def year_fraction(day_count: AnyDayCount, start: date, end: date) -> Fraction:
    """The exact share of a year from ``start`` to ``end``: by the ISDA 2006 definitions, section 4.16, and 30/360-US
    with the end of February as a thirtieth. ICMA counts shares of coupon periods instead (``domain.bonds``).
    """
    match day_count:
        case "ACT/360":
            return Fraction((end - start).days, 360)
        case "ACT/365F":
            return Fraction((end - start).days, 365)
        case "30/360" | "30/360-US" | "30E/360":
            from domain import schedules  # noqa: PLC0415

            return Fraction(schedules.thirty_day_count(day_count, start, end), 360)
        case "ACT/ACT" | "ACT/ACT-ISDA":
            return _actual_actual(start, end)
    raise AssertionError(f"{day_count} is no share of a year")


def _actual_actual(start: date, end: date) -> Fraction:
    share, day = Fraction(0), start
    while day < end:
        until = min(date(day.year + 1, 1, 1), end)
        share += Fraction((until - day).days, 366 if isleap(day.year) else 365)
        day = until
    return share
