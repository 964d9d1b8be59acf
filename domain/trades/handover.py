"""What it takes for a trade, or a part of it, to become another."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from domain.decider import Apart, Envelope
from domain.events import TradeBooked
from domain.events.trades import Economics
from domain.money import ZERO
from domain.refusals import Refused
from domain.trades.parts import held_since, parts_of
from domain.trades.standing import require_untouched
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider

DIVISIBLE = frozenset({"equity", "fx-spot", "loan-deposit"})
"""Products whose terms are proportional to their quantity."""
PLAIN = frozenset({"equity", "fx-spot"})
"""Products of which more or less can be agreed at another price: their cash is the quantity times the price."""


def require_product(terms: Economics, products: frozenset[str], doing: str) -> None:
    if terms.product not in products:
        raise Refused("wrong-product", f"a trade in {terms.product} is not {doing}")


def require_whole(trade: TradeState, doing: str, field: str = "") -> None:
    """Whether all of the trade may become others: nothing of it has settled, and it has a quantity."""
    require_untouched(trade, field)
    if not trade.terms.quantity:
        raise Refused("nothing-open", f"trade {trade.trade_id} is about cash alone: it is not {doing}", field)


def require_same_units(log: "TradeDecider", trade: TradeState, field: str = "") -> None:
    """Whether a unit of the trade is still one of today: another quantity can only be agreed in the same units."""
    terms = trade.terms
    if log.entitlements.now(terms) != terms.quantity or log.entitlements.is_exchanged(terms):
        raise Refused(
            "units-changed",
            f"a corporate action has changed the units of trade {trade.trade_id} since: cancel or novate it", field,
        )


def require_new(log: "TradeDecider", trade_id: str, field: str) -> None:
    if trade_id in log.trades:
        raise Refused("trade-exists", f"trade {trade_id} is booked already", field)


def in_parts(trade: TradeState, moment: datetime) -> Economics:
    """The trade's terms in parts, as whoever takes them over holds them from ``moment`` on."""
    parts = parts_of(trade.terms, trade.trade_id, trade.held_from)
    return replace(trade.terms, parts=tuple(held_since(part, moment) for part in parts))


def reserving(log: "TradeDecider", terms: Economics) -> Economics:
    """The terms with the notional that they reserve of their book's limit, by the rates of now."""
    worth = log.market.converted(terms.amount, terms.currency, terms.base_currency)
    return replace(terms, notional=None if worth is None else abs(worth))


def fees_of(*several: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Fees by name, summed; without those that come to nothing, unless they were said to be nothing."""
    found: dict[str, Decimal] = {}
    for fees in several:
        for name, fee in fees.items():
            found[name] = found.get(name, ZERO) + fee
    return found


def new_trade(fields: Envelope, trade_id: str, terms: Economics, **more: Any) -> Apart:
    """A trade that begins in a stream of its own."""
    return Apart(f"trade:{trade_id}", 1, TradeBooked(**fields, trade_id=trade_id, terms=terms, **more))
