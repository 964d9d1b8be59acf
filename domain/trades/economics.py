"""From the terms a client sends to the economics the books record: signs, dates, assets and reference facts."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Protocol

import msgspec
from msgspec.structs import replace

from domain.business_days import Calendar, add_business_days, add_tenor, fx_spot_days
from domain.commands.trades import EquityTerms, FxSpotTerms, LoanTerms, Terms
from domain.currencies import require_currency
from domain.day_counts import interest, year_fraction
from domain.events import BookDefined, InstrumentDefined
from domain.events.trades import Economics, LoanSchedule
from domain.money import ZERO, is_amount, require_amount, require_positive
from domain.refusals import Refused

EARLIEST = date(1970, 1, 1)
LATEST = date(2200, 1, 1)
ONE = Decimal(1)
DOLLAR = "USD"
NEVER = datetime.min.replace(tzinfo=UTC)


class ReferenceFacts(Protocol):
    """What the economics need of the reference log."""

    instruments: dict[str, InstrumentDefined]

    def calendar(self, calendar_id: str) -> Calendar: ...

    def currency_calendars(self, *currencies: str) -> list[Calendar]: ...

    def settlement_days(self, instrument: InstrumentDefined, trade_date: date) -> int: ...


class MarketFacts(Protocol):
    """What the economics need of the market log."""

    def price(self, instrument: str) -> Decimal | None: ...

    def rate(self, base: str, quote: str) -> Decimal | None: ...


class Parties(Protocol):
    """Who trades: the attributes that a revision of a trade keeps from its booking."""

    @property
    def trader(self) -> str: ...
    @property
    def counterparty(self) -> str: ...
    @property
    def contra_book(self) -> str | None: ...
    @property
    def execution_id(self) -> str | None: ...


class Deal(msgspec.Struct, frozen=True, gc=False):
    """What surrounds the terms: the day, the book as a template of its trades, the parties, and the facts known.
    Filling in a template costs a third of a new struct of thirty fields.
    """

    trade_date: date
    template: Economics
    parties: Parties
    contra_owner: str | None
    executed_at: datetime
    reference: ReferenceFacts
    market: MarketFacts

    def begun(self) -> Economics:
        """The economics as far as the book and the parties say them."""
        parties = self.parties
        return replace(
            self.template, trader=parties.trader, counterparty=parties.counterparty, contra_book=parties.contra_book,
            contra_owner=self.contra_owner, execution_id=parties.execution_id, trade_date=self.trade_date,
            executed_at=self.executed_at,
        )

    def notional(self, size: Decimal, currency: str) -> Decimal | None:
        """The size in the book's base currency; None when no rate is known."""
        if currency == self.template.base_currency:
            return abs(size)
        rate = self.market.rate(currency, self.template.base_currency)
        return None if rate is None else abs(size * rate)


def template_of(book: BookDefined) -> Economics:
    """What every trade of a book has in common; what the trade says itself is left blank."""
    return Economics(
        entity=book.entity, desk=book.desk, book=book.book, owner=book.owner, base_currency=book.base_currency,
        lot_method=book.lot_method, product="equity", trader="", counterparty="", instrument="", asset="", currency="",
        issuer="", quantity=ZERO, price=ZERO, amount=ZERO, trade_date=EARLIEST, settlement_date=EARLIEST,
        executed_at=NEVER,
    )


def economics(terms: Terms, deal: Deal) -> Economics:
    """The economics of ``terms``.

    Raises:
        Refused: naming the field that breaks a rule.
    """
    if not EARLIEST <= deal.trade_date <= LATEST:
        raise Refused("date-out-of-range", "trade_date must lie between 1970 and 2200", "$.trade_date")
    if type(terms) is EquityTerms:
        return _equity(terms, deal)
    if type(terms) is FxSpotTerms:
        return _fx_spot(terms, deal)
    assert isinstance(terms, LoanTerms)
    return _loan(terms, deal)


def _equity(terms: EquityTerms, deal: Deal) -> Economics:
    name, trade_date = terms.instrument, deal.trade_date
    instrument = deal.reference.instruments.get(name)
    if instrument is None:
        raise Refused("unknown-instrument", f"no instrument {name!r} is defined", "$.terms.instrument")
    quantity = require_positive(terms.quantity, "$.terms.quantity")
    if terms.side == "sell":
        quantity = -quantity
    price = require_amount(terms.price, "$.terms.price")
    amount, currency = -(quantity * price), instrument.currency
    settlement_date = terms.settlement_date or add_business_days(
        trade_date, deal.reference.settlement_days(instrument, trade_date),
        (deal.reference.calendar(instrument.calendar),),
    )
    return replace(
        deal.begun(), product="equity", instrument=name, asset=name, currency=currency, issuer=instrument.issuer,
        quantity=quantity, price=price, amount=amount, fees=require_fees(terms.fees), isin=instrument.isin,
        mic=instrument.mic,
        settlement_date=require_not_before(settlement_date, trade_date), notional=deal.notional(amount, currency),
        mark=deal.market.price(name),
    )


def _fx_spot(terms: FxSpotTerms, deal: Deal) -> Economics:
    base, quote = require_currency(terms.base, "$.terms.base"), require_currency(terms.quote, "$.terms.quote")
    if base == quote:
        raise Refused("same-currency", "base and quote must be two currencies", "$.terms.quote")
    quantity = require_positive(terms.quantity, "$.terms.quantity")
    if terms.side == "sell":
        quantity = -quantity
    rate = require_positive(terms.rate, "$.terms.rate")
    # A cross is dealt through the dollar, so its spot date is a business day of the dollar too.
    settlement_date = terms.settlement_date or add_business_days(
        deal.trade_date, fx_spot_days(base, quote), deal.reference.currency_calendars(base, quote, DOLLAR)
    )
    return replace(
        deal.begun(), product="fx-spot", instrument=base + quote, asset=base, currency=quote, issuer=base,
        quantity=quantity, price=rate, amount=-quantity * rate, fees=require_fees(terms.fees),
        notional=deal.notional(quantity * rate, quote),
        settlement_date=require_not_before(settlement_date, deal.trade_date), mark=deal.market.rate(base, quote),
    )


def _loan(terms: LoanTerms, deal: Deal) -> Economics:
    currency = require_currency(terms.currency, "$.terms.currency")
    principal = require_positive(terms.principal, "$.terms.principal")
    lends = terms.side == "lend"
    quantity = principal if lends else -principal
    return replace(
        deal.begun(), product="loan-deposit", instrument=("LOAN-" if lends else "DEPOSIT-") + currency,
        asset=currency, currency=currency, issuer=deal.parties.counterparty, quantity=quantity, price=ONE,
        amount=-quantity,
        settlement_date=require_not_before(terms.start_date, deal.trade_date, "$.terms.start_date"),
        notional=deal.notional(principal, currency), loan=_schedule(terms, deal.reference),
    )


def _schedule(terms: LoanTerms, reference: ReferenceFacts) -> LoanSchedule:
    if (terms.maturity_date is None) == (terms.tenor is None):
        raise Refused("maturity-or-tenor", "give either maturity_date or tenor", "$.terms.maturity_date")
    if (terms.rate_type == "floating") != (terms.index is not None):
        raise Refused("index-mismatch", "a floating rate needs an index, a fixed rate has none", "$.terms.index")
    if not EARLIEST <= terms.start_date <= LATEST:
        raise Refused("date-out-of-range", "start_date must lie between 1970 and 2200", "$.terms.start_date")
    maturity = terms.maturity_date or add_tenor(
        terms.start_date, terms.tenor or "0D", reference.currency_calendars(terms.currency)
    )
    if not terms.start_date <= maturity <= LATEST:
        raise Refused("date-out-of-range", "maturity must lie between the start and 2200", "$.terms.maturity_date")
    rate, spread = require_amount(terms.rate, "$.terms.rate"), require_amount(terms.spread, "$.terms.spread")
    if abs(rate + spread) > 1000:
        raise Refused("out-of-range", "rate is yearly in percent, at most 1000", "$.terms.rate")
    signed = terms.principal if terms.side == "lend" else -terms.principal
    return LoanSchedule(
        rate_type=terms.rate_type, rate=rate, spread=spread, index=terms.index, day_count=terms.day_count,
        start_date=terms.start_date, maturity_date=maturity,
        interest=interest(
            signed * (rate + spread), year_fraction(terms.day_count, terms.start_date, maturity), terms.currency
        ),
    )


def require_fees(fees: dict[str, Decimal], path: str = "$.terms.fees") -> dict[str, Decimal]:
    """``fees`` when each is an amount, and none is negative."""
    for name, fee in fees.items():
        if not is_amount(fee) or fee < ZERO:
            field = f"{path}.{name}"
            require_amount(fee, field)
            raise Refused("negative-fee", f"{field} must not be negative", field)
    return fees


def require_not_before(settlement_date: date, trade_date: date, field: str = "$.terms.settlement_date") -> date:
    """``settlement_date`` when it can be one."""
    if not trade_date <= settlement_date <= LATEST:
        raise Refused("date-out-of-range", "settlement must not lie before the trade date nor after 2200", field)
    return settlement_date
