"""Facts that only some products know: rights used or lost, margins paid, rates fixed, loans repaid early."""

from datetime import date
from decimal import Decimal

from domain.commands.contracts import FutureContract
from domain.commands.reference import LotMethod
from domain.events.envelope import Event
from domain.events.trades import Fixing, StatusEvent, TradeEvent, TradePartiallySettled, TradeSettled


class OptionEvent(TradeEvent, frozen=True, kw_only=True):
    """``quantity`` contracts leave the position (signed: below zero of those we had bought) for nothing, on ``on``;
    ``left`` are those of the trade that are still open.
    """

    quantity: Decimal
    left: Decimal
    on: date


class OptionExercised(OptionEvent, frozen=True, kw_only=True):
    """The trade ``delivery`` brings the shares, or takes them, at the strike."""

    delivery: str


class OptionAssigned(OptionEvent, frozen=True, kw_only=True):
    """As when exercised, by the other side's will."""

    delivery: str


class OptionExpired(OptionEvent, frozen=True, kw_only=True):
    pass


class VariationMarginSettled(Event, frozen=True, kw_only=True):
    """By the settlement ``price`` of day ``on`` the ``quantity`` contracts, and what was traded before, have gained
    ``amount`` beyond what was paid so far: above zero we receive it. ``closed`` contracts leave the position with it.
    """

    book: str
    desk: str
    entity: str
    instrument: str
    currency: str
    base_currency: str
    lot_method: LotMethod
    issuer: str
    contract: FutureContract
    price: Decimal
    on: date
    quantity: Decimal
    amount: Decimal
    closed: Decimal = Decimal(0)


class RateFixed(StatusEvent, frozen=True, kw_only=True):
    """``terms`` have the interest that follows from ``rate`` from ``fixed_from`` on."""

    rate: Decimal
    fixed_from: date

    @property
    def fixing(self) -> Fixing:
        return Fixing(fixed_from=self.fixed_from, rate=self.rate)


class LoanRolledOver(TradeSettled, frozen=True, kw_only=True):
    """It was repaid by ``successor``, which lends or takes it again."""

    successor: str


class LoanRepaidEarly(TradeSettled, frozen=True, kw_only=True):
    """All that was open; ``amount`` includes ``break_cost``, and the ``terms`` now end that day."""

    break_cost: Decimal


class LoanPartlyRepaidEarly(TradePartiallySettled, frozen=True, kw_only=True):
    """A part; ``amount`` includes ``break_cost``, and the ``terms`` have the interest of the rest."""

    break_cost: Decimal
