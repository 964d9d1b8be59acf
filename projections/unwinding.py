"""Unwinding: a trade that ends early is dealt back as what corporate actions have made of it by then."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from domain.commands.reference import LotMethod
from domain.money import ZERO, divide
from projections.corporate_actions import Effect
from projections.lots import Fill, Holding, add
from projections.movements import Held, Movement, Posted

M = TypeVar("M", bound=Held)
Alone = Mapping[str, Effect]
"""What each action would have done to a trade in a position of its own: its units, and what they cost."""


def changes(effects: Mapping[str, tuple[Effect, str]]) -> dict[str, Effect]:
    """Those of the effects that changed units, or took their cost elsewhere."""
    return {name: effect for name, (effect, _) in effects.items() if effect.quantity or effect.exchanged}


def unwound(holding: Holding, ends: Sequence[Held], alone: Alone, method: LotMethod) -> Holding:
    """The holding without what the parts that ``ends`` deal back have become: for what they were dealt at, less the
    cost that has gone to another instrument, or with what came of one.
    """
    quantity = sum((each.quantity for each in ends), ZERO) - sum((each.quantity for each in alone.values()), ZERO)
    cost = sum((each.quantity * each.price + each.beyond for each in ends), ZERO)
    cost -= sum((each.exchanged for each in alone.values()), ZERO)
    if not quantity:
        # What was paid for it comes back, and nothing of it is left to go: its worth has stayed, as cash.
        return replace(holding, realised=holding.realised - cost)
    price = divide(cost, quantity)
    return add(holding, Fill(ends[0].place, quantity, price, cost - quantity * price), method)


def without(effect: Effect, alone: Effect) -> Effect:
    """What an action did to the rest. What it brought in money was for what was held then, and stays."""
    return replace(effect, quantity=effect.quantity - alone.quantity, exchanged=effect.exchanged - alone.exchanged)


def first_ends(movements: Iterable[M]) -> list[M]:
    """Of each trade that ends early the first movement that deals it back; ``movements`` are in their order."""
    found: dict[str, M] = {}
    for each in movements:
        if each.unwinds:
            found.setdefault(each.trade_id, each)
    return list(found.values())


def carried_to(instrument: str, end: M) -> M:
    """The end of a trade in a position that holds what has come of it. What was paid stands where it was dealt."""
    carried = end.copy()
    carried.source, carried.instrument, carried.asset = end.instrument, instrument, instrument
    carried.quantity = carried.price = carried.fees = carried.income = carried.beyond = ZERO
    if isinstance(carried, Posted):
        carried.postings = ()
    if isinstance(carried, Movement):
        carried.amount = ZERO
    return carried
