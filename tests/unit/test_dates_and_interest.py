"""Business days, tenors, day counts and the interest that follows."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.business_days import (
    WEEKENDS_ONLY,
    Calendar,
    add_business_days,
    add_tenor,
    fx_spot_days,
    is_business_day,
)
from domain.commands.trades import DayCount
from domain.day_counts import year_fraction
from domain.events import LoanSchedule
from domain.events.trades import Fixing
from domain.money import exact
from domain.refusals import Refused
from domain.trades.accrual import interest_between

CHRISTMAS = Calendar(holidays=frozenset({date(2026, 12, 25)}))
DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def test_business_days_skip_weekends_and_holidays() -> None:
    assert add_business_days(date(2026, 12, 24), 1, [CHRISTMAS]) == date(2026, 12, 28)
    assert add_business_days(date(2026, 11, 28), 0, [WEEKENDS_ONLY]) == date(2026, 11, 30)
    assert add_business_days(date(2026, 11, 28), 1, [WEEKENDS_ONLY]) == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("start", "tenor", "end"),
    [
        (date(2027, 1, 29), "1M", date(2027, 2, 26)), (date(2027, 2, 28), "1M", date(2027, 3, 31)),
        (date(2028, 2, 29), "12M", date(2029, 2, 28)), (date(2026, 11, 24), "1W", date(2026, 12, 1)),
        (date(2026, 11, 24), "2D", date(2026, 11, 26)), (date(2026, 11, 24), "3M", date(2027, 2, 24)),
        # Overnight from the last Friday of a month, over a weekend and into the next; months stay in theirs.
        (date(2026, 10, 30), "1D", date(2026, 11, 2)), (date(2027, 1, 29), "2D", date(2027, 2, 1)),
        (date(2026, 10, 24), "1W", date(2026, 11, 2)), (date(2026, 9, 30), "1M", date(2026, 10, 30)),
    ],
)
def test_a_tenor_leads_to_its_day(start: date, tenor: str, end: date) -> None:
    assert add_tenor(start, tenor, [WEEKENDS_ONLY]) == end


def test_currencies_settle_after_two_days_but_for_four_pairs() -> None:
    assert [fx_spot_days(*pair) for pair in (("EUR", "USD"), ("USD", "CAD"), ("CAD", "USD"))] == [2, 1, 1]


def test_a_calendar_without_business_days_is_refused() -> None:
    with pytest.raises(Refused):
        add_business_days(date(2026, 1, 1), 1, [Calendar(frozenset(range(1, 8)))])


@given(DATES, st.integers(0, 30))
def test_a_date_so_many_business_days_on_is_one(start: date, days: int) -> None:
    assert is_business_day(add_business_days(start, days, [CHRISTMAS]), [CHRISTMAS])


@pytest.mark.parametrize(
    ("day_count", "start", "end", "share"),
    [
        ("ACT/360", date(2007, 12, 28), date(2008, 2, 28), Fraction(62, 360)),
        ("ACT/365F", date(2007, 12, 28), date(2008, 2, 28), Fraction(62, 365)),
        ("ACT/ACT", date(2007, 12, 28), date(2008, 2, 28), Fraction(4, 365) + Fraction(58, 366)),
        ("30/360", date(2007, 12, 28), date(2008, 2, 28), Fraction(60, 360)),
        ("30/360", date(2007, 10, 31), date(2008, 11, 30), Fraction(390, 360)),
        ("30/360", date(2008, 2, 1), date(2009, 5, 31), Fraction(480, 360)),
        ("30E/360", date(2008, 2, 1), date(2009, 5, 31), Fraction(479, 360)),
    ],
)
def test_a_day_count_gives_the_published_share(day_count: DayCount, start: date, end: date, share: Fraction) -> None:
    assert year_fraction(day_count, start, end) == share


@given(DATES, DATES, DATES)
def test_actual_day_counts_add_up(first: date, second: date, third: date) -> None:
    first, second, third = sorted((first, second, third))
    for day_count in ("ACT/360", "ACT/365F", "ACT/ACT"):
        parts = year_fraction(day_count, first, second) + year_fraction(day_count, second, third)
        assert parts == year_fraction(day_count, first, third)


def lent(rate: str, until: date, day_count: DayCount = "ACT/360", *fixings: tuple[date, str]) -> LoanSchedule:
    """From New Year's Day of 2026."""
    return LoanSchedule(
        rate_type="floating", rate=Decimal(rate), day_count=day_count, start_date=date(2026, 1, 1), maturity_date=until,
        interest=Decimal(0), fixings=tuple(Fixing(fixed_from=day, rate=Decimal(fixed)) for day, fixed in fixings),
    )


def interest(principal: int, rate: str, until: date, currency: str, day_count: DayCount = "ACT/360") -> Decimal:
    with exact():
        return interest_between(lent(rate, until, day_count), Decimal(principal), currency, until)


def test_interest_is_rounded_half_to_even_in_minor_units() -> None:
    assert interest(100, "3.65", date(2026, 1, 2), "EUR", "ACT/365F") == Decimal("0.01")
    assert interest(-50, "3.65", date(2026, 1, 6), "EUR", "ACT/365F") == Decimal("-0.02")
    assert interest(1000, "5", date(2026, 1, 2), "JPY") == Decimal(0)


@pytest.mark.parametrize(
    ("currency", "due"), [("JPY", "139"), ("EUR", "138.89"), ("KWD", "138.889"), ("CLF", "138.8889")]
)
def test_interest_is_counted_as_finely_as_its_currency(currency: str, due: str) -> None:
    assert str(interest(100_000, "5", date(2026, 1, 11), currency)) == due


def test_interest_at_several_rates_is_rounded_once() -> None:
    """A third of a cent each of three days is a cent in all."""
    until = date(2026, 1, 4)
    loan = lent("1.2", until, "ACT/360", (date(2026, 1, 2), "1.2"), (date(2026, 1, 3), "1.2"))
    with exact():
        assert interest_between(loan, Decimal(100), "EUR", until) == Decimal("0.01")
        assert interest_between(loan, Decimal(100), "EUR", date(2026, 1, 2)) == 0


def test_each_rate_holds_from_its_fixing_to_the_next() -> None:
    until = date(2026, 4, 11)
    loan = lent("3.6", until, "ACT/360", (date(2026, 1, 11), "7.2"), (date(2026, 3, 2), "0"))
    with exact():
        assert interest_between(loan, Decimal(36000), "EUR", until) == 36 + 360
        assert interest_between(loan, Decimal(36000), "EUR", date(2026, 1, 21)) == 36 + 72
        assert interest_between(loan, Decimal(36000), "EUR", until, date(2026, 2, 20)) == 72
