"""What a run of purchases and sales leaves open, and what it earned: by FIFO slice by slice, or by the average."""

from collections import deque
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple


class Fill(NamedTuple):
    trade_id: str
    trade_date: str
    quantity: Fraction
    price: Fraction


class Open(NamedTuple):
    """One open lot."""

    trade_id: str
    trade_date: str
    quantity: Fraction
    price: Fraction


class Slice(NamedTuple):
    """A piece of what one fill opened."""

    fill: int
    lot: Open


class Outcome(NamedTuple):
    lots: list[Open]
    cost: Fraction
    realised: Fraction


def first_in_first_out(fills: list[Fill]) -> Outcome:
    """Every fill is cut into slices of one size; a slice closes the oldest open slice of the other side, or opens."""
    size = _slice_size(fills)
    queue: deque[Slice] = deque()
    realised = Fraction(0)
    for number, fill in enumerate(fills):
        side = 1 if fill.quantity > 0 else -1
        for _ in range(int(abs(fill.quantity) / size)):
            if queue and queue[0].lot.quantity * side < 0:
                opened = queue.popleft().lot
                realised += opened.quantity * (fill.price - opened.price)
            else:
                queue.append(Slice(number, Open(fill.trade_id, fill.trade_date, size * side, fill.price)))
    cost = sum((each.lot.quantity * each.lot.price for each in queue), Fraction(0))
    return Outcome(_joined(queue), cost, realised)


def moving_average(fills: list[Fill]) -> Outcome:
    """What opens moves the average; what closes leaves at the average, rounded to twelve decimals, the last with all
    that is left.
    """
    held, cost, realised, shown = Fraction(0), Fraction(0), Fraction(0), Open("", "", Fraction(0), Fraction(0))
    for fill in fills:
        opens = fill.quantity
        if held * fill.quantity < 0:
            closes = min(abs(fill.quantity), abs(held)) * (1 if held > 0 else -1)
            leaves = cost if closes == held else round(cost * closes / held, 12)
            realised += closes * fill.price - leaves
            held, cost, opens = held - closes, cost - leaves, fill.quantity + closes
        if opens:
            held, cost = held + opens, cost + opens * fill.price
            shown = Open("", fill.trade_date, held, round(cost / held, 12))
    return Outcome([shown._replace(quantity=held)] if held else [], cost, realised)


def _slice_size(fills: list[Fill]) -> Fraction:
    """The largest size that divides every fill without a rest."""
    below = lcm(*(fill.quantity.denominator for fill in fills))
    return Fraction(gcd(*(int(fill.quantity * below) for fill in fills)), below)


def _joined(queue: deque[Slice]) -> list[Open]:
    """Slices of one fill are one lot again."""
    lots: dict[int, Open] = {}
    for fill, lot in queue:
        lots[fill] = lot._replace(quantity=lots[fill].quantity + lot.quantity) if fill in lots else lot
    return list(lots.values())
