"""What a settlement fail costs: rate x reference price x what was open, each business day from the day it was due."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

import msgspec

from domain.business_days import DAY, Calendar
from domain.commands.regimes import PenaltyKind
from domain.commands.settlement import BookPenalty
from domain.currencies import minor_unit
from domain.decider import Envelope
from domain.events import PenaltyBooked
from domain.events.settlement import PenaltyCharge
from domain.events.trades import Economics
from domain.market import MarketState
from domain.money import ZERO, divide, round_to
from domain.reference import ReferenceState
from domain.refusals import Refused
from domain.trades.settlement import due
from domain.trades.state import COUNT_NO_MORE, TradeState

BASIS_POINTS = Decimal(10_000)
PERCENT_OF_A_YEAR = Decimal(36_000)
MOST_DAYS = 1_000


class Tariffs(msgspec.Struct, frozen=True):
    """Whose facts penalties are reckoned with."""

    reference: ReferenceState
    market: MarketState


def book_penalty(
    trade: TradeState, command: BookPenalty, dated: Envelope, today: date | None, facts: Tariffs
) -> PenaltyBooked:
    """All that the fail has cost, less what was booked before: a settlement that was reported late takes back the days
    charged after it, at the prices and rates at which they were charged.

    Raises:
        Refused: when the trade never failed, there is no rate or price, or nothing new is due.
    """
    instrument = facts.reference.instruments.get(trade.terms.instrument)
    if instrument is None or trade.handling.cause is None:
        raise Refused("no-penalty", f"trade {trade.trade_id} never failed, or has none: only securities have penalties")
    through = command.through or today or dated["business_date"]
    if today is not None and through > today:
        raise Refused("date-out-of-range", f"through lies after the business date ({today})", "$.through")
    if (through - trade.terms.settlement_date).days > MOST_DAYS:
        raise Refused("date-out-of-range", f"penalties run for {MOST_DAYS} days at most", "$.through")
    before = {charge.day: charge for charge in trade.handling.charges}
    calendar = facts.reference.calendar(instrument.calendar)
    days = {*before, *_business_days(trade.terms.settlement_date, through, calendar)}
    charges = tuple(_charges(trade, sorted(days), before, facts))
    if charges == trade.handling.charges:
        raise Refused("nothing-due", f"no penalty of trade {trade.trade_id} is due that was not booked")
    return PenaltyBooked(
        **dated, trade_id=trade.trade_id, revision=trade.revision, terms=trade.terms, charges=charges,
        amount=_total(charges) - _total(before.values()), through=through, leg=trade.leg,
    )


def _charges(
    trade: TradeState, days: Iterable[date], before: dict[date, PenaltyCharge], facts: Tariffs
) -> Iterator[PenaltyCharge]:
    for day in days:
        quantity = _open_at_end_of(trade, day)
        if charged := before.get(day):
            kind, price, rate = charged.kind, charged.price, charged.rate
        elif quantity:
            kind, price, rate = _tariff(trade, day, facts)
        if quantity:
            yield PenaltyCharge(
                day=day, quantity=quantity, price=price, kind=kind, rate=rate,
                amount=_cost(trade, kind, rate, quantity * price * trade.terms.multiplier),
            )


def _tariff(trade: TradeState, day: date, facts: Tariffs) -> tuple[PenaltyKind, Decimal, Decimal]:
    terms = trade.terms
    kind: PenaltyKind | None = "lack-of-cash" if trade.handling.cause == "cash" else (
        facts.reference.liquidity_of(terms.instrument, day)
    )
    if kind is None:
        raise Refused("unclassified-instrument", f"{terms.instrument} has no liquidity class on {day}")
    rate, price = facts.reference.penalty_rate(kind, terms.currency, day), facts.market.price(terms.instrument)
    if rate is None:
        raise Refused("no-penalty-rate", f"there is no penalty rate for {kind} on {day}")
    if price is None:
        raise Refused("no-price", f"no price of {terms.instrument} is known")
    return kind, price, rate


def _cost(trade: TradeState, kind: PenaltyKind, rate: Decimal, value: Decimal) -> Decimal:
    """Above zero when we receive it: the seller lacks securities, the buyer cash."""
    parts = PERCENT_OF_A_YEAR if kind == "lack-of-cash" else BASIS_POINTS
    # Neither a central bank's rate below zero nor a price below zero pays whoever fails.
    cost = round_to(divide(max(rate, ZERO) * max(value, ZERO), parts), minor_unit(trade.terms.currency))
    we_fail = (trade.terms.quantity > 0) == (kind == "lack-of-cash")
    return -cost if we_fail else cost


def require_penalties_stand(trade: TradeState, terms: Economics) -> None:
    """What was charged for one security, in its currency, is not taken back in another.

    Raises:
        Refused: when ``terms`` are of another instrument or currency than what was charged.
    """
    old = trade.terms
    if trade.handling.charges and (terms.instrument, terms.currency) != (old.instrument, old.currency):
        raise Refused(
            "penalised", f"penalties of trade {trade.trade_id} are booked for {old.instrument}: cancel it instead",
            "$.terms.instrument",
        )


def _open_at_end_of(trade: TradeState, day: date) -> Decimal:
    if trade.status == "cancelled" or day < trade.terms.settlement_date or not _is_its_own(trade, day):
        return ZERO
    moved = sum((part.quantity for part in trade.handling.parts if part.settled_on <= day), ZERO)
    return abs(due(trade.terms, "start")[0] - moved)


def _is_its_own(trade: TradeState, day: date) -> bool:
    """Whether it fails at the end of the day, and not what it came of, or what took its place."""
    changed_on = trade.held_from.date()
    if trade.status in COUNT_NO_MORE:
        return day < changed_on
    return day >= changed_on or not trade.is_derived


def _business_days(first: date, last: date, calendar: Calendar) -> Iterator[date]:
    day = first
    while day <= last:
        if calendar.is_open(day):
            yield day
        day += DAY


def _total(charges: Iterable[PenaltyCharge]) -> Decimal:
    return sum((charge.amount for charge in charges), ZERO)
