"""The interest of a loan or deposit up to any day, at the rates that were fixed by then."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from domain.currencies import minor_unit
from domain.day_counts import year_fraction
from domain.events.trades import Fixing, LoanSchedule
from domain.money import divide


def interest_between(
    loan: LoanSchedule, principal: Decimal, currency: str, until: date, start: date | None = None
) -> Decimal:
    """Simple interest on ``principal`` (+ lent) from the start of the loan, or ``start``, until ``until``, rounded half
    to even to the minor unit once, whatever rates it ran at.
    """
    total = Fraction(0)
    for first, last, rate in _periods(loan, start or loan.start_date, until):
        total += Fraction(rate + loan.spread) * year_fraction(loan.day_count, first, last)
    return divide(principal * total.numerator, Decimal(100 * total.denominator), minor_unit(currency))


def refixed(loan: LoanSchedule, fixing: Fixing, principal: Decimal, currency: str) -> LoanSchedule:
    """With one more fixing, or another one of its day, and the interest on ``principal`` that follows."""
    fixings = {each.fixed_from: each for each in (*loan.fixings, fixing)}
    fixed = replace(loan, fixings=tuple(fixings[day] for day in sorted(fixings)))
    return replace(fixed, interest=interest_between(fixed, principal, currency, loan.maturity_date))


def _periods(loan: LoanSchedule, start: date, until: date) -> Iterator[tuple[date, date, Decimal]]:
    """The parts of the time in which one rate held."""
    first, rate = start, loan.rate
    for fixing in loan.fixings:
        if start < fixing.fixed_from < until:
            yield first, fixing.fixed_from, rate
            first = fixing.fixed_from
        if fixing.fixed_from < until:
            rate = fixing.rate
    if first < until:
        yield first, until, rate
