"""Novation: another counterparty steps in, for all of a trade or for a part of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from domain.commands.lifecycle import NovateTrade
from domain.decider import Apart, Envelope
from domain.events import Event, TradeNovated, TradePartiallyNovated
from domain.events.trades import Economics
from domain.money import require_positive
from domain.refusals import Refused
from domain.trades.handover import (
    DIVISIBLE,
    in_parts,
    new_trade,
    require_new,
    require_product,
    require_whole,
    reserving,
)
from domain.trades.lifecycle import require_may_trade
from domain.trades.parts import split
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider


def novate(
    log: "TradeDecider", trade: TradeState, command: NovateTrade, fields: Envelope
) -> Sequence[Event | Apart]:
    """The old trade ends or shrinks, and a new one begins with the new counterparty at the same price, on the same
    places among the lots: the position of the book is as it was.
    """
    require_whole(trade, "novated")
    require_new(log, command.new_trade_id, "$.new_trade_id")
    if command.counterparty not in log.reference.counterparties:
        raise Refused("unknown-counterparty", f"no counterparty {command.counterparty!r} is defined", "$.counterparty")
    if command.counterparty == trade.terms.counterparty:
        raise Refused("same-counterparty", f"{command.counterparty} is the counterparty already", "$.counterparty")
    whole, quantity = in_parts(trade, fields["effective_at"]), _quantity(trade, command)
    fields = {**fields, "supersedes": f"{log.log}:{trade.terms_sequence}"}
    said = {
        **fields, "trade_id": trade.trade_id, "successor": command.new_trade_id, "counterparty": command.counterparty,
    }
    require_product(trade.terms, DIVISIBLE, "novated")
    if quantity is None:
        event: Event = TradeNovated(**said, revision=trade.revision, terms=trade.terms)
        taken = replace(whole, notional=trade.terms.notional)
    else:
        taken, rest = (reserving(log, each) for each in split(whole, quantity))
        event = TradePartiallyNovated(
            **said, revision=trade.revision + 1, terms=rest, previous=trade.terms, quantity=quantity
        )
    terms = _with_party(taken, command.counterparty)
    require_may_trade(log, terms)
    return new_trade(fields, command.new_trade_id, terms, parents=(trade.trade_id,)), event


def _quantity(trade: TradeState, command: NovateTrade) -> Decimal | None:
    """What is novated, signed as the trade; None for all of it."""
    if command.quantity is None:
        return None
    whole, quantity = trade.terms.quantity, require_positive(command.quantity, "$.quantity")
    if quantity > abs(whole):
        raise Refused("more-than-open", f"the trade is of {abs(whole):f} only", "$.quantity")
    return None if quantity == abs(whole) else quantity.copy_sign(whole)


def _with_party(terms: Economics, counterparty: str) -> Economics:
    issuer = counterparty if terms.loan is not None else terms.issuer
    return replace(terms, counterparty=counterparty, issuer=issuer, contra_book=None, contra_owner=None)
