"""What a run of purchases and sales leaves open, and what it earned: slice by slice, or by the average."""

from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple


class Fill(NamedTuple):
    """``names`` are the trades and quantities whose lots it closes first."""

    trade_id: str
    trade_date: str
    quantity: Fraction
    price: Fraction
    cost: Fraction
    names: tuple[tuple[str, Fraction], ...] = ()


class Open(NamedTuple):
    """One open lot."""

    trade_id: str
    trade_date: str
    quantity: Fraction
    price: Fraction
    cost: Fraction


class Outcome(NamedTuple):
    lots: list[Open]
    cost: Fraction
    realised: Fraction
    substituted: Fraction = Fraction(0)


def run(fills: list[Fill], method: str) -> Outcome:
    """What is left of a run by one of the methods."""
    # What was dealt of nothing is no more than its money.
    money = sum((fill.cost for fill in fills if not fill.quantity), Fraction(0))
    fills = [fill for fill in fills if fill.quantity]
    found = moving_average(fills) if method == "average" else slice_by_slice(fills, method)
    return found._replace(realised=found.realised - money)


def slice_by_slice(fills: list[Fill], method: str) -> Outcome:
    """Every fill is cut into slices of one size. A slice closes one of the lots of the other side, whichever the method
    says, or opens; what a fill takes of a lot leaves at its share of the cost.
    """
    if not fills:
        return Outcome([], Fraction(0), Fraction(0))
    lots: list[Open] = []
    realised = substituted = Fraction(0)
    size = _slice_size(fills)
    for fill in fills:
        held = sum((lot.quantity for lot in lots), Fraction(0))
        slices = round(abs(fill.quantity) / size)
        closing = min(slices, round(abs(held) / size)) if held * fill.quantity < 0 else 0
        taken, found = _chosen(lots, closing, fill.names, size, method)
        substituted += min(sum(quantity for _, quantity in fill.names), abs(fill.quantity)) - found * size
        closed = _share(fill, closing * size * (1 if fill.quantity > 0 else -1))
        left = []
        realised -= closed
        for lot, count in zip(lots, taken, strict=True):
            gone = _share(lot, count * size * (1 if lot.quantity > 0 else -1))
            realised -= gone
            if count * size != abs(lot.quantity):
                rest = lot.quantity - count * size * (1 if lot.quantity > 0 else -1)
                left.append(lot._replace(quantity=rest, cost=lot.cost - gone))
        lots = left
        if closing < slices:
            opened = (slices - closing) * size * (1 if fill.quantity > 0 else -1)
            lots.append(Open(fill.trade_id, fill.trade_date, opened, fill.price, fill.cost - closed))
            lots.sort(key=lambda lot: lot.trade_date)
    return Outcome(lots, sum((lot.cost for lot in lots), Fraction(0)), realised, substituted)


def _chosen(
    lots: list[Open], count: int, names: tuple[tuple[str, Fraction], ...], size: Fraction, method: str
) -> tuple[list[int], int]:
    """How many slices each lot gives, and how many of all are of lots that are named."""
    taken = [0] * len(lots)

    def room() -> list[int]:
        return [place for place, lot in enumerate(lots) if taken[place] * size < abs(lot.quantity)]

    wanted = [name for name, quantity in names for _ in range(round(quantity / size))]
    for name in wanted:
        if sum(taken) == count:
            break
        named = [place for place in room() if lots[place].trade_id == name]
        if named:
            taken[named[0]] += 1
    found = sum(taken)
    while sum(taken) < count:
        taken[_by_method(lots, room(), method)] += 1
    return taken, found


def _by_method(lots: list[Open], room: list[int], method: str) -> int:
    if method == "lifo":
        return room[-1]
    if method == "hifo":
        dearest = max if lots[room[0]].quantity > 0 else min
        best = dearest(lots[place].cost / lots[place].quantity for place in room)
        return next(place for place in room if lots[place].cost / lots[place].quantity == best)
    return room[0]


def _share(lot: Open | Fill, quantity: Fraction) -> Fraction:
    """The cost of a part: quantity x price, and its share of what there is beside that, to twelve decimals."""
    if quantity == lot.quantity:
        return lot.cost
    return quantity * lot.price + round((lot.cost - lot.quantity * lot.price) * quantity / lot.quantity, 12)


def moving_average(fills: list[Fill]) -> Outcome:
    """What opens moves the average; what closes leaves at the average, rounded to twelve decimals, the last with all
    that is left.
    """
    held, cost, realised = Fraction(0), Fraction(0), Fraction(0)
    shown = Open("", "", Fraction(0), Fraction(0), Fraction(0))
    for fill in fills:
        opens, paid = fill.quantity, fill.cost
        if held * fill.quantity < 0:
            closes = min(abs(fill.quantity), abs(held)) * (1 if held > 0 else -1)
            leaves = cost if closes == held else round(cost * closes / held, 12)
            got = _share(fill, -closes)
            realised -= got + leaves
            held, cost, opens, paid = held - closes, cost - leaves, fill.quantity + closes, fill.cost - got
        if opens:
            held, cost = held + opens, cost + paid
            shown = Open("", fill.trade_date, held, round(cost / held, 12), cost)
    return Outcome([shown._replace(quantity=held, cost=cost)] if held else [], cost, realised)


def _slice_size(fills: list[Fill]) -> Fraction:
    """The largest size that divides every fill, and all that is named, without a rest."""
    sizes = [*(fill.quantity for fill in fills), *(quantity for fill in fills for _, quantity in fill.names)]
    below = lcm(*(size.denominator for size in sizes))
    return Fraction(gcd(*(int(size * below) for size in sizes)), below)
