"""Settlement of a trade: what is open, and what a settlement moves."""

from datetime import date
from decimal import Decimal

import msgspec

from domain.business_days import LATEST
from domain.commands.trades import SettleTrade
from domain.currencies import minor_unit
from domain.events.trades import Economics
from domain.money import divide, require_positive, round_to
from domain.refusals import Refused
from domain.trades.state import Leg, TradeState


class Movement(msgspec.Struct, frozen=True):
    """What settles now, signed as in the terms; ``amount`` includes fees (start) or interest (maturity)."""

    leg: Leg
    quantity: Decimal
    amount: Decimal
    settled_quantity: Decimal
    settled_amount: Decimal
    settled_on: date
    complete: bool


def due(terms: Economics, leg: Leg) -> tuple[Decimal, Decimal]:
    """The quantity and the amount that a leg moves in whole: at the start the consideration less fees, at maturity the
    principal back and the interest.
    """
    if leg == "maturity":
        assert terms.loan is not None
        return -terms.quantity, terms.quantity + terms.loan.interest + terms.loan.break_cost
    return terms.quantity, terms.amount - terms.total_fees


def settle(trade: TradeState, command: SettleTrade, business_date: date, today: date | None) -> Movement:
    """What a settlement moves; without a date of its own it is of ``business_date``.

    One before the settlement date is taken: it is the report of a custodian or a bank of what has moved, which no
    convention of ours undoes, but nothing has moved yet on a day after ``today``.

    Raises:
        Refused: when nothing is open, more is asked than is open, or its date cannot be.
    """
    if not trade.is_open:
        raise Refused("nothing-open", f"trade {trade.trade_id} is {trade.status}: nothing is open")
    whole_quantity, whole_amount = due(trade.terms, trade.leg)
    open_quantity = whole_quantity - trade.settled_quantity
    quantity = _asked(command, open_quantity)
    complete = quantity == open_quantity
    # The cash of a part is paid in minor units; the last part takes what rounding left.
    amount = whole_amount - trade.settled_amount
    if not complete:
        amount = round_to(divide(whole_amount * quantity, whole_quantity), minor_unit(trade.terms.currency))
    settled_on = command.settled_on or business_date
    if not trade.terms.trade_date <= settled_on <= LATEST:
        raise Refused("date-out-of-range", "settled_on lies before the trade date or after 2200", "$.settled_on")
    if today is not None and settled_on > today:
        raise Refused("date-out-of-range", f"settled_on lies after the business date ({today})", "$.settled_on")
    return Movement(
        trade.leg, quantity, amount, trade.settled_quantity + quantity, trade.settled_amount + amount, settled_on,
        complete,
    )


def _asked(command: SettleTrade, open_quantity: Decimal) -> Decimal:
    if command.quantity is None:
        return open_quantity
    quantity = require_positive(command.quantity, "$.quantity")
    if quantity > abs(open_quantity):
        raise Refused("more-than-open", f"only {abs(open_quantity):f} is open", "$.quantity")
    return quantity.copy_sign(open_quantity)

