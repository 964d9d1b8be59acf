"""Lots: what a position is made of, and what closing a part of it realises. FIFO by lot, or the moving average."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

import msgspec

from domain.commands.reference import LotMethod
from domain.money import ZERO, divide

Place = tuple[date, int, datetime, str]
"""Date, precedence within it, time and trade: in this order a position takes what happens to it."""


class Lot(msgspec.Struct, frozen=True, gc=False):
    """An open part of a position: signed ``quantity`` at ``price``. Under the moving average there is one, without a
    trade, and its ``price`` is the average rounded to twelve decimals: ``Holding.cost`` is exact.
    """

    trade_id: str
    trade_date: date
    quantity: Decimal
    price: Decimal


class Fill(msgspec.Struct, frozen=True, gc=False):
    """What a movement adds: signed ``quantity`` at ``price``."""

    place: Place
    quantity: Decimal
    price: Decimal


class Holding(msgspec.Struct, frozen=True, gc=False):
    """``cost`` is that of the open lots (negative for a short position), ``realised`` the profit of what was closed,
    before fees; both in the currency of the trades. cost + proceeds - realised = 0 at all times.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    lots: tuple[Lot, ...] = ()


EMPTY = Holding()


def fold(fills: Iterable[Fill], method: LotMethod, holding: Holding = EMPTY) -> Holding:
    """The holding after ``fills``, in the order of their places."""
    for fill in fills:
        holding = add(holding, fill, method)
    return holding


def add(holding: Holding, fill: Fill, method: LotMethod) -> Holding:
    """The holding after one fill; one that crosses zero closes all, then opens the rest the other way."""
    before = holding.quantity
    if before == 0 or (before > 0) == (fill.quantity > 0):
        return _opened(holding, fill, fill.quantity, method)
    if abs(fill.quantity) <= abs(before):
        return _closed(holding, fill, fill.quantity, method)
    return _opened(_closed(holding, fill, -before, method), fill, fill.quantity + before, method)


def _opened(holding: Holding, fill: Fill, quantity: Decimal, method: LotMethod) -> Holding:
    total, cost = holding.quantity + quantity, holding.cost + quantity * fill.price
    trade_date, _, _, trade_id = fill.place
    if method == "average":
        lots: tuple[Lot, ...] = (Lot("", trade_date, total, divide(cost, total)),)
    else:
        lots = (*holding.lots, Lot(trade_id, trade_date, quantity, fill.price))
    return Holding(total, cost, holding.realised, lots)


def _closed(holding: Holding, fill: Fill, quantity: Decimal, method: LotMethod) -> Holding:
    left = holding.quantity + quantity
    lots: tuple[Lot, ...]
    if left == 0:
        relieved, lots = holding.cost, ()
    elif method == "average":
        # What is rounded here stays in the cost of the rest, and leaves with the last of it.
        relieved = divide(holding.cost * -quantity, holding.quantity)
        lots = tuple(Lot("", lot.trade_date, left, lot.price) for lot in holding.lots)
    else:
        relieved, lots = _relieve(holding.lots, quantity)
    return Holding(left, holding.cost - relieved, holding.realised - quantity * fill.price - relieved, lots)


def _relieve(lots: tuple[Lot, ...], quantity: Decimal) -> tuple[Decimal, tuple[Lot, ...]]:
    """The cost of ``-quantity`` from the first lots on, and the lots that are left."""
    relieved, open_quantity = ZERO, -quantity
    for place, lot in enumerate(lots):
        if abs(lot.quantity) > abs(open_quantity):
            rest = Lot(lot.trade_id, lot.trade_date, lot.quantity - open_quantity, lot.price)
            return relieved + open_quantity * lot.price, (rest, *lots[place + 1 :])
        relieved += lot.quantity * lot.price
        open_quantity -= lot.quantity
        if open_quantity == 0:
            return relieved, lots[place + 1 :]
    return relieved, ()
