"""Exact decimals: every sum and product of the books is exact, and a quotient is rounded by a stated rule."""

import decimal
from contextlib import AbstractContextManager
from decimal import Decimal

from domain.refusals import Refused

ZERO = Decimal(0)
ONE = Decimal(1)
LARGEST = Decimal(10) ** 18
SMALLEST = -LARGEST
DECIMAL_PLACES = 12
COST_PLACES = Decimal("1e-12")

# A size times a price in a crossed rate is four factors of up to thirty digits each.
EXACT = decimal.Context(
    prec=200,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-999,
    Emax=999,
    traps=[
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
        decimal.FloatOperation,
        decimal.Inexact,
    ],
)
ROUNDING = decimal.Context(prec=100, rounding=decimal.ROUND_HALF_EVEN, Emin=-999, Emax=999)
INVERTING = decimal.Context(prec=18, rounding=decimal.ROUND_HALF_EVEN, Emin=-999, Emax=999)
_quantize = EXACT.quantize


def exact() -> AbstractContextManager[decimal.Context]:
    """A block in which decimal arithmetic never rounds: an inexact result raises instead."""
    return decimal.localcontext(EXACT)


def divide(numerator: Decimal, denominator: Decimal, places: Decimal = COST_PLACES) -> Decimal:
    """The quotient, rounded half to even to ``places`` (twelve decimals, finer than any currency's minor unit)."""
    return ROUNDING.quantize(ROUNDING.divide(numerator, denominator), places)


def inverse(rate: Decimal) -> Decimal:
    """One through ``rate`` to eighteen significant digits: a large rate must not invert to nothing."""
    return INVERTING.divide(Decimal(1), rate)


def round_to(value: Decimal, places: Decimal) -> Decimal:
    """``value`` rounded half to even to the exponent of ``places``."""
    return ROUNDING.quantize(value, places)


def is_amount(value: Decimal) -> bool:
    """Whether ``value`` is finite, below 10^18 in size and has at most 12 decimals."""
    try:
        # Where two are equal, the one of more decimals is the smaller in total order: cheaper than taking it apart.
        return SMALLEST < value < LARGEST and not value.compare_total_mag(_quantize(value, COST_PLACES)).is_signed()
    except decimal.DecimalException:
        return False


def require_amount(value: Decimal, field: str) -> Decimal:
    """``value`` when it is an amount that the books can hold.

    Raises:
        Refused: naming ``field``.
    """
    if is_amount(value):
        return value
    if not value.is_finite():
        raise Refused("not-a-number", f"{field} must be a finite number", field)
    if abs(value) >= LARGEST:
        raise Refused("out-of-range", f"{field} must be smaller than 10^18", field)
    raise Refused("too-precise", f"{field} must have at most {DECIMAL_PLACES} decimals", field)


def require_positive(value: Decimal, field: str) -> Decimal:
    """As ``require_amount``, and above zero."""
    if require_amount(value, field) <= ZERO:
        raise Refused("not-positive", f"{field} must be above zero", field)
    return value
