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


class Outcome(NamedTuple):
    lots: list[Open]
    cost: Fraction
    realised: Fraction


def first_in_first_out(fills: list[Fill]) -> Outcome:
    """Every fill is cut into slices of one size; a slice closes the oldest open slice of the other side, or opens."""
    size = _slice_size(fills)
    queue: deque[Open] = deque()
    realised = Fraction(0)
    for fill in fills:
        side = 1 if fill.quantity > 0 else -1
        for _ in range(int(abs(fill.quantity) / size)):
            if queue and queue[0].quantity * side < 0:
                opened = queue.popleft()
                realised += opened.quantity * (fill.price - opened.price)
            else:
                queue.append(Open(fill.trade_id, fill.trade_date, size * side, fill.price))
    return Outcome(_joined(queue), sum((each.quantity * each.price for each in queue), Fraction(0)), realised)


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


def _joined(queue: deque[Open]) -> list[Open]:
    """Slices of one trade are one lot again."""
    lots: list[Open] = []
    for each in queue:
        if lots and lots[-1].trade_id == each.trade_id:
            lots[-1] = each._replace(quantity=lots[-1].quantity + each.quantity)
        else:
            lots.append(each)
    return lots
