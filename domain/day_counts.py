"""Year fractions of the ISDA 2006 definitions, section 4.16, and the interest that follows from them."""

from calendar import isleap
from datetime import date
from decimal import Decimal
from fractions import Fraction

from domain.commands.trades import DayCount
from domain.currencies import minor_unit
from domain.money import divide


def year_fraction(day_count: DayCount, start: date, end: date) -> Fraction:
    """The exact share of a year from ``start`` to ``end``."""
    match day_count:
        case "ACT/360":
            return Fraction((end - start).days, 360)
        case "ACT/365F":
            return Fraction((end - start).days, 365)
        case "30/360":
            return _thirty_360(start, end, european=False)
        case "30E/360":
            return _thirty_360(start, end, european=True)
        case "ACT/ACT":
            return _actual_actual(start, end)


def interest(principal_percent: Decimal, years: Fraction, currency: str) -> Decimal:
    """Simple interest on principal x yearly percent over ``years``, rounded half to even to the minor unit."""
    return divide(principal_percent * years.numerator, Decimal(100 * years.denominator), minor_unit(currency))


def _thirty_360(start: date, end: date, *, european: bool) -> Fraction:
    first = min(start.day, 30)
    last = min(end.day, 30) if european or first == 30 else end.day
    return Fraction(360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first, 360)


def _actual_actual(start: date, end: date) -> Fraction:
    share, day = Fraction(0), start
    while day < end:
        until = min(date(day.year + 1, 1, 1), end)
        share += Fraction((until - day).days, 366 if isleap(day.year) else 365)
        day = until
    return share
