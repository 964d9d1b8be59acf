"""Coupons and accrued interest of ten thousand random bonds, held against those that QuantLib gives for them."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any, get_args

import pytest
import QuantLib as ql  # noqa: N813
from msgspec.structs import replace

from domain.bonds import accrued, coupon_periods
from domain.business_days import Calendar
from domain.commands.contracts import BondContract, BondDayCount, Frequency

BONDS, SHARES = 10_000, 8
FIRST, LAST = date(1985, 1, 1), date(2075, 12, 31)
BILLIONTH = Fraction(1, 10**9)
DAY_COUNTS: dict[BondDayCount, Any] = {
    "ACT/ACT-ICMA": ql.ActualActual(ql.ActualActual.ISMA), "ACT/ACT-ISDA": ql.ActualActual(ql.ActualActual.ISDA),
    "30/360-US": ql.Thirty360(ql.Thirty360.USA), "30E/360": ql.Thirty360(ql.Thirty360.EurobondBasis),
    "ACT/360": ql.Actual360(), "ACT/365F": ql.Actual365Fixed(),
}


@cache
def target() -> Calendar:
    """The holidays of the euro's payment system, as a calendar of the reference log."""
    days = ql.TARGET().holidayList(day_of(FIRST), day_of(LAST), False)
    return Calendar(holidays=frozenset(each.to_date() for each in days))


def day_of(day: date) -> Any:
    return ql.Date(day.day, day.month, day.year)


def random_bond(source: Random) -> BondContract:
    """Any coupon, day count, frequency and ends; often at a month's end, and often with a first period out of rule."""
    frequency: Frequency = source.choice(get_args(Frequency))
    issue = date(1990, 1, 1) + timedelta(source.randrange(12_000))
    maturity = issue + timedelta(source.randrange(40, 8_000))
    if source.random() < 0.3:
        maturity = (maturity.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
    bond = BondContract(
        coupon=Decimal(source.randrange(1, 15_000)) / 1000, frequency=frequency, issue_date=issue,
        maturity_date=max(maturity, issue + timedelta(1)), day_count=source.choice(get_args(BondDayCount)),
        ex_coupon_days=source.choice([0, 0, 1, 7, 15]), end_of_month=source.random() < 0.5,
    )
    # QuantLib goes back from month to month, and so loses the end of a month in a first period of several.
    if maturity.day > 28 or source.random() < 0.6:
        return bond
    bond = replace(bond, end_of_month=False)
    ends = [each.end for each in coupon_periods(bond)[:2]]
    return replace(bond, first_coupon_date=ends[-1])


def by_quantlib(bond: BondContract) -> Any:
    schedule = ql.MakeSchedule(
        day_of(bond.issue_date), day_of(bond.maturity_date), ql.Period(12 // bond.frequency, ql.Months),
        convention=ql.Unadjusted, terminalDateConvention=ql.Unadjusted, rule=ql.DateGeneration.Backward,
        endOfMonth=bond.end_of_month, firstDate=day_of(bond.first_coupon_date) if bond.first_coupon_date else None,
        calendar=ql.NullCalendar(),
    )
    return ql.FixedRateBond(
        0, 100.0, schedule, [float(bond.coupon) / 100], DAY_COUNTS[bond.day_count], ql.Following, 100.0,
        day_of(bond.issue_date), ql.TARGET(), ql.Period(bond.ex_coupon_days, ql.Days), ql.TARGET(), ql.Following, False,
    )


def require_same_periods(bond: BondContract, theirs: Any) -> None:
    coupons = [each for each in map(ql.as_fixed_rate_coupon, theirs.cashflows()) if each is not None]
    assert [(each.start, each.end) for each in coupon_periods(bond)] == [
        (each.accrualStartDate().to_date(), each.accrualEndDate().to_date()) for each in coupons
    ]


def random_days(bond: BondContract, source: Random) -> set[date]:
    """Business days after its issue: only on these does anything settle, and QuantLib starts a coupon when the one
    before is paid, which is not on a weekend.
    """
    life = (bond.maturity_date - bond.issue_date).days
    found = (bond.issue_date + timedelta(source.randrange(life)) for _ in range(2))
    days = {ql.TARGET().adjust(day_of(day)).to_date() for day in found}
    return {day for day in days if bond.issue_date < day < bond.maturity_date}


@pytest.mark.parametrize("share", range(SHARES))
def test_periods_and_accrued_interest_are_those_of_quantlib(share: int) -> None:
    source = Random(share)
    ex_coupon = 0
    for _ in range(BONDS // SHARES):
        bond = random_bond(source)
        theirs = by_quantlib(bond)
        require_same_periods(bond, theirs)
        for on in random_days(bond, source):
            found = accrued(bond, on, target())
            assert found is not None
            expected = Fraction(theirs.accruedAmount(day_of(on)))
            assert abs(found.percent - expected) / 100 <= BILLIONTH, (bond, on, float(found.percent), float(expected))
            ex_coupon += found.ex_coupon
    assert ex_coupon > BONDS // SHARES // 100
