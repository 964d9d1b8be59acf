"""Increase, decrease and early end: a change that is agreed from a day on, and leaves alone what was before."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from domain.business_days import LATEST
from domain.commands.lifecycle import MOST_PARTS, DecreaseTrade, ResizeCommand, TerminateTrade
from domain.currencies import minor_unit
from domain.decider import Envelope
from domain.events import Event, Part, QuantityDecreased, QuantityIncreased, TradeTerminated
from domain.events.trades import Economics
from domain.money import ZERO, require_amount, require_positive, round_to
from domain.refusals import Refused
from domain.trades.dating import begins, dated_about
from domain.trades.entitlements import ENTITLING
from domain.trades.handover import (
    PLAIN,
    fees_of,
    in_parts,
    require_product,
    require_same_units,
    require_whole,
    reserving,
)
from domain.trades.lifecycle import require_limits, require_may_trade, require_position_without
from domain.trades.obligations import require_not_netted
from domain.trades.parts import summed
from domain.trades.products.deal import require_fees, require_not_before
from domain.trades.standing import require_live, require_settled_part_stands
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider

UNWIND = "unwind"


def resize(log: "TradeDecider", trade: TradeState, command: ResizeCommand, envelope: Envelope) -> Event:
    """The trade with more or less of it, dealt at a price of its own."""
    require_live(trade)
    require_product(trade.terms, PLAIN, "increased or decreased")
    require_same_units(log, trade)
    if not trade.is_open or not trade.terms.quantity:
        raise Refused("nothing-open", f"trade {trade.trade_id} is {trade.status}: nothing of it is open")
    require_not_netted(trade)
    day = _agreed_on(log, trade, command, envelope)
    fields = dated_about(log, command, trade, envelope, day)
    change = _change(trade, command, day, fields)
    parts = (*in_parts(trade, fields["effective_at"]).parts, change)
    if len(parts) > MOST_PARTS:
        raise Refused("too-many-parts", f"the trade is made of {len(parts)} parts, over {MOST_PARTS}")
    terms = replace(summed(trade.terms, parts), fees=fees_of(trade.terms.fees, require_fees(command.fees, "$.fees")))
    terms = reserving(log, replace(terms, mark=_mark(log, terms)))
    require_settled_part_stands(trade, terms)
    if not isinstance(command, DecreaseTrade):
        require_may_trade(log, terms)
    # The collar is held against the price that is agreed now, not against the average.
    require_limits(log, replace(terms, price=command.price), trade.terms)
    kind = QuantityDecreased if isinstance(command, DecreaseTrade) else QuantityIncreased
    return kind(
        **{**fields, "supersedes": f"{log.log}:{trade.terms_sequence}"}, trade_id=trade.trade_id,
        revision=trade.revision + 1, terms=terms, previous=trade.terms, change=change,
    )


def terminate(log: "TradeDecider", trade: TradeState, command: TerminateTrade, envelope: Envelope) -> Event:
    """Every part is dealt back at its own price: what is left to pay are the unwind amount and the trade's own fees.

    One that is to be dealt later still is dealt back when it is.
    """
    require_whole(trade, "terminated")
    require_product(trade.terms, PLAIN, "terminated")
    require_same_units(log, trade)
    day = _agreed_on(log, trade, command, envelope)
    fields = dated_about(log, command, trade, envelope, day)
    amount = require_amount(command.amount, "$.amount")
    if amount != round_to(amount, minor_unit(trade.terms.currency)):
        raise Refused("too-precise", f"amount is paid in {trade.terms.currency}, in minor units of it", "$.amount")
    due_on = require_not_before(command.due_on or max(fields["business_date"], day), day, "$.due_on")
    require_position_without(log, trade.terms)
    parts = in_parts(trade, fields["effective_at"]).parts
    moment, entitling = fields["effective_at"], trade.terms.product in ENTITLING
    back = tuple(_back(part, day, moment, entitling=entitling) for part in parts)
    terms = replace(summed(trade.terms, (*parts, *back)), settlement_date=due_on, notional=ZERO)
    if amount:
        terms = replace(terms, fees=fees_of(terms.fees, {UNWIND: -amount}))
    return TradeTerminated(
        **{**fields, "supersedes": f"{log.log}:{trade.terms_sequence}"}, trade_id=trade.trade_id,
        revision=trade.revision + 1, terms=terms, previous=trade.terms, amount=amount,
    )


def _back(part: Part, day: date, moment: datetime, *, entitling: bool) -> Part:
    """What deals a part back: behind it, also where that is dealt later."""
    return replace(
        part, quantity=-part.quantity, amount=-part.amount, trade_date=max(day, part.trade_date), closes=(),
        executed_at=moment if part.trade_date < day else max(moment, part.executed_at),
        unwinds=entitling and part.trade_date < day,
    )


def _agreed_on(
    log: "TradeDecider", trade: TradeState, command: ResizeCommand | TerminateTrade, envelope: Envelope
) -> date:
    today = log.business_date() or trade.terms.trade_date
    day = command.trade_date or (command.effective_at.date() if command.effective_at else today)
    if command.trade_date is None:
        day = max(day, trade.terms.trade_date)
    if not trade.terms.trade_date <= day <= LATEST:
        raise Refused("date-out-of-range", "trade_date lies before the trade itself or after 2200", "$.trade_date")
    begins(command, day, envelope)
    return day


def _change(trade: TradeState, command: ResizeCommand, day: date, fields: Envelope) -> Part:
    whole, decreases = trade.terms.quantity, isinstance(command, DecreaseTrade)
    quantity = require_positive(command.quantity, "$.quantity")
    if decreases and quantity >= abs(whole):
        raise Refused("more-than-open", f"the trade is of {abs(whole):f}: all of it is terminated", "$.quantity")
    price = require_amount(command.price, "$.price")
    if trade.terms.product == "fx-spot":
        require_positive(price, "$.price")
    signed = quantity.copy_sign(-whole if decreases else whole)
    return Part(
        quantity=signed, price=price, amount=-(signed * price), trade_date=day, executed_at=fields["effective_at"],
        held_from=max(fields["effective_at"], trade.held_from), origin=trade.trade_id,
    )


def _mark(log: "TradeDecider", terms: Economics) -> Decimal | None:
    if terms.product == "fx-spot":
        return log.market.rate(terms.asset, terms.currency)
    return log.market.price(terms.instrument)
