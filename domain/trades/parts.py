"""The terms of a trade as the sum of its parts: how they add up, and how a quantity is split off them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from msgspec.structs import replace

from domain.commands.lots import NamedLot
from domain.currencies import minor_unit
from domain.events.parts import Part
from domain.events.trades import Economics, LoanSchedule
from domain.money import EXACT, ZERO, divide

ROUNDING = "rounding"
"""The fee that makes whole minor units of a trade's share of a block."""


def parts_of(terms: Economics, trade_id: str, held_from: datetime) -> tuple[Part, ...]:
    """Its parts, or the terms as the only one."""
    return terms.parts or (
        Part(
            quantity=terms.quantity, price=terms.price, amount=terms.amount, trade_date=terms.trade_date,
            executed_at=terms.executed_at, held_from=held_from, origin=trade_id, closes=terms.closes,
        ),
    )


def held_since(part: Part, moment: datetime) -> Part:
    """The part as it holds from ``moment`` on, but not before it held at all."""
    return replace(part, held_from=max(part.held_from, moment))


def summed(terms: Economics, parts: Sequence[Part]) -> Economics:
    """``terms`` with these parts: their exact quantity and cash, at the average price."""
    quantity = sum((part.quantity for part in parts), ZERO)
    amount = sum((part.amount for part in parts), ZERO)
    price = parts[0].price if len(parts) == 1 else divide(-amount, quantity) if quantity else terms.price
    return replace(terms, quantity=quantity, amount=amount, price=price, parts=tuple(parts), closes=())


def split(terms: Economics, quantity: Decimal) -> tuple[Economics, Economics]:
    """``quantity`` of terms in parts, signed as they are, and the rest. Both sum to the whole in each part, in each fee
    and in interest; fees and interest are cut at minor units.
    """
    share = Fraction(quantity) / Fraction(terms.quantity)
    unit = min((step(part.quantity) for part in terms.parts), default=step(quantity))
    ideal = [Fraction(part.quantity) * share for part in terms.parts]
    taken = apportion(ideal, quantity, min(unit, step(quantity)))
    cash_unit = minor_unit(terms.currency)
    fees = {name: _portion(fee, share, cash_unit) for name, fee in terms.fees.items()}
    pairs = [_split(part, size) for part, size in zip(terms.parts, taken, strict=True)]
    loan = terms.loan and replace(terms.loan, interest=_portion(terms.loan.interest, share, cash_unit))
    first = replace(summed(terms, [part for part, _ in pairs if part.quantity]), fees=fees, loan=loan)
    rest = replace(
        summed(terms, [part for _, part in pairs if part.quantity]), loan=_rest_of_loan(terms.loan, loan),
        fees={name: fee - fees[name] for name, fee in terms.fees.items()},
    )
    return first, rest


def apportion(ideal: Sequence[Fraction], total: Decimal, unit: Decimal) -> list[Decimal]:
    """What comes nearest to ``ideal`` in whole units and sums to ``total``: each is rounded down, and the units that
    are left go to the largest remainders, of equal ones to the first.
    """
    floors = [fraction // Fraction(unit) for fraction in ideal]
    left = int(Fraction(total) / Fraction(unit)) - sum(floors)
    order = sorted(range(len(ideal)), key=lambda place: floors[place] - ideal[place] / Fraction(unit))
    extra = set(order[:left])
    return [EXACT.multiply(Decimal(floor + (place in extra)), unit) for place, floor in enumerate(floors)]


def step(quantity: Decimal) -> Decimal:
    """The place of its last digit, never above one."""
    exponent = quantity.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(1).scaleb(min(exponent, 0))


def _split(part: Part, quantity: Decimal) -> tuple[Part, Part]:
    amount = -quantity * part.price
    if part.amount != -part.quantity * part.price:
        amount = divide(part.amount * quantity, part.quantity)
    named, others = _split_names(part.closes, abs(quantity))
    rest = replace(part, quantity=part.quantity - quantity, amount=part.amount - amount, closes=others)
    return replace(part, quantity=quantity, amount=amount, closes=named), rest


def _split_names(
    closes: Sequence[NamedLot], quantity: Decimal
) -> tuple[tuple[NamedLot, ...], tuple[NamedLot, ...]]:
    """The lots that so much closes, and those that are left for the rest."""
    named, others = [], []
    for lot in closes:
        size = min(lot.quantity, quantity)
        quantity -= size
        if size:
            named.append(replace(lot, quantity=size))
        if size < lot.quantity:
            others.append(replace(lot, quantity=lot.quantity - size))
    return tuple(named), tuple(others)


def _portion(whole: Decimal, share: Fraction, unit: Decimal) -> Decimal:
    units = Fraction(whole) * share / Fraction(unit)
    return EXACT.multiply(Decimal(int(units)), unit)


def _rest_of_loan(whole: LoanSchedule | None, taken: LoanSchedule | None) -> LoanSchedule | None:
    if whole is None or taken is None:
        return None
    return replace(whole, interest=whole.interest - taken.interest)
