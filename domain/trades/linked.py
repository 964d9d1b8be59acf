"""Commands that lead to trades beside their own: swaps, deliveries of options, loans that are rolled over."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from domain.commands import (
    AssignOption,
    BookTrade,
    ExerciseOption,
    ExpireOption,
    FixRate,
    FxSwapTerms,
    RepayEarly,
    RollOverLoan,
    Terms,
    TradeCommand,
)
from domain.commands.products import DeliveryCommand, OptionCommand
from domain.decider import Apart, Envelope
from domain.events import BookDefined, Event, TradeBooked
from domain.events.trades import Economics
from domain.money import ZERO
from domain.refusals import Refused
from domain.trades import lifecycle, loans, obligations, options
from domain.trades.dating import on_open_day
from domain.trades.economics import Deal, economics, require_trade_date
from domain.trades.products import fx
from domain.trades.standing import known_trade, of_another, require_untouched
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from datetime import date

    from domain.trades.decider import TradeDecider

ABOUT_PRODUCTS = (ExerciseOption, AssignOption, ExpireOption, FixRate, RollOverLoan, RepayEarly)


def change(
    log: "TradeDecider", trade: TradeState, command: TradeCommand, book: BookDefined, dated: Envelope
) -> Sequence[Event | Apart]:
    """What follows for a trade of a product that knows such a command."""
    match command:
        case OptionCommand():
            return _closed(log, trade, command, book, dated)
        case FixRate():
            return (loans.fix(trade, command, dated),)
        case RollOverLoan():
            return _rolled_over(log, trade, command, book, dated)
        case RepayEarly():
            return (loans.repay(trade, command, dated, log.business_date()),)
    raise AssertionError(f"no rule for {type(command).__name__}")


def book_swap(
    log: "TradeDecider", command: BookTrade, terms: FxSwapTerms, deal: Deal, envelope: Envelope
) -> Sequence[Event | Apart]:
    """Two trades, of which each names the other; one is not booked without the other."""
    require_trade_date(deal)
    _require_new(log, terms.far_trade_id, "$.terms.far_trade_id")
    if terms.far_trade_id == command.trade_id:
        raise Refused("trade-exists", "the legs of a swap are two trades", "$.terms.far_trade_id")
    near, far = fx.swap(terms, deal, command.trade_id)
    for leg in (near, far):
        lifecycle.require_may_trade(log, leg)
        lifecycle.require_limits(log, leg, beside=near if leg is far else None)
    dated = on_open_day(log, envelope, near.trade_date)
    booked = TradeBooked(**dated, trade_id=terms.far_trade_id, terms=far, parents=(command.trade_id,))
    return _new(terms.far_trade_id, booked), TradeBooked(**dated, trade_id=command.trade_id, terms=near)


def other_leg_cancelled(log: "TradeDecider", trade: TradeState, dated: Envelope) -> Sequence[Apart]:
    """The cancellation of a swap's other leg: neither was dealt without the other."""
    forward = trade.terms.forward
    if forward is None or forward.other_leg is None:
        return ()
    other = known_trade(log, forward.other_leg, trade.terms.book)
    require_untouched(other)
    obligations.require_not_netted(other)
    return (of_another(other, lifecycle.cancelled(other, dated)),)


def keeping_link(old: Economics, terms: Economics) -> Economics:
    """A leg that is revised is still one of the same swap."""
    if old.forward is None or old.forward.other_leg is None:
        return terms
    if terms.forward is None:
        raise Refused("wrong-product", "the leg of a swap is revised as a forward", "$.terms")
    return replace(terms, forward=replace(terms.forward, other_leg=old.forward.other_leg))


def _closed(
    log: "TradeDecider", trade: TradeState, command: OptionCommand, book: BookDefined, dated: Envelope
) -> Sequence[Event | Apart]:
    held = log.positions.get((trade.terms.book, trade.terms.instrument), ZERO)
    event = options.close(trade, command, dated, held=held, today=log.business_date())
    if not isinstance(command, DeliveryCommand):
        return (event,)
    _require_new(log, command.delivery_trade_id, "$.delivery_trade_id")
    shares = options.delivery(event)
    terms = options.delivered(_economics(log, options.parties(trade), book, dated, terms=shares, day=event.on))
    if isinstance(command, ExerciseOption):
        # It is ours to leave it; what the other side decides is held back by nothing.
        lifecycle.require_may_trade(log, terms)
        lifecycle.require_limits(log, terms, on_market=False)
    delivered = TradeBooked(
        **dated, trade_id=command.delivery_trade_id, terms=terms, parents=(trade.trade_id,)
    )
    return _new(command.delivery_trade_id, delivered), event


def _rolled_over(
    log: "TradeDecider", trade: TradeState, command: RollOverLoan, book: BookDefined, dated: Envelope
) -> Sequence[Event | Apart]:
    repaid = loans.roll_over(trade, command, dated, log.business_date())
    _require_new(log, command.new_trade_id, "$.new_trade_id")
    renewed = loans.renewed(trade.terms, command)
    terms = _economics(log, trade.terms, book, dated, terms=renewed, day=renewed.start_date)
    lifecycle.require_may_trade(log, terms)
    lifecycle.require_limits(log, terms, trade.terms)
    booked = TradeBooked(**dated, trade_id=command.new_trade_id, terms=terms, parents=(trade.trade_id,))
    drawn = loans.drawn(command.new_trade_id, terms, dated)
    return _new(command.new_trade_id, booked), Apart(f"trade:{command.new_trade_id}", 2, drawn), repaid


def _economics(
    log: "TradeDecider", parties: Economics, book: BookDefined, dated: Envelope, *, terms: Terms, day: "date"
) -> Economics:
    deal = Deal(
        day, log.template(book), parties, parties.contra_owner, dated["effective_at"], log.reference, log.market
    )
    return economics(terms, deal)


def _require_new(log: "TradeDecider", trade_id: str, field: str) -> None:
    if trade_id in log.trades:
        raise Refused("trade-exists", f"trade {trade_id} is booked already", field)


def _new(trade_id: str, event: TradeBooked) -> Apart:
    return Apart(f"trade:{trade_id}", 1, event)
