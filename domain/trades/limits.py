"""Hard pre-trade limits of a book, checked against what earlier commands of the same batch have already reserved."""

from decimal import Decimal

from domain.events.trades import PAIRS, Economics
from domain.money import ZERO
from domain.reference.limits import Limits
from domain.refusals import Refused

HUNDRED = Decimal(100)


def require_headroom(
    terms: Economics, limits: Limits, used: Decimal, position: Decimal, previous: Economics | None = None
) -> None:
    """Whether the book may take ``terms`` on, in place of ``previous`` when it is a revision.

    ``used`` is the gross notional the book has reserved and ``position`` its quantity of the instrument, both with
    ``previous`` in them.

    Raises:
        Refused: with the limit's code; nothing is reserved.
    """
    if (most := limits.order_quantity) is not None and abs(terms.quantity) > most:
        raise Refused(
            "limit-order-quantity", f"quantity {abs(terms.quantity):f} exceeds the limit of {most:f}",
            "$.terms.quantity", limit="order-quantity",
        )
    if limits.position_quantity is not None:
        _require_position(terms, limits.position_quantity, position, previous)
    if limits.price_collar is not None and terms.loan is None:
        _require_price_in_collar(terms, limits.price_collar)
    if limits.order_notional is not None or limits.gross_notional is not None:
        _require_notional(terms, limits, used, previous)


def _require_position(terms: Economics, most: Decimal, position: Decimal, previous: Economics | None) -> None:
    after = position + terms.quantity
    if previous is not None and previous.instrument == terms.instrument:
        after -= previous.quantity
    require_within(position, after, most)


def require_position_without(left: Economics, most: Decimal, position: Decimal) -> None:
    """Whether the position of an instrument stands without ``left``, which a revision takes to another instrument.

    Raises:
        Refused: as for a position that is taken on.
    """
    require_within(position, position - left.quantity, most)


def require_within(before: Decimal, after: Decimal, most: Decimal) -> None:
    """Whether a position may become ``after``.

    Raises:
        Refused: when that is over ``most``.
    """
    # What brings a position back towards its limit is always welcome; what takes it to the other side is not that.
    if abs(after) > most and not (abs(after) < abs(before) and (after > 0) == (before > 0)):
        raise Refused(
            "limit-position-quantity", f"the position would be {abs(after):f}, over the limit of {most:f}",
            "$.terms.quantity", limit="position-quantity",
        )


def _require_price_in_collar(terms: Economics, percent: Decimal) -> None:
    if terms.mark is None:
        raise Refused(
            "price-missing", f"no price of {terms.instrument} is known to hold the collar against", "$.terms",
            limit="price-collar",
        )
    if abs(terms.price - terms.mark) * HUNDRED > percent * abs(terms.mark):
        raise Refused(
            "price-collar", f"price {terms.price:f} is over {percent:f} % away from the last, {terms.mark:f}",
            "$.terms.rate" if terms.product in PAIRS else "$.terms.price", limit="price-collar",
        )


def _require_notional(terms: Economics, limits: Limits, used: Decimal, previous: Economics | None) -> None:
    order, gross, asked = limits.order_notional, limits.gross_notional, terms.notional
    if asked is None:
        raise Refused("fx-rate-missing", f"no rate from {terms.currency} to {terms.base_currency} is known", "$.terms")
    if order is not None and asked > order:
        raise Refused(
            "limit-order-notional", f"notional {asked:f} exceeds the limit of {order:f}", "$.terms.quantity",
            limit="order-notional",
        )
    released = previous.notional or ZERO if previous else ZERO
    if gross is not None and used - released + asked > gross and asked > released:
        raise Refused(
            "limit-gross-notional", f"{gross - used + released:f} {terms.base_currency} of the book's gross limit of "
            f"{gross:f} is left, {asked:f} is asked", "$.terms.quantity",
            limit="gross-notional",
        )
