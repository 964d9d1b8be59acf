"""Hard pre-trade limits of a book, checked against what earlier commands of the same batch have already reserved."""

from decimal import Decimal

from domain.events.trades import PAIRS, Economics
from domain.money import ZERO
from domain.reference.limits import Limits
from domain.refusals import Refused

HUNDRED = Decimal(100)


def require_headroom(
    terms: Economics, limits: Limits, used: Decimal, position: tuple[Decimal, Decimal],
    previous: Economics | None = None,
) -> None:
    """Whether the book may take ``terms`` on, in place of ``previous`` when it is a revision.

    ``used`` is the gross notional the book has reserved, with ``previous`` in it, and ``position`` its quantity of the
    instrument before and after, in units of today.

    Raises:
        Refused: with the limit's code; nothing is reserved.
    """
    if (most := limits.order_quantity) is not None and abs(terms.quantity) > most and _grows(terms, previous):
        raise Refused(
            "limit-order-quantity", f"quantity {abs(terms.quantity):f} exceeds the limit of {most:f}",
            "$.terms.quantity", limit="order-quantity",
        )
    if limits.position_quantity is not None:
        require_within(*position, limits.position_quantity)
    if limits.price_collar is not None and terms.loan is None and not _is_priced_as(terms, previous):
        _require_price_in_collar(terms, limits.price_collar)
    if limits.order_notional is not None or limits.gross_notional is not None:
        _require_notional(terms, limits, used, previous)


def _grows(terms: Economics, previous: Economics | None) -> bool:
    """Whether it is more of the instrument than it was, or goes the other way: what becomes smaller is welcome."""
    if previous is None or previous.instrument != terms.instrument or terms.quantity * previous.quantity < 0:
        return True
    return abs(terms.quantity) > abs(previous.quantity)


def _is_priced_as(terms: Economics, previous: Economics | None) -> bool:
    """Whether nothing was dealt anew: then the market of now says nothing of its price."""
    return previous is not None and (terms.instrument, terms.quantity, terms.price, terms.forward) == (
        previous.instrument, previous.quantity, previous.price, previous.forward
    )


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
    if abs(terms.at_spot - terms.mark) * HUNDRED > percent * abs(terms.mark):
        raise Refused(
            "price-collar", f"price {terms.at_spot:f} is over {percent:f} % away from the last, {terms.mark:f}",
            "$.terms.rate" if terms.product in PAIRS else "$.terms.price", limit="price-collar",
        )


def _require_notional(terms: Economics, limits: Limits, used: Decimal, previous: Economics | None) -> None:
    order, gross, asked = limits.order_notional, limits.gross_notional, terms.notional
    if asked is None:
        raise Refused("fx-rate-missing", f"no rate from {terms.currency} to {terms.base_currency} is known", "$.terms")
    released = previous.notional or ZERO if previous else ZERO
    if order is not None and asked > order and (asked > released or _grows(terms, previous)):
        raise Refused(
            "limit-order-notional", f"notional {asked:f} exceeds the limit of {order:f}", "$.terms.quantity",
            limit="order-notional",
        )
    if gross is not None and used - released + asked > gross and asked > released:
        raise Refused(
            "limit-gross-notional", f"{gross - used + released:f} {terms.base_currency} of the book's gross limit of "
            f"{gross:f} is left, {asked:f} is asked", "$.terms.quantity",
            limit="gross-notional",
        )
