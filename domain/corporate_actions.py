"""What a corporate action does to a holding, by its terms."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import msgspec

from domain.commands.corporate_actions import (
    ActionTerms,
    CashDividend,
    CashMerger,
    Coupon,
    Redemption,
    SpinOff,
    Split,
    StockDividend,
)
from domain.currencies import minor_unit
from domain.money import ONE, ROUNDING, ZERO, divide, round_to

PERCENT = Decimal("0.01")
INCOME, CHANGE, CLOSE, SUCCESSION = -3, -2, -1, 0
"""The precedence at an opening: what is given for what was held, then another number of units, then the end; last what
comes of another instrument, for it was not held by then.
"""


class Entitlement(msgspec.Struct, frozen=True, gc=False):
    """``quantity`` is what is held afterwards, of which ``fraction`` is paid out at once; ``proceeds`` are for what is
    closed, ``gross`` and ``tax`` the income and what is withheld of it. Who is short gives what others get.
    """

    quantity: Decimal
    fraction: Decimal = ZERO
    proceeds: Decimal = ZERO
    gross: Decimal = ZERO
    tax: Decimal = ZERO


def entitled(terms: ActionTerms, quantity: Decimal, currency: str) -> Entitlement:
    """What ``quantity`` at the opening of the ex date is entitled to, its money in minor units."""
    match terms:
        case CashDividend():
            return _income(quantity, terms.amount, terms.withholding_percent, currency)
        case Coupon():
            return _income(quantity, terms.percent * PERCENT, terms.withholding_percent, currency)
        case Redemption() | CashMerger():
            return Entitlement(ZERO, proceeds=round_to(quantity * terms.amount, minor_unit(currency)))
        case Split() | StockDividend():
            after = scaled(quantity, *ratio(terms))
            return Entitlement(after, *in_lieu(after, terms.cash_in_lieu, currency))
    raise AssertionError(f"{type(terms).__name__} is an exchange: it rests on the lots")


def in_lieu(quantity: Decimal, price: Decimal | None, currency: str) -> tuple[Decimal, Decimal]:
    """The fraction that is paid out of a quantity, and for how much."""
    if price is None:
        return ZERO, ZERO
    fraction = quantity - quantity.to_integral_value("ROUND_DOWN")
    return fraction, round_to(fraction * price, minor_unit(currency))


def ratio(terms: ActionTerms) -> tuple[Decimal, Decimal]:
    """How many units of the same instrument come of how many."""
    match terms:
        case Split():
            return terms.new, terms.old
        case StockDividend():
            return ONE + terms.units, ONE
        case CashDividend() | Coupon() | SpinOff():
            return ONE, ONE
    return ZERO, ONE


def precedence(terms: ActionTerms) -> int:
    """Its turn among the actions of one instrument at one opening."""
    if isinstance(terms, Split | StockDividend):
        return CHANGE
    return INCOME if isinstance(terms, CashDividend | Coupon | SpinOff) else CLOSE


def scaled(quantity: Decimal, new: Decimal, old: Decimal) -> Decimal:
    """``quantity`` x ``new`` / ``old``, rounded to twelve decimals where it has more, and plainly written."""
    found = divide(quantity * new, old)
    whole = found.to_integral_value()
    return whole if whole == found else ROUNDING.normalize(found)


def opening_of(day: date) -> datetime:
    """From when what is of that day holds."""
    return datetime.combine(day, time.min, UTC)


def closing_of(day: date) -> datetime:
    """Since when what is told late of that day holds: it comes after all that was known of it."""
    return datetime.combine(day, time.max, UTC)


def _income(quantity: Decimal, amount: Decimal, withholding_percent: Decimal, currency: str) -> Entitlement:
    unit = minor_unit(currency)
    gross = round_to(quantity * amount, unit)
    tax = round_to(gross * withholding_percent * PERCENT, unit) if gross > 0 else ZERO
    return Entitlement(quantity, gross=gross, tax=tax)
