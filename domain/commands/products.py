"""Commands to a ledger log about what only some products know: rights, margins, fixings and repayments."""

from datetime import date
from decimal import Decimal

from domain.commands.header import Command, Key, Reference
from domain.commands.trades import Tenor, TradeCommand


class OptionCommand(TradeCommand, frozen=True, kw_only=True):
    """About ``quantity`` contracts of a trade that has settled, or all that are left, on day ``on`` (or the business
    date).
    """

    quantity: Decimal | None = None
    on: date | None = None


class DeliveryCommand(OptionCommand, frozen=True, kw_only=True):
    """The shares are delivered by a trade of their own, ``delivery_trade_id``, at the strike."""

    delivery_trade_id: Key


class ExerciseOption(DeliveryCommand, frozen=True, kw_only=True):
    """We use a right that we bought."""


class AssignOption(DeliveryCommand, frozen=True, kw_only=True):
    """The buyer used the right that we sold."""


class ExpireOption(OptionCommand, frozen=True, kw_only=True):
    """The right was not used on its last day."""


class SettleVariationMargin(Command, frozen=True, kw_only=True):
    """What a future gained or lost in a book by the settlement ``price`` of day ``on``, less what was paid before.
    Without them: the latest price that is known, and the business date. ``final`` closes the position at this price.
    """

    book: Reference
    instrument: Reference
    price: Decimal | None = None
    on: date | None = None
    final: bool = False


class FixRate(TradeCommand, frozen=True, kw_only=True):
    """From ``fixed_from`` on the index of a floating loan or deposit stands at ``rate`` percent. It may come late, and
    holds from the opening of that day all the same, if ``effective_at`` does not say otherwise.
    """

    rate: Decimal
    fixed_from: date


class RollOverLoan(TradeCommand, frozen=True, kw_only=True):
    """What falls due is lent, or taken, again as trade ``new_trade_id``: the principal, and when it ``capitalises`` the
    interest with it, which otherwise is paid.
    """

    new_trade_id: Key
    rate: Decimal
    spread: Decimal | None = None
    capitalises: bool = False
    maturity_date: date | None = None
    tenor: Tenor | None = None


class RepayEarly(TradeCommand, frozen=True, kw_only=True):
    """``quantity`` of the principal, or all that is open, is repaid before maturity, with the interest on it so far.
    ``break_cost`` is the price of that: above zero when we receive it.
    """

    quantity: Decimal | None = None
    repaid_on: date | None = None
    break_cost: Decimal = Decimal(0)
