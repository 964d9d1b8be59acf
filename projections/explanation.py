"""Why a position is what it is: the movements that sum to it, each with the event that made it."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from domain.money import ZERO, exact
from projections.movements import Movement


class Contribution(msgspec.Struct, kw_only=True):
    """What one revision of a trade adds to a position; ``event`` is the one that made it."""

    event: str
    trade_id: str
    revision: int
    quantity: Decimal
    price: Decimal
    valid_from: datetime


class Explanation(msgspec.Struct, kw_only=True):
    """``quantity`` is the sum of those of the ``items``."""

    quantity: Decimal
    items: list[Contribution]


def explain(movements: Iterable[Movement]) -> Explanation:
    """What still holds of the movements of one position, in the order in which the lots take them."""
    live = sorted((movement for movement in movements if movement.is_live), key=lambda movement: movement.place)
    with exact():
        total = sum((movement.quantity for movement in live), ZERO)
    return Explanation(quantity=total, items=[
        Contribution(
            event=f"{each.log}:{each.known_from_sequence}", trade_id=each.trade_id, revision=each.revision,
            quantity=each.quantity, price=each.price, valid_from=each.valid_from,
        )
        for each in live
    ])
