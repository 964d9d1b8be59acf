"""The loans and deposits that a position of money is made of: what is open of each, and at which rates it runs."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from domain.events.trades import Fixing, LoanSchedule
from domain.money import ZERO
from domain.trades.accrual import interest_between, refixed


class Loan(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """``quantity`` is what is still to be repaid (+ to us)."""

    trade_id: str
    quantity: Decimal
    schedule: LoanSchedule


Loans = tuple[Loan, ...]


def changed(loans: Loans, trade_id: str, quantity: Decimal, schedule: LoanSchedule) -> Loans:
    """With ``quantity`` more of a loan, at the rates that are known now; by trade id, and without what is repaid."""
    found = {each.trade_id: each for each in loans}
    known = found.get(trade_id)
    total = quantity if known is None else known.quantity + quantity
    found[trade_id] = Loan(trade_id, total, schedule)
    return tuple(found[name] for name in sorted(found) if found[name].quantity)


def repaid(loans: Loans, trade_id: str, quantity: Decimal, schedule: LoanSchedule) -> Loans:
    """With ``quantity`` more of a loan, of which the rest may fall due on another day, at the rates that it ran at."""
    known = next((each.schedule for each in loans if each.trade_id == trade_id), schedule)
    return changed(loans, trade_id, quantity, replace(schedule, fixings=known.fixings))


def fixed(loans: Loans, trade_id: str, fixing: Fixing, currency: str) -> Loans:
    """With one more rate for a loan, if it is open: those of several days come to the same in any order."""
    return tuple(
        replace(each, schedule=refixed(each.schedule, fixing, each.quantity, currency))
        if each.trade_id == trade_id else each
        for each in loans
    )


def earned(loans: Iterable[Loan], currency: str, day: date) -> Decimal:
    """The interest that has accrued by ``day`` and is not due yet, of each loan in minor units: what is overdue earns
    no more.
    """
    return sum((
        interest_between(each.schedule, each.quantity, currency, min(day, each.schedule.maturity_date))
        for each in loans
    ), ZERO)
