"""Lots that a command names: held against what the rules know of the trades that opened them."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from domain.commands.lots import MovedLot, NamedLot
from domain.events.trades import Economics
from domain.money import ZERO, require_amount, require_positive
from domain.refusals import Refused

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider

CLOSE_ENOUGH = Decimal("1e-9")
"""Parts of a lot share its fees rounded: its parts may differ by as much from what the whole would give."""


def require_closing(log: "TradeDecider", closes: Sequence[NamedLot], terms: Economics) -> None:
    """Whether a trade of ``terms`` may close these lots. Whether they are still open only its position can say, where
    what is not closes the oldest instead.

    Raises:
        Refused: naming the lot.
    """
    if terms.lot_method != "specific":
        raise Refused("not-specific", f"{terms.book} closes lots by {terms.lot_method}: none is named", "$.closes")
    if terms.loan is not None:
        raise Refused("not-specific", "money has no lots", "$.closes")
    _require_each_once((lot.trade_id for lot in closes), "$.closes")
    for place, lot in enumerate(closes):
        field = f"$.closes[{place}]"
        require_positive(lot.quantity, f"{field}.quantity")
        _opening(log, lot.trade_id, -lot.quantity.copy_sign(terms.quantity), (terms.book, terms.instrument), field)
    if sum((lot.quantity for lot in closes), ZERO) > abs(terms.quantity):
        raise Refused("more-than-closed", f"the lots are more than the {abs(terms.quantity):f} traded", "$.closes")


def require_moving(
    log: "TradeDecider", lots: Sequence[MovedLot], quantity: Decimal, position: tuple[str, str], *, average: bool
) -> None:
    """Whether a transfer may move these lots of a position, which are to sum to ``quantity``.

    Raises:
        Refused: naming the lot.
    """
    require_positive(quantity, "$.quantity")
    held = log.positions.get(position, ZERO)
    if quantity > abs(held):
        raise Refused("more-than-held", f"{position[0]} holds {abs(held):f} of {position[1]}", "$.quantity")
    if not lots:
        raise Refused("lots-missing", "say which lots are moved: POST /v1/transfers finds them", "$.lots")
    named: dict[str, Decimal] = {}
    for place, lot in enumerate(lots):
        field = f"$.lots[{place}]"
        require_amount(lot.quantity, f"{field}.quantity")
        if lot.quantity * held <= 0:
            raise Refused("wrong-side", "a lot is signed as the position is", f"{field}.quantity")
        if not lot.cost.is_finite() or average == bool(lot.trade_id):
            raise Refused("unknown-lot", "it is no lot of the method of this book", field)
        if not average:
            # One that came in two transfers is two lots of one name.
            named[lot.trade_id] = named.get(lot.trade_id, ZERO) + lot.quantity
            _require_cost(log, lot, _opening(log, lot.trade_id, named[lot.trade_id], position, field), field)
    if sum((abs(lot.quantity) for lot in lots), ZERO) != quantity:
        raise Refused("quantity-differs", f"the lots do not sum to {quantity:f}", "$.lots")


def _opening(
    log: "TradeDecider", trade_id: str, quantity: Decimal, position: tuple[str, str], field: str
) -> Economics | None:
    """The terms that opened a lot; None for one that came from another book or instrument, and for one of several of a
    trade.
    """
    book, own = position
    before = log.entitlements.ways.before(own)
    if any(trade_id in log.arrivals.get(f"{book}/{instrument}", ()) for instrument in (own, *before)):
        return None
    trade = log.trades.get(trade_id)
    is_open = trade is not None and trade.status != "cancelled" and trade.terms.book == book
    if trade is None or not is_open or trade.terms.instrument not in {own, *before}:
        raise Refused("unknown-lot", f"{trade_id} opened no lot of {'/'.join(position)}", f"{field}.trade_id")
    if trade.terms.instrument != own or log.entitlements.is_exchanged(trade.terms):
        return None
    if trade.terms.parts or trade.children:
        # Several lots have its name, and some of them are other trades' now.
        return None
    opened = max(trade.terms.quantity, log.entitlements.now(trade.terms), key=abs)
    if quantity * opened <= 0 or abs(quantity) > abs(opened):
        raise Refused("unknown-lot", f"{trade_id} opened {opened:f}", f"{field}.quantity")
    return trade.terms


def _require_cost(log: "TradeDecider", lot: MovedLot, terms: Economics | None, field: str) -> None:
    if terms is None:
        return
    whole = terms.quantity * terms.price + (terms.total_fees if terms.fees_in_cost else ZERO)
    # Without a quotient it is exact; a split has made another number of units of the same cost.
    fits = any(
        abs(lot.cost * opened - whole * lot.quantity) <= CLOSE_ENOUGH * abs(opened)
        for opened in (terms.quantity, log.entitlements.now(terms))
    )
    if lot.trade_date != terms.trade_date or not fits:
        raise Refused("lot-differs", f"it is not what {lot.trade_id} opened: read the position again", field)


def _require_each_once(trade_ids: Iterable[str], field: str) -> None:
    seen: set[str] = set()
    for trade_id in trade_ids:
        if trade_id in seen:
            raise Refused("lot-twice", f"{trade_id} is named twice", field)
        seen.add(trade_id)
