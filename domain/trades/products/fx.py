"""Two currencies exchanged: at once, later, or there and back again."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from domain.business_days import LATEST, add_business_days, add_tenor, fx_spot_days
from domain.commands.trades import FxForwardTerms, FxSpotTerms, FxSwapTerms
from domain.currencies import require_currency
from domain.events.trades import Economics, Forward
from domain.money import require_amount, require_positive
from domain.refusals import Refused
from domain.trades.products.deal import Deal, require_fees, require_not_before, signed_quantity

DOLLAR = "USD"
Pair = FxSpotTerms | FxForwardTerms | FxSwapTerms


def spot(terms: FxSpotTerms, deal: Deal) -> Economics:
    """At the rate, on the spot date if no other was agreed."""
    _require_pair(terms)
    rate = require_positive(terms.rate, "$.terms.rate")
    settlement_date = terms.settlement_date or _spot_date(terms, deal)
    return _exchanged(terms, deal, signed_quantity(terms.quantity, terms.side), rate, settlement_date)


def forward(terms: FxForwardTerms, deal: Deal) -> Economics:
    """At the spot rate and points, on a later day."""
    _require_pair(terms)
    price = _outright(terms.rate, terms.points, "$.terms.points")
    settlement_date = _later(terms, deal, _spot_date(terms, deal), terms.settlement_date, "settlement_date")
    quantity = signed_quantity(terms.quantity, terms.side)
    return replace(
        _exchanged(terms, deal, quantity, price, settlement_date), product="fx-forward",
        forward=Forward(spot=terms.rate, points=terms.points),
    )


def swap(terms: FxSwapTerms, deal: Deal, near_trade_id: str) -> tuple[Economics, Economics]:
    """The near leg, with the fees, and the far one: as much of the base currency back."""
    _require_pair(terms)
    prices = (
        _outright(terms.rate, terms.near_points, "$.terms.near_points"),
        _outright(terms.rate, terms.far_points, "$.terms.far_points"),
    )
    near_date = terms.near_date or _spot_date(terms, deal)
    far_date = _later(terms, deal, near_date, terms.far_date, "far_date")
    if far_date <= require_not_before(near_date, deal.trade_date, "$.terms.near_date"):
        raise Refused("date-out-of-range", f"the far leg must lie after the near one ({near_date})", "$.terms.far_date")
    quantity = signed_quantity(terms.quantity, terms.side)
    near = replace(
        _exchanged(terms, deal, quantity, prices[0], near_date), product="fx-forward",
        forward=Forward(spot=terms.rate, points=terms.near_points, other_leg=terms.far_trade_id),
    )
    far = replace(
        _exchanged(terms, deal, -quantity, prices[1], far_date), product="fx-forward", fees={},
        forward=Forward(spot=terms.rate, points=terms.far_points, other_leg=near_trade_id),
    )
    return near, far


def _exchanged(terms: Pair, deal: Deal, quantity: Decimal, rate: Decimal, settlement_date: date) -> Economics:
    base, quote = terms.base, terms.quote
    return replace(
        deal.begun(), product="fx-spot", instrument=base + quote, asset=base, currency=quote, issuer=base,
        quantity=quantity, price=rate, amount=-quantity * rate, fees=require_fees(terms.fees),
        notional=deal.notional(quantity * rate, quote),
        settlement_date=require_not_before(settlement_date, deal.trade_date), mark=deal.market.rate(base, quote),
    )


def _require_pair(terms: Pair) -> None:
    base, quote = require_currency(terms.base, "$.terms.base"), require_currency(terms.quote, "$.terms.quote")
    if base == quote:
        raise Refused("same-currency", "base and quote must be two currencies", "$.terms.quote")


def _spot_date(terms: Pair, deal: Deal) -> date:
    # A cross is dealt through the dollar, so its spot date is a business day of the dollar too.
    calendars = deal.reference.currency_calendars(terms.base, terms.quote, DOLLAR)
    if fx_spot_days(terms.base, terms.quote) == 1:
        return add_business_days(deal.trade_date, 1, calendars)
    # The day between need not be one of the dollar.
    others = [currency for currency in (terms.base, terms.quote) if currency != DOLLAR]
    between = add_business_days(deal.trade_date, 1, deal.reference.currency_calendars(*others))
    return add_business_days(between, 1, calendars)


def _outright(rate: Decimal, points: Decimal, field: str) -> Decimal:
    price = require_positive(rate, "$.terms.rate") + require_amount(points, field)
    return require_positive(price, field)


def _later(
    terms: FxForwardTerms | FxSwapTerms, deal: Deal, begins: date, given: date | None, field: str
) -> date:
    if (given is None) == (terms.tenor is None):
        raise Refused("date-or-tenor", f"give either {field} or tenor", f"$.terms.{field}")
    if given is not None:
        return given
    if begins > LATEST:
        raise Refused("date-out-of-range", "a tenor must begin before 2200", "$.terms.tenor")
    calendars = deal.reference.currency_calendars(terms.base, terms.quote, DOLLAR)
    return add_tenor(begins, terms.tenor or "0D", calendars)
