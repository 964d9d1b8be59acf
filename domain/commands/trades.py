"""Commands to a ledger log: the life of a trade."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from domain.commands.header import Command, Key, Reference
from domain.commands.lots import NamedLots
from domain.commands.reference import Code

Side = Literal["buy", "sell"]
DayCount = Literal["ACT/360", "ACT/365F", "30/360", "30E/360", "ACT/ACT"]
Tenor = Literal["0D", "1D", "2D", "1W", "2W", "1M", "2M", "3M", "6M", "12M"]
FailCause = Literal["securities", "cash"]
Fees = Annotated[dict[Key, Decimal], msgspec.Meta(max_length=20)]


class EquityTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
                  gc=False, tag_field="product", tag="equity"):
    """Quantity in shares, price per share in the instrument's currency, fees in the same currency, never negative."""

    side: Side
    instrument: Reference
    quantity: Decimal
    price: Decimal
    fees: Fees = {}
    settlement_date: date | None = None


class BondTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
                gc=False, tag_field="product", tag="bond"):
    """``quantity`` is the nominal, ``price`` the clean price in percent of it; accrued interest is added."""

    side: Side
    instrument: Reference
    quantity: Decimal
    price: Decimal
    fees: Fees = {}
    settlement_date: date | None = None


class FutureTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
                  gc=False, tag_field="product", tag="future"):
    """``quantity`` is in contracts. Nothing is paid for them but fees; profit and loss are paid day by day."""

    side: Side
    instrument: Reference
    quantity: Decimal
    price: Decimal
    fees: Fees = {}
    settlement_date: date | None = None


class OptionTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
                  gc=False, tag_field="product", tag="option"):
    """``quantity`` is in contracts, ``price`` the premium for one unit of what a contract is of."""

    side: Side
    instrument: Reference
    quantity: Decimal
    price: Decimal
    fees: Fees = {}
    settlement_date: date | None = None


class FxSpotTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
                  gc=False, tag_field="product", tag="fx-spot"):
    """Buy or sell ``quantity`` of the base currency against the quote currency at ``rate`` (quote per base)."""

    side: Side
    base: Code
    quote: Code
    quantity: Decimal
    rate: Decimal
    fees: Fees = {}
    settlement_date: date | None = None


class FxForwardTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
                     gc=False, tag_field="product", tag="fx-forward"):
    """As a spot, for a later day: ``settlement_date``, or a ``tenor`` after spot. What is paid is the spot ``rate`` and
    ``points``.
    """

    side: Side
    base: Code
    quote: Code
    quantity: Decimal
    rate: Decimal
    points: Decimal = Decimal(0)
    tenor: Tenor | None = None
    fees: Fees = {}
    settlement_date: date | None = None


class FxSwapTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
                  gc=False, tag_field="product", tag="fx-swap"):
    """A near leg (``side``; without ``near_date`` for spot), and back again on ``far_date``, or a ``tenor`` after the
    near day: a trade ``far_trade_id`` of its own. Each leg's rate is spot ``rate`` and its points.
    """

    side: Side
    base: Code
    quote: Code
    quantity: Decimal
    rate: Decimal
    near_points: Decimal = Decimal(0)
    far_points: Decimal
    far_trade_id: Key
    near_date: date | None = None
    far_date: date | None = None
    tenor: Tenor | None = None
    fees: Fees = {}


class LoanTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True,
                gc=False, tag_field="product", tag="loan-deposit"):
    """Lend (a loan) or take (a deposit) ``principal`` from ``start_date`` for a tenor or until ``maturity_date``.

    ``rate`` is yearly in percent: the fixed rate, or the current fixing of ``index``, to which ``spread`` is added.
    """

    side: Literal["lend", "take"]
    currency: Code
    principal: Decimal
    rate_type: Literal["fixed", "floating"] = "fixed"
    rate: Decimal
    index: Key | None = None
    spread: Decimal = Decimal(0)
    day_count: DayCount = "ACT/360"
    start_date: date
    maturity_date: date | None = None
    tenor: Tenor | None = None


ListedTerms = EquityTerms | BondTerms | FutureTerms | OptionTerms
Terms = ListedTerms | FxSpotTerms | FxForwardTerms | FxSwapTerms | LoanTerms


class TradeCommand(Command, frozen=True, kw_only=True):
    """A command about one trade. ``book`` names the log; the API fills it in from the trade when it is left out."""

    trade_id: Key
    book: Reference


class BookTrade(TradeCommand, frozen=True, kw_only=True):
    """``contra_book`` names our own book on the other side, ``execution_id`` the venue's fill, ``closes`` the lots that
    the trade closes in a book of the specific method; what it closes beyond them are the oldest.
    """

    trader: Reference
    counterparty: Reference
    trade_date: date
    terms: Terms
    contra_book: Reference | None = None
    execution_id: Key | None = None
    closes: NamedLots = ()


class AmendTrade(TradeCommand, frozen=True, kw_only=True):
    """An agreed change: the full new terms, and the lots that they close."""

    terms: Terms
    closes: NamedLots = ()


class CorrectTrade(TradeCommand, frozen=True, kw_only=True):
    """We booked it wrong: the full right terms, and the lots that they close; a reason is required."""

    terms: Terms
    closes: NamedLots = ()
    trade_date: date | None = None


class CancelTrade(TradeCommand, frozen=True, kw_only=True):
    pass


class AffirmTrade(TradeCommand, frozen=True, kw_only=True):
    pass


class SettleTrade(TradeCommand, frozen=True, kw_only=True):
    """Settles what is open, or ``quantity`` of it. A loan or deposit settles its start, then its maturity."""

    settled_on: date | None = None
    quantity: Decimal | None = None


class FailSettlement(TradeCommand, frozen=True, kw_only=True):
    """The counterparty or we did not deliver on the settlement date, for lack of ``cause``: the seller lacks
    securities, the buyer cash. The economic position stays.
    """

    cause: FailCause = "securities"
