"""From the terms a client sends to the economics the books record: signs, dates, assets and reference facts."""

from collections.abc import Callable
from typing import Any

from domain.business_days import EARLIEST, LATEST
from domain.commands.trades import (
    BondTerms,
    EquityTerms,
    FutureTerms,
    FxForwardTerms,
    FxSpotTerms,
    LoanTerms,
    OptionTerms,
    Terms,
)
from domain.events.trades import Economics
from domain.refusals import Refused
from domain.trades.products import fx, listed, loan
from domain.trades.products.deal import Deal, ReferenceFacts, template_of

__all__ = ["EARLIEST", "LATEST", "Deal", "ReferenceFacts", "economics", "require_trade_date", "template_of"]

_PRODUCTS: dict[type, Callable[[Any, Deal], Economics]] = {
    EquityTerms: listed.equity, BondTerms: listed.bond, FutureTerms: listed.future, OptionTerms: listed.option,
    FxSpotTerms: fx.spot, FxForwardTerms: fx.forward, LoanTerms: loan.loan,
}


def economics(terms: Terms, deal: Deal) -> Economics:
    """The economics of ``terms``, but of a swap, which is two trades.

    Raises:
        Refused: naming the field that breaks a rule.
    """
    require_trade_date(deal)
    product = _PRODUCTS.get(type(terms))
    if product is None:
        raise Refused("wrong-product", "a swap is booked as a whole, and its legs are revised as forwards", "$.terms")
    return product(terms, deal)


def require_trade_date(deal: Deal) -> None:
    """Whether the trade date is a day that there is."""
    if not EARLIEST <= deal.trade_date <= LATEST:
        raise Refused("date-out-of-range", "trade_date must lie between 1970 and 2200", "$.trade_date")
