"""What becomes of an option: its right is used, by us or against us, or it expires."""

from datetime import date
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from domain.commands.contracts import OptionContract
from domain.commands.products import AssignOption, DeliveryCommand, ExerciseOption, ExpireOption, OptionCommand
from domain.commands.trades import EquityTerms
from domain.decider import Envelope
from domain.events import OptionAssigned, OptionExercised, OptionExpired
from domain.events.products import OptionEvent
from domain.events.trades import Economics
from domain.money import ZERO, require_positive
from domain.refusals import Refused
from domain.trades.state import TradeState


def close(
    trade: TradeState, command: OptionCommand, dated: Envelope, *, held: Decimal, today: date | None
) -> OptionEvent:
    """What leaves the position, of which the book has ``held``.

    Raises:
        Refused: when there is no such right, or the day is not one for it.
    """
    contract = contract_of(trade)
    day = day_of(command, dated)
    if day < trade.terms.trade_date or (today is not None and day > today):
        raise Refused("date-out-of-range", "that day lies before the trade or is still to come", "$.on")
    _require_day(trade.terms.instrument, contract, command, day)
    quantity = _asked(trade, command)
    if held * quantity <= 0 or abs(held) < abs(quantity):
        raise Refused("not-held", f"the book holds {held:f} contracts of {trade.terms.instrument}", "$.quantity")
    fields: dict[str, Any] = {
        **dated, "trade_id": trade.trade_id, "revision": trade.revision, "terms": trade.terms, "quantity": -quantity,
        "left": trade.contracts_left - quantity, "on": day,
    }
    match command:
        case ExerciseOption():
            _require(quantity > 0, "not-the-holder", "only what was bought is exercised")
            return OptionExercised(**fields, delivery=command.delivery_trade_id)
        case AssignOption():
            _require(quantity < 0, "not-the-writer", "only what was sold is assigned")
            return OptionAssigned(**fields, delivery=command.delivery_trade_id)
        case ExpireOption():
            return OptionExpired(**fields)
    raise AssertionError(f"no rule for {type(command).__name__}")


def delivery(event: OptionEvent) -> EquityTerms:
    """The shares at the strike: the buyer of a call and the seller of a put get them."""
    contract = event.terms.contract
    assert isinstance(contract, OptionContract)
    gets = (event.quantity < 0) == (contract.right == "call")
    return EquityTerms(
        side="buy" if gets else "sell", instrument=contract.underlying,
        quantity=abs(event.quantity) * contract.multiplier, price=contract.strike,
    )


def delivered(terms: Economics) -> Economics:
    """The economics of a delivery, which was no deal on the market."""
    return replace(terms, mark=None)


def parties(trade: TradeState) -> Economics:
    """A delivery is with those of the option, but is no fill of its own."""
    return replace(trade.terms, execution_id=None)


def contract_of(trade: TradeState) -> OptionContract:
    contract = trade.terms.contract
    if not isinstance(contract, OptionContract):
        raise Refused("wrong-product", f"trade {trade.trade_id} is no option", "$.trade_id")
    return contract


def day_of(command: OptionCommand, dated: Envelope) -> date:
    """The day on which the right was used or lost."""
    fallback: date = dated["business_date"]
    return command.on or fallback


def _require_day(instrument: str, contract: OptionContract, command: OptionCommand, day: date) -> None:
    if not isinstance(command, DeliveryCommand):
        _require(day >= contract.expiry, "not-due", f"{instrument} expires on {contract.expiry}", "$.on")
        return
    _require(day <= contract.expiry, "expired", f"{instrument} expired on {contract.expiry}", "$.on")
    _require(
        contract.style == "american" or day == contract.expiry, "not-due",
        f"{instrument} is exercised on {contract.expiry}, not before", "$.on",
    )


def _asked(trade: TradeState, command: OptionCommand) -> Decimal:
    """Signed as the trade."""
    if trade.status != "settled":
        raise Refused("wrong-state", f"trade {trade.trade_id} is {trade.status}: only what has settled is used")
    left = trade.contracts_left
    if command.quantity is None:
        return left
    quantity = require_positive(command.quantity, "$.quantity")
    _require(quantity % 1 == ZERO, "not-whole", "contracts are exercised as a whole", "$.quantity")
    _require(quantity <= abs(left), "more-than-open", f"only {abs(left):f} are open", "$.quantity")
    return quantity.copy_sign(left)


def _require(holds: bool, code: str, detail: str, field: str = "$.trade_id") -> None:
    if not holds:
        raise Refused(code, detail, field)
