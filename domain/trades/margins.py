"""The daily margin of futures: what each book's position in one has gained, and what of it has been paid."""

from datetime import date
from decimal import Decimal

import msgspec

from domain.commands.contracts import FutureContract
from domain.commands.products import SettleVariationMargin
from domain.decider import Envelope
from domain.events import BookDefined, InstrumentDefined, VariationMarginSettled
from domain.events.trades import Economics
from domain.money import ZERO, require_amount
from domain.refusals import Refused


class Traded(msgspec.Struct, frozen=True, gc=False):
    """What was traded on one day: contracts, and what they were worth at their prices."""

    day: date
    quantity: Decimal
    value: Decimal


class MarginAccount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``quantity`` contracts traded up to ``through``, the last day that was settled, for ``value``; ``paid`` is what
    came of it so far. ``later`` is what was traded since, day by day.
    """

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    paid: Decimal = ZERO
    through: date | None = None
    later: tuple[Traded, ...] = ()


EMPTY = MarginAccount()


def take(account: MarginAccount, terms: Economics, sign: int) -> MarginAccount:
    """The account with a trade in it, or without: one of a day that was settled counts with the next day."""
    quantity, value = sign * terms.quantity, sign * terms.value
    if account.through is not None and terms.trade_date <= account.through:
        return msgspec.structs.replace(
            account, quantity=account.quantity + quantity, value=account.value + value
        )
    days = {each.day: each for each in account.later}
    known = days.get(terms.trade_date, Traded(terms.trade_date, ZERO, ZERO))
    days[terms.trade_date] = Traded(known.day, known.quantity + quantity, known.value + value)
    later = sorted((each for each in days.values() if each.quantity or each.value), key=lambda each: each.day)
    return msgspec.structs.replace(account, later=tuple(later))


def settled(account: MarginAccount, event: VariationMarginSettled) -> MarginAccount:
    """The account after a payment; what was closed with it left at its price."""
    taken = up_to(account, event.on)
    closed = event.closed * event.price * event.contract.multiplier
    return msgspec.structs.replace(
        taken, quantity=taken.quantity + event.closed, value=taken.value + closed, paid=taken.paid + event.amount
    )


def up_to(account: MarginAccount, day: date) -> MarginAccount:
    """The account with all that was traded up to ``day`` in one."""
    earlier = [each for each in account.later if each.day <= day]
    return MarginAccount(
        quantity=account.quantity + sum((each.quantity for each in earlier), ZERO),
        value=account.value + sum((each.value for each in earlier), ZERO), paid=account.paid, through=day,
        later=account.later[len(earlier) :],
    )


def settle(
    account: MarginAccount, command: SettleVariationMargin, book: BookDefined, instrument: InstrumentDefined,
    dated: Envelope, *, last_price: Decimal | None,
) -> VariationMarginSettled:
    """The payment of one day: all gains of the position at its price, less what was paid before.

    Raises:
        Refused: when the instrument has no margin, or the day or price is none for it.
    """
    contract = instrument.contract
    if not isinstance(contract, FutureContract):
        raise Refused("wrong-product", f"{instrument.instrument} is no future", "$.instrument")
    price = _price(command, contract, last_price)
    day = _day(account, command, contract, dated)
    taken = up_to(account, day)
    if command.final and taken.later:
        raise Refused("date-out-of-range", "there are trades after the final settlement", "$.on")
    return VariationMarginSettled(
        **dated, book=book.book, desk=book.desk, entity=book.entity, instrument=instrument.instrument,
        currency=instrument.currency, base_currency=book.base_currency, lot_method=book.lot_method,
        issuer=instrument.issuer, contract=contract, price=price, on=day, quantity=taken.quantity,
        amount=taken.quantity * price * contract.multiplier - taken.value - taken.paid,
        closed=-taken.quantity if command.final else ZERO,
    )


def _price(command: SettleVariationMargin, contract: FutureContract, last_price: Decimal | None) -> Decimal:
    price = last_price if command.price is None else require_amount(command.price, "$.price")
    if price is None:
        raise Refused("price-missing", f"no price of {command.instrument} is known that held on the day", "$.price")
    if price % contract.tick:
        raise Refused("off-tick", f"a price of {command.instrument} is so many times {contract.tick:f}", "$.price")
    return price


def _day(account: MarginAccount, command: SettleVariationMargin, contract: FutureContract, dated: Envelope) -> date:
    business_date: date = dated["business_date"]
    day = command.on or business_date
    if account == EMPTY:
        raise Refused("nothing-open", f"the book has never traded {command.instrument}", "$.instrument")
    if account.through is not None and day <= account.through:
        raise Refused("already-settled", f"{command.instrument} is settled through {account.through}", "$.on")
    if day > business_date:
        raise Refused("date-out-of-range", f"that day lies after the business date ({business_date})", "$.on")
    if command.final and day < contract.last_trading_day:
        raise Refused("not-due", f"{command.instrument} is traded until {contract.last_trading_day}", "$.on")
    return day
