"""Exchanges: what is left of a holding, the lots that it hands on to another instrument, and what they become there."""

from collections.abc import Sequence
from decimal import Decimal, Inexact

from msgspec.structs import replace

from domain.commands.corporate_actions import Exchange, MixedMerger, SpinOff
from domain.commands.reference import LotMethod
from domain.corporate_actions import in_lieu, scaled
from domain.currencies import minor_unit
from domain.money import EXACT, ZERO, divide, round_to
from projections.corporate_actions import Effect, sold
from projections.lots import Fill, Holding, Lot, add

HUNDRED = Decimal(100)


def handed_on(holding: Holding, terms: Exchange, currency: str) -> tuple[Holding, Effect, tuple[Lot, ...]]:
    """What is left of a holding, what that did, and the lots in the new instrument, with their names and dates."""
    quantities = _quantities(holding.lots, terms)
    if isinstance(terms, SpinOff):
        costs = [scaled(lot.cost, terms.cost_percent, HUNDRED) for lot in holding.lots]
        lots = _lots(holding.lots, quantities, costs)
        return (*_spun_off(holding, costs), lots) if lots else (holding, Effect(), ())
    proceeds, realised, costs = ZERO, ZERO, [lot.cost for lot in holding.lots]
    if isinstance(terms, MixedMerger):
        proceeds = round_to(holding.quantity * terms.amount, minor_unit(currency))
        gains = _realised(holding.lots, terms, proceeds)
        costs = [lot.cost - cash + gain for lot, (cash, gain) in zip(holding.lots, gains, strict=True)]
        realised = sum((gain for _, gain in gains), ZERO)
    lots, cost = _lots(holding.lots, quantities, costs), sum(costs, ZERO)
    if not lots:
        # So little was held that nothing comes of it: what it cost beside the cash is lost.
        realised, cost = realised - cost, ZERO
    left = replace(holding, quantity=ZERO, cost=ZERO, realised=holding.realised + realised, lots=())
    return left, Effect(-holding.quantity, proceeds, exchanged=-cost), lots


def taken_over(
    holding: Holding, came: Fill, cash_in_lieu: Decimal | None, currency: str, method: LotMethod
) -> tuple[Holding, Effect]:
    """The holding in the new instrument with the lots that came; of all that came, a fraction may be sold at once."""
    if not came.brings:
        return holding, Effect()
    after, cost = add(holding, came, method), sum((lot.cost for lot in came.brings), ZERO)
    fraction, proceeds = in_lieu(came.quantity, cash_in_lieu, currency)
    if fraction:
        after = sold(after, fraction, proceeds, came.place, method)
    return after, Effect(after.quantity - holding.quantity, proceeds, exchanged=cost)


def _spun_off(holding: Holding, costs: Sequence[Decimal]) -> tuple[Holding, Effect]:
    kept = [
        Lot(lot.trade_id, lot.trade_date, lot.quantity, divide(lot.cost - cost, lot.quantity), lot.cost - cost)
        for lot, cost in zip(holding.lots, costs, strict=True)
    ]
    gone = sum(costs, ZERO)
    return replace(holding, cost=holding.cost - gone, lots=tuple(kept)), Effect(exchanged=-gone)


def _realised(
    lots: Sequence[Lot], terms: MixedMerger, proceeds: Decimal
) -> list[tuple[Decimal, Decimal]]:
    """The cash for each lot, the last with what rounding leaves, and what is realised of its gain: no more than that
    cash, and no loss.
    """
    found, left = [], proceeds
    for number, lot in enumerate(lots, 1):
        cash = left if number == len(lots) else lot.quantity * terms.amount
        left -= cash
        # What is rounded of the units that come is no gain: one of nothing is nothing.
        gain = cash + _quotient(lot.quantity * terms.new * terms.price, terms.old) - lot.cost
        found.append((cash, min(max(gain, ZERO), abs(cash))))
    return found


def _quotient(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Exact where it comes to an end: a cost may have more decimals than a quotient that is rounded."""
    try:
        return EXACT.divide(numerator, denominator)
    except Inexact:
        return divide(numerator, denominator)


def _quantities(lots: Sequence[Lot], terms: Exchange) -> list[Decimal]:
    """What each lot becomes: no rounding turns one round, and together they are what the whole becomes."""
    found, total, before = [], ZERO, ZERO
    for lot in lots:
        total += lot.quantity
        after = scaled(total, terms.new, terms.old)
        found.append(after - before)
        before = after
    return found


def _lots(lots: Sequence[Lot], quantities: Sequence[Decimal], costs: Sequence[Decimal]) -> tuple[Lot, ...]:
    """The lots that come; the cost of what is too small to become one goes with the next, or else the last."""
    found: list[Lot] = []
    carried = ZERO
    for lot, quantity, cost in zip(lots, quantities, costs, strict=True):
        carried += cost
        if quantity:
            found.append(Lot(lot.trade_id, lot.trade_date, quantity, divide(carried, quantity), carried))
            carried = ZERO
    if carried and found:
        last = found.pop()
        cost = last.cost + carried
        found.append(Lot(last.trade_id, last.trade_date, last.quantity, divide(cost, last.quantity), cost))
    return tuple(found)
