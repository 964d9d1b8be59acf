"""Compression: one trade for several."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from domain.commands.lifecycle import MOST_PARTS, CompressTrades
from domain.decider import Apart, Envelope
from domain.events import Event, TradeBooked, TradeCompressed
from domain.events.trades import Economics
from domain.refusals import Refused
from domain.trades.dating import posted_on, restated
from domain.trades.handover import PLAIN, fees_of, in_parts, require_new, require_product, require_same_units, reserving
from domain.trades.parts import summed
from domain.trades.products.deal import require_not_before
from domain.trades.standing import known_trade, of_another, require_untouched
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider


def compress(log: "TradeDecider", command: CompressTrades, envelope: Envelope) -> Sequence[Event | Apart]:
    """The trades end, and one of their exact net quantity, cash and fees begins. It is made of what they were made of,
    each at its own price and place among the lots: the position of the book is as it was.
    """
    require_new(log, command.trade_id, "$.trade_id")
    if len(set(command.trade_ids)) < len(command.trade_ids):
        raise Refused("trade-twice", "a trade is compressed once", "$.trade_ids")
    trades = [
        _compressible(log, command, trade_id, f"$.trade_ids[{place}]")
        for place, trade_id in enumerate(command.trade_ids)
    ]
    _require_alike(trades)
    terms = reserving(log, _net(command, [in_parts(trade, envelope["effective_at"]) for trade in trades]))
    fields = posted_on(log, envelope, terms.trade_date)
    fields["restates"] = restated(log, command.effective_at.date() if command.effective_at else fields["business_date"])
    ended = [
        of_another(trade, TradeCompressed(
            **{**fields, "supersedes": f"{log.log}:{trade.terms_sequence}"}, trade_id=trade.trade_id,
            revision=trade.revision, terms=trade.terms, successor=command.trade_id,
        ))
        for trade in trades
    ]
    return (*ended, TradeBooked(**fields, trade_id=command.trade_id, terms=terms, parents=command.trade_ids))


def _compressible(log: "TradeDecider", command: CompressTrades, trade_id: str, field: str) -> TradeState:
    trade = known_trade(log, trade_id, command.book, field)
    require_untouched(trade, field)
    require_product(trade.terms, PLAIN, "compressed")
    require_same_units(log, trade, field)
    return trade


def _require_alike(trades: Sequence[TradeState]) -> None:
    first = trades[0].terms
    for place, trade in enumerate(trades):
        for name in ("instrument", "currency", "counterparty"):
            here, there = getattr(trade.terms, name), getattr(first, name)
            if here != there:
                raise Refused(
                    "not-alike", f"{trade.trade_id} is of {name} {here}, {trades[0].trade_id} of {there}",
                    f"$.trade_ids[{place}]",
                )


def _net(command: CompressTrades, several: Sequence[Economics]) -> Economics:
    parts = tuple(part for terms in several for part in terms.parts)
    if len(parts) > MOST_PARTS:
        raise Refused("too-many-parts", f"they are made of {len(parts)} parts, over {MOST_PARTS}", "$.trade_ids")
    trade_date = max(terms.trade_date for terms in several)
    last_due = max(terms.settlement_date for terms in several)
    whole = replace(
        several[0], trade_date=trade_date, executed_at=max(terms.executed_at for terms in several), contra_book=None,
        contra_owner=None, execution_id=None, fees=fees_of(*(terms.fees for terms in several)),
        settlement_date=require_not_before(command.settlement_date or last_due, trade_date, "$.settlement_date"),
    )
    return summed(whole, parts)
