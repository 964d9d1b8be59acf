"""What a trade is made of that was not agreed at once."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from domain.commands.lots import NamedLot


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fill of its own among the lots: signed ``quantity`` and ``amount`` as in the terms. It holds from ``held_from``
    on; ``origin`` is the trade that it was first dealt with, and with its dates is its place among the lots; ``closes``
    names the lots that it closes first. One that ``unwinds`` deals back, with the others of its trade that do, whatever
    the trade has become by its day: ``quantity`` is that in the units in which it was dealt.
    """

    quantity: Decimal
    price: Decimal
    amount: Decimal
    trade_date: date
    executed_at: datetime
    held_from: datetime
    origin: str
    closes: tuple[NamedLot, ...] = ()
    unwinds: bool = False
