"""What has accrued of a bond's coupon on a day, exactly."""

from bisect import bisect_right
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import msgspec

from domain.business_days import Calendar
from domain.commands.contracts import BondContract
from domain.currencies import minor_unit
from domain.day_counts import year_fraction
from domain.money import divide

MONTHS = 12


class CouponPeriod(msgspec.Struct, frozen=True):
    """Interest runs from ``start`` to ``end``, of a first period of any length. ``regular`` are the days from the last
    one at or before ``start`` to ``end`` on which a period of the usual length begins or ends.
    """

    start: date
    end: date
    regular: tuple[date, ...]


class Accrued(msgspec.Struct, frozen=True):
    """``percent`` of the nominal has accrued over ``days`` of the period; below zero where the coupon stays with the
    seller, for the days that the buyer is without.
    """

    period: CouponPeriod
    days: int
    percent: Fraction
    ex_coupon: bool


@lru_cache(maxsize=1024)
def coupon_periods(bond: BondContract) -> tuple[CouponPeriod, ...]:
    """Every period of interest.

    Raises:
        RuntimeError: when the contract has none.
    """
    from domain import schedules  # noqa: PLC0415

    months = MONTHS // bond.frequency
    days = schedules.coupon_days(
        bond.issue_date, bond.maturity_date, months, bond.first_coupon_date, end_of_month=bond.end_of_month
    )
    regular = [days[1], schedules.months_before(days[1], months, end_of_month=bond.end_of_month)]
    while regular[-1] > days[0]:
        steps = len(regular) * months
        regular.append(schedules.months_before(days[1], steps, end_of_month=bond.end_of_month))
    first = CouponPeriod(days[0], days[1], tuple(reversed(regular)))
    return (first, *(CouponPeriod(*pair, pair) for pair in pairwise(days[1:])))


def accrued(bond: BondContract, on: date, calendar: Calendar, *, gone_ex: date | None = None) -> Accrued | None:
    """What has accrued on ``on``, a day of the bond's life before its last; None of a bill, which bears no interest.
    What has ``gone_ex`` within the period of interest is without its coupon from then on.
    """
    if not bond.coupon:
        return None
    periods = coupon_periods(bond)
    period = periods[bisect_right(periods, on, key=lambda each: each.start) - 1]
    ex_coupon = _is_ex_coupon(bond, period, on, calendar) or (gone_ex is not None and _is_of(period, gone_ex, on))
    start, end = (on, period.end) if ex_coupon else (period.start, on)
    share = Fraction(bond.coupon) * _share(bond, period, start, end)
    return Accrued(period, (end - start).days, -share if ex_coupon else share, ex_coupon)


def accrued_amount(nominal: Decimal, percent: Fraction, currency: str) -> Decimal:
    """The money that has accrued on ``nominal``, rounded half to even to the minor unit."""
    return divide(nominal * percent.numerator, Decimal(100 * percent.denominator), minor_unit(currency))


def _is_ex_coupon(bond: BondContract, period: CouponPeriod, on: date, calendar: Calendar) -> bool:
    if not bond.ex_coupon_days:
        return False
    from domain import schedules  # noqa: PLC0415

    return on >= schedules.business_days_before(period.end, bond.ex_coupon_days, calendar)


def _is_of(period: CouponPeriod, gone_ex: date, on: date) -> bool:
    """Whether what has gone ex by ``on`` is the coupon at the end of the period, and not the one before, late."""
    return gone_ex <= on and period.end - gone_ex < gone_ex - period.start


def _share(bond: BondContract, period: CouponPeriod, start: date, end: date) -> Fraction:
    if bond.day_count != "ACT/ACT-ICMA":
        return year_fraction(bond.day_count, start, end)
    # Rule 251: each regular period is the same part of a year, and its days are equal parts of it.
    shares = (
        Fraction(max((min(end, last) - max(start, first)).days, 0), (last - first).days * bond.frequency)
        for first, last in pairwise(period.regular)
    )
    return sum(shares, Fraction(0))
