"""Lots: what a position is made of, and what closing a part of it realises, by the method of its book."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec

from domain.commands.lots import NamedLot
from domain.commands.reference import LotMethod
from domain.money import ROUNDING, ZERO, divide

Place = tuple[date, int, datetime, str]
"""Date, precedence within it, time and trade: in this order a position takes what happens to it."""


class Lot(msgspec.Struct, frozen=True, gc=False):
    """An open part of a position: signed ``quantity`` at ``price``, acquired on ``trade_date``. ``cost`` is quantity x
    price, and with it the fees where the book has them in its cost; a part of a lot takes its share of these rounded to
    twelve decimals, and the last part what is left. Under the moving average there is one lot, without a trade, and its
    ``price`` is the average rounded to twelve decimals.
    """

    trade_id: str
    trade_date: date
    quantity: Decimal
    price: Decimal
    cost: Decimal


class Fill(msgspec.Struct, frozen=True, gc=False):
    """What a movement adds: signed ``quantity`` at ``price``, and what it costs ``beyond`` that. Where it closes, it
    takes from the lots that ``closes`` names first, whatever the method; ``brings`` are lots that come from elsewhere
    as they are, instead of one of its own.
    """

    place: Place
    quantity: Decimal
    price: Decimal
    beyond: Decimal = ZERO
    closes: Sequence[NamedLot] = ()
    brings: Sequence[Lot] = ()


class Holding(msgspec.Struct, frozen=True, gc=False):
    """``cost`` is that of the open lots (negative for a short position), ``realised`` the profit of what was closed,
    before fees that are not in its cost; both in the currency of the trades. cost + proceeds - realised = 0 at all
    times. ``substituted`` is how much was to close lots by name that were not there: it closed others, or opened.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    lots: tuple[Lot, ...] = ()
    substituted: Decimal = ZERO


class Relief(msgspec.Struct, frozen=True, gc=False):
    """The parts of lots that something closes, ``found`` how much of them was named, and the lots that are left."""

    parts: tuple[Lot, ...]
    left: tuple[Lot, ...]
    found: Decimal = ZERO

    @property
    def cost(self) -> Decimal:
        return sum((part.cost for part in self.parts), ZERO)


EMPTY = Holding()


def fold(fills: Iterable[Fill], method: LotMethod, holding: Holding = EMPTY) -> Holding:
    """The holding after ``fills``, in the order of their places."""
    for fill in fills:
        holding = add(holding, fill, method)
    return holding


def add(holding: Holding, fill: Fill, method: LotMethod) -> Holding:
    """The holding after one fill; one that crosses zero closes all, then opens the rest the other way, and its cost is
    split by quantity.
    """
    if fill.brings:
        for lot in fill.brings:
            holding = _add(holding, lot, (), method)
        return holding
    if fill.closes and method != "average":
        named = min(sum((name.quantity for name in fill.closes), ZERO), abs(fill.quantity))
        holding = Holding(
            holding.quantity, holding.cost, holding.realised, holding.lots, holding.substituted + named
        )
    place, cost = fill.place, fill.quantity * fill.price
    if fill.beyond:
        cost += fill.beyond
    return _add(holding, Lot(place[-1], place[0], fill.quantity, fill.price, cost), fill.closes, method)


def leaving(holding: Holding, quantity: Decimal, method: LotMethod, named: Sequence[NamedLot] = ()) -> tuple[Lot, ...]:
    """The parts of lots that go when so much (no more than is held, above zero) leaves a holding."""
    return _relieved(holding, quantity.copy_sign(holding.quantity), method, named).parts


def part_of(lot: Lot, quantity: Decimal) -> Lot:
    """So much of a lot, signed as it is, with its share of the cost."""
    if quantity == lot.quantity:
        return lot
    cost = quantity * lot.price
    if beyond := lot.cost - lot.quantity * lot.price:
        cost += divide(beyond * quantity, lot.quantity)
    return Lot(lot.trade_id, lot.trade_date, quantity, lot.price, cost)


def _add(holding: Holding, lot: Lot, closes: Sequence[NamedLot], method: LotMethod) -> Holding:
    before = holding.quantity
    if before == 0 or (before > 0) == (lot.quantity > 0):
        return _opened(holding, lot, method)
    if abs(lot.quantity) <= abs(before):
        return _closed(holding, lot, closes, method)
    closing = part_of(lot, -before)
    return _opened(_closed(holding, closing, closes, method), _rest_of(lot, closing), method)


def _rest_of(lot: Lot, part: Lot) -> Lot:
    return Lot(lot.trade_id, lot.trade_date, lot.quantity - part.quantity, lot.price, lot.cost - part.cost)


def _opened(holding: Holding, lot: Lot, method: LotMethod) -> Holding:
    total, cost = holding.quantity + lot.quantity, holding.cost + lot.cost
    lots: tuple[Lot, ...]
    if method == "average":
        lots = (Lot("", lot.trade_date, total, divide(cost, total), cost),)
    elif not holding.lots or holding.lots[-1].trade_date <= lot.trade_date:
        lots = (*holding.lots, lot)
    else:
        # What another book acquired earlier is older than what was bought here meanwhile.
        at = bisect_right(holding.lots, lot.trade_date, key=_acquired)
        lots = (*holding.lots[:at], lot, *holding.lots[at:])
    return Holding(total, cost, holding.realised, lots, holding.substituted)


def _closed(holding: Holding, closing: Lot, closes: Sequence[NamedLot], method: LotMethod) -> Holding:
    relief = _relieved(holding, -closing.quantity, method, closes)
    cost = relief.cost
    return Holding(
        holding.quantity + closing.quantity, holding.cost - cost, holding.realised - closing.cost - cost, relief.left,
        holding.substituted - relief.found,
    )


def _relieved(holding: Holding, quantity: Decimal, method: LotMethod, named: Sequence[NamedLot]) -> Relief:
    """What ``quantity``, signed as the lots are, takes of them."""
    if method == "average":
        return _of_average(holding, quantity)
    if method == "fifo" and not named:
        return _of_oldest(holding.lots, quantity)
    lots = holding.lots
    size, taken = abs(quantity), dict[int, Decimal]()
    for name in named:
        asked = min(name.quantity, size)
        places = (place for place, lot in enumerate(lots) if lot.trade_id == name.trade_id)
        size -= asked - _take(lots, places, asked, taken)
    found = abs(quantity) - size
    _take(lots, _queue(lots, method), size, taken)
    return _split(lots, taken, found)


def _of_average(holding: Holding, quantity: Decimal) -> Relief:
    (lot,) = holding.lots
    left = lot.quantity - quantity
    if left == 0:
        return Relief((lot,), ())
    # What is rounded here stays in the cost of the rest, and leaves with the last of it.
    cost = divide(lot.cost * quantity, lot.quantity)
    part = Lot("", lot.trade_date, quantity, lot.price, cost)
    return Relief((part,), (Lot("", lot.trade_date, left, lot.price, lot.cost - cost),))


def _of_oldest(lots: tuple[Lot, ...], quantity: Decimal) -> Relief:
    """As ``_split`` has it, of what closes most often: lots from the front, and a part of the next."""
    size, whole = quantity, 0
    while whole < len(lots) and abs(lots[whole].quantity) <= abs(size):
        size -= lots[whole].quantity
        whole += 1
    parts, left = lots[:whole], lots[whole:]
    if size and left:
        part = part_of(left[0], size)
        parts, left = (*parts, part), (_rest_of(left[0], part), *left[1:])
    # Nothing of it was named, to as many decimals as it has: equal positions are equal bytes.
    return Relief(parts, left, quantity - quantity)


def _take(lots: Sequence[Lot], places: Iterable[int], size: Decimal, taken: dict[int, Decimal]) -> Decimal:
    """Takes up to ``size`` from the lots at ``places``, in that order; what these did not have."""
    for place in places:
        if size == 0:
            break
        before = taken.get(place, ZERO)
        more = min(size, abs(lots[place].quantity) - before)
        if more:
            taken[place] = before + more
            size -= more
    return size


def _queue(lots: Sequence[Lot], method: LotMethod) -> Iterable[int]:
    """The order in which lots are closed: the oldest first, the latest, or those that leave the least profit: long ones
    by the highest cost of a unit, short ones by the lowest proceeds. Equals go by age.
    """
    if method == "lifo":
        return reversed(range(len(lots)))
    if method == "hifo":
        return sorted(range(len(lots)), key=lambda place: _unit_cost(lots[place]), reverse=lots[0].quantity > 0)
    return range(len(lots))


def _split(lots: Sequence[Lot], taken: dict[int, Decimal], found: Decimal) -> Relief:
    left, parts = list(lots), list[Lot]()
    for place, size in taken.items():
        part = part_of(lots[place], size.copy_sign(lots[place].quantity))
        parts.append(part)
        left[place] = _rest_of(lots[place], part)
    # The oldest go first, and mostly they are all that goes.
    for place in sorted(taken, reverse=True):
        if left[place].quantity == 0:
            del left[place]
    return Relief(tuple(parts), tuple(left), found)


def _unit_cost(lot: Lot) -> Decimal:
    return ROUNDING.divide(lot.cost, lot.quantity)


def _acquired(lot: Lot) -> date:
    return lot.trade_date
