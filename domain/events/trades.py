"""Facts of a ledger log. Each carries every reference fact that a projection needs."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from domain.commands.contracts import BondContract, Contract
from domain.commands.lots import NamedLot
from domain.commands.reference import LotMethod
from domain.commands.trades import DayCount, FailCause
from domain.events.corporate_actions import AppliedAction
from domain.events.envelope import Event
from domain.events.parts import Part
from domain.money import ONE, ZERO

Product = Literal["equity", "bond", "future", "option", "fx-spot", "fx-forward", "loan-deposit"]
PAIRS = frozenset({"fx-spot", "fx-forward"})
"""Products in which two currencies are exchanged."""
PERCENT = Decimal("0.01")


class Fixing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """From ``fixed_from`` on the index stood at ``rate`` percent."""

    fixed_from: date
    rate: Decimal


class AccruedInterest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is paid for a coupon's interest beside the price: below zero when we pay. It ran for ``days`` of the period
    from ``period_start`` to ``period_end``; ``ex_coupon``: that coupon stays with the seller.
    """

    amount: Decimal
    days: int
    period_start: date
    period_end: date
    ex_coupon: bool = False


class Forward(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The rate is ``spot`` and ``points``; ``other_leg`` is the trade that is the other leg of a swap."""

    spot: Decimal
    points: Decimal
    other_leg: str | None = None


class LoanSchedule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """``interest`` is due at ``maturity_date``, signed as we see it (+ we receive), in minor units of the currency, and
    so is ``break_cost``, the price of an early repayment. ``rate`` holds until the first of the ``fixings``.
    """

    rate_type: Literal["fixed", "floating"]
    rate: Decimal
    day_count: DayCount
    start_date: date
    maturity_date: date
    interest: Decimal
    index: str | None = None
    spread: Decimal = Decimal(0)
    fixings: tuple[Fixing, ...] = ()
    break_cost: Decimal = Decimal(0)


class Economics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One revision of a trade as the books see it.

    ``quantity`` is signed (+ we get) in units of ``asset`` (an instrument or a base currency); ``amount`` is the signed
    consideration without fees in ``currency``: exactly -quantity x price x ``multiplier`` and what has ``accrued``, of
    a future nothing. ``instrument`` names the position: an instrument id, a pair such as ``EURUSD``, or ``LOAN-EUR`` /
    ``DEPOSIT-EUR``. ``contract`` is what the instrument promised when the trade was decided. ``fees`` are in
    ``currency``, positive when we pay. ``executed_at`` is when the trade was executed, as far as that is known: a
    revision keeps it, and with it the trade's place among the lots. ``notional`` is the size reserved against the
    book's gross limit, in the book's base currency, and ``mark`` the last price known when it was decided; both are
    absent when no rate or price was known.
    With ``fees_in_cost`` the fees are part of what its lots cost; ``closes`` names the lots that it closes first.

    What was agreed in several steps is the sum of its ``parts``, and ``price`` their average to twelve decimals.
    """

    product: Product
    entity: str
    desk: str
    book: str
    owner: str
    base_currency: str
    lot_method: LotMethod
    trader: str
    counterparty: str
    instrument: str
    asset: str
    currency: str
    issuer: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    fees: dict[str, Decimal] = {}
    trade_date: date
    executed_at: datetime
    settlement_date: date
    isin: str | None = None
    mic: str | None = None
    contra_book: str | None = None
    contra_owner: str | None = None
    execution_id: str | None = None
    notional: Decimal | None = None
    mark: Decimal | None = None
    loan: LoanSchedule | None = None
    fees_in_cost: bool = False
    closes: tuple[NamedLot, ...] = ()
    contract: Contract | None = None
    accrued: AccruedInterest | None = None
    forward: Forward | None = None
    parts: tuple[Part, ...] = ()

    @property
    def multiplier(self) -> Decimal:
        """How many times its price one unit costs."""
        return multiplier_of(self.contract)

    @property
    def at_spot(self) -> Decimal:
        """The price that is held against the market's: of a forward its spot, for points are the price of time."""
        return self.price if self.forward is None else self.forward.spot

    @property
    def unit_cost(self) -> Decimal:
        """What one unit costs, without accrued interest and fees."""
        return self.price if self.contract is None else self.price * multiplier_of(self.contract)

    @property
    def value(self) -> Decimal:
        """What the quantity is worth at the trade's price: paid for, but of a future."""
        return -self.amount if self.contract is None else self.quantity * self.unit_cost

    @property
    def total_fees(self) -> Decimal:
        """What the trade costs us beside its consideration."""
        fees = self.fees
        if len(fees) == 1:
            (fee,) = fees.values()
            return fee
        return sum(fees.values(), ZERO)


def multiplier_of(contract: Contract | None) -> Decimal:
    """How many times its price one unit of an instrument costs: a bond is priced in percent, a share for one."""
    if contract is None:
        return ONE
    return PERCENT if isinstance(contract, BondContract) else contract.multiplier


class TradeEvent(Event, frozen=True, kw_only=True):
    """``revision`` counts the terms of the trade from 1; ``terms`` are the ones that hold after this event. ``actions``
    are the corporate actions that were applied to others before, and that this trade's date brings to its position.
    ``onward`` are the instruments whose positions in the book rest on what it changes, by corporate actions.
    ``restates`` is the closed day that the fact is about, when it came too late for it: it is posted on an open one.
    """

    trade_id: str
    revision: int = 1
    terms: Economics
    actions: tuple[AppliedAction, ...] = ()
    onward: tuple[str, ...] = ()
    restates: date | None = None


class StatusEvent(TradeEvent, frozen=True, kw_only=True):
    """Nothing moves by it: positions, cash and journal are as they were."""


class TradeBooked(TradeEvent, frozen=True, kw_only=True):
    """``parents`` are the trades that this one came of, when it was not dealt itself; ``account`` is whose it is."""

    parents: tuple[str, ...] = ()
    account: str | None = None


class TermsReplaced(TradeEvent, frozen=True, kw_only=True):
    """``terms`` take the place of ``previous``, which held until ``effective_at``."""

    previous: Economics


class TradeEnded(TradeEvent, frozen=True, kw_only=True):
    """``terms`` are those that no longer hold."""


class TradeAmended(TermsReplaced, frozen=True, kw_only=True):
    """The parties agreed a change: ``previous`` no longer holds from ``effective_at``."""


class TradeCorrected(TermsReplaced, frozen=True, kw_only=True):
    """We had booked it wrong: ``previous`` never held."""


class TradeCancelled(TradeEnded, frozen=True, kw_only=True):
    """It never held; ``instruments`` are the others that earlier revisions were of, and ``entries`` the movements of
    revisions in parts.
    """

    instruments: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


class TradeAffirmed(StatusEvent, frozen=True, kw_only=True):
    pass


class SettlementEvent(TradeEvent, frozen=True, kw_only=True):
    """``quantity`` and ``amount`` moved now (signed as in the terms; the amount includes the fees);
    ``settled_quantity`` and ``settled_amount`` are the totals so far. ``leg`` is ``maturity`` for a repayment.
    """

    quantity: Decimal
    amount: Decimal
    settled_quantity: Decimal
    settled_amount: Decimal
    settled_on: date
    leg: Literal["start", "maturity"] = "start"


class TradeSettled(SettlementEvent, frozen=True, kw_only=True):
    pass


class TradePartiallySettled(SettlementEvent, frozen=True, kw_only=True):
    pass


class SettlementFailed(StatusEvent, frozen=True, kw_only=True):
    """``open_quantity`` was due on the settlement date and did not settle, for lack of ``cause``."""

    open_quantity: Decimal
    leg: Literal["start", "maturity"] = "start"
    cause: FailCause = "securities"
