"""How a trade must stand for something to become of it, and what stays of it when its terms are revised."""

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from domain.decider import Apart
from domain.events import Event
from domain.events.trades import Economics
from domain.refusals import Refused
from domain.trades.obligations import require_not_netted
from domain.trades.parts import ROUNDING
from domain.trades.settlement import due
from domain.trades.state import COUNT_NO_MORE, TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider


def known_trade(log: "TradeDecider", trade_id: str, book_id: str, field: str = "$.trade_id") -> TradeState:
    """A trade of the book.

    Raises:
        Refused: naming ``field``, when there is none.
    """
    trade = log.trades.get(trade_id)
    if trade is None or trade.terms.book != book_id:
        raise Refused("unknown-trade", f"no trade {trade_id} is booked in {book_id}", field)
    return trade


def require_live(trade: TradeState, field: str = "") -> None:
    """Whether the trade itself, and not others in its place, is in the books."""
    if trade.status == "allocated":
        raise Refused("allocated", f"trade {trade.trade_id} is allocated: reallocate it instead", field)
    if trade.status == "terminated" or trade.status in COUNT_NO_MORE:
        raise Refused("wrong-state", f"trade {trade.trade_id} is {trade.status} already", field)


def require_alone(trade: TradeState) -> None:
    """Whether nothing else would be left in the air if the trade had never been."""
    if trade.is_derived:
        raise Refused(
            "derived", f"trade {trade.trade_id} came of {trade.parents[0]}: it ends by agreement, or its block is "
            "reallocated"
        )
    if trade.children:
        raise Refused("derived", f"trade {trade.children[0]} came of trade {trade.trade_id}: it ends by agreement")


def keeping_parts(trade: TradeState, terms: Economics) -> Economics:
    """Revised terms with the parts of the trade, where they leave what these sum to as it is.

    Raises:
        Refused: when the trade came of others and its economics would be others than came of them.
    """
    old = trade.terms
    same = (terms.instrument, terms.currency, terms.quantity, terms.price, terms.trade_date) == (
        old.instrument, old.currency, old.quantity, old.price, old.trade_date
    )
    if same and terms.loan == old.loan:
        if not old.parts:
            return terms
        return replace(terms, parts=old.parts, amount=old.amount, fees=_with_rounding(terms, old))
    if trade.is_derived:
        raise Refused(
            "derived", f"trade {trade.trade_id} came of {trade.parents[0]}: what it was dealt at stands", "$.terms"
        )
    return terms


def _with_rounding(terms: Economics, old: Economics) -> dict[str, Decimal]:
    """Nobody agreed on what makes whole minor units of its share of a block, and so nobody says it again."""
    return {**terms.fees, ROUNDING: old.fees[ROUNDING]} if ROUNDING in old.fees else terms.fees


def require_untouched(trade: TradeState, field: str = "") -> None:
    """Whether nothing of the trade has settled, nor is to settle with others."""
    require_live(trade, field)
    require_not_netted(trade)
    # Of a loan whose start has settled, nothing of the repayment may have: it may even be failing.
    if trade.settled_quantity or trade.leg == "maturity" or trade.status == "settled":
        raise Refused("already-settled", f"trade {trade.trade_id} has settled, at least in part: it stands", field)


def require_settled_part_stands(trade: TradeState, terms: Economics) -> None:
    """A revision may not undo what has been delivered and paid."""
    if trade.leg == "maturity":
        raise Refused("already-settled", f"the start of trade {trade.trade_id} has settled: its terms stand")
    if not trade.settled_quantity:
        return
    old = trade.terms
    same = (terms.instrument, terms.asset, terms.currency) == (old.instrument, old.asset, old.currency)
    if not same or terms.quantity * trade.settled_quantity <= 0 or abs(terms.quantity) <= abs(trade.settled_quantity):
        raise Refused(
            "already-settled", f"{abs(trade.settled_quantity):f} has settled: a revision must leave more open",
            "$.terms.quantity",
        )
    if (due(terms, "start")[1] > 0) != (due(old, "start")[1] > 0):
        raise Refused(
            "already-settled", "cash has moved: a revision may not turn round who pays", "$.terms"
        )


def of_another(trade: TradeState, event: Event) -> Apart:
    """An event of a trade that is not the command's own."""
    return Apart(f"trade:{trade.trade_id}", trade.version + 1, event)
