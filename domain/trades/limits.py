"""Hard pre-trade limits of a book, checked against what earlier commands of the same batch have already reserved."""

from collections.abc import Mapping
from decimal import Decimal

from domain.events import LimitSet
from domain.events.trades import Economics
from domain.money import ZERO
from domain.refusals import Refused

BookLimits = Mapping[tuple[str, str | None], LimitSet]
HUNDRED = Decimal(100)


def require_headroom(
    terms: Economics, limits: BookLimits, used: Decimal, position: Decimal, previous: Economics | None = None
) -> None:
    """Whether the book may take ``terms`` on, in place of ``previous`` when it is a revision.

    ``used`` is the gross notional the book has reserved and ``position`` its quantity of the instrument, both with
    ``previous`` in them.

    Raises:
        Refused: with the limit's code; nothing is reserved.
    """
    _require_order_quantity(terms, limits)
    _require_position(terms, limits, position, previous)
    _require_price_in_collar(terms, limits)
    _require_notional(terms, limits, used, previous)


def _amount(limits: BookLimits, kind: str, instrument: str | None = None) -> Decimal | None:
    limit = limits.get((kind, instrument)) or limits.get((kind, None))
    return limit.amount if limit else None


def _require_order_quantity(terms: Economics, limits: BookLimits) -> None:
    most = _amount(limits, "order-quantity", terms.instrument)
    if most is not None and abs(terms.quantity) > most:
        raise Refused(
            "limit-order-quantity", f"quantity {abs(terms.quantity):f} exceeds the limit of {most:f}",
            "$.terms.quantity",
        )


def _require_position(terms: Economics, limits: BookLimits, position: Decimal, previous: Economics | None) -> None:
    most = _amount(limits, "position-quantity", terms.instrument)
    if most is None:
        return
    if previous is not None and previous.instrument == terms.instrument:
        position -= previous.quantity
    after = abs(position + terms.quantity)
    # What brings a position back towards its limit is always welcome.
    if after > most and after > abs(position):
        raise Refused(
            "limit-position-quantity", f"the position would be {after:f}, over the limit of {most:f}",
            "$.terms.quantity",
        )


def _require_price_in_collar(terms: Economics, limits: BookLimits) -> None:
    percent = _amount(limits, "price-collar", terms.instrument)
    if percent is None or terms.loan is not None:
        return
    if terms.mark is None:
        raise Refused("price-missing", f"no price of {terms.instrument} is known to hold the collar against", "$.terms")
    if abs(terms.price - terms.mark) * HUNDRED > percent * abs(terms.mark):
        raise Refused(
            "price-collar", f"price {terms.price:f} is over {percent:f} % away from the last, {terms.mark:f}",
            "$.terms.rate" if terms.product == "fx-spot" else "$.terms.price",
        )


def _require_notional(terms: Economics, limits: BookLimits, used: Decimal, previous: Economics | None) -> None:
    order, gross = _amount(limits, "order-notional", terms.instrument), _amount(limits, "gross-notional")
    if order is None and gross is None:
        return
    if terms.notional is None:
        raise Refused("fx-rate-missing", f"no rate from {terms.currency} to {terms.base_currency} is known", "$.terms")
    if order is not None and terms.notional > order:
        raise Refused(
            "limit-order-notional", f"notional {terms.notional:f} exceeds the limit of {order:f}", "$.terms.quantity"
        )
    released = previous.notional or ZERO if previous else ZERO
    if gross is not None and used - released + terms.notional > gross and terms.notional > released:
        raise Refused(
            "limit-gross-notional", f"{gross - used + released:f} {terms.base_currency} of the book's gross limit of "
            f"{gross:f} is left, {terms.notional:f} is asked", "$.terms.quantity",
        )
