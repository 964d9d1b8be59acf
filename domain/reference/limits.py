"""Which limits bind an order: those of its instrument, else those of every instrument of the book."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from domain.commands.reference import LimitKind
from domain.events import LimitSet

LimitKey = tuple[LimitKind, str | None]
BookLimits = Mapping[LimitKey, LimitSet]


class Limits(msgspec.Struct, frozen=True, gc=False):
    """The amounts in force, in the units of ``SetLimit``; None where there is no limit."""

    order_notional: Decimal | None
    order_quantity: Decimal | None
    price_collar: Decimal | None
    gross_notional: Decimal | None
    position_quantity: Decimal | None


def limits_binding(limits: BookLimits, instrument: str) -> Limits:
    """The limits of one book that bind an order in ``instrument``; the gross notional is of the whole book."""

    def amount(kind: LimitKind) -> Decimal | None:
        limit = limits.get((kind, instrument)) or limits.get((kind, None))
        return limit.amount if limit else None

    return Limits(
        order_notional=amount("order-notional"), order_quantity=amount("order-quantity"),
        price_collar=amount("price-collar"), gross_notional=amount("gross-notional"),
        position_quantity=amount("position-quantity"),
    )
