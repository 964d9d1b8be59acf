"""Lots as commands and events name them."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec

from domain.commands.header import Reference


class NamedLot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """So much of the open lot of a trade; ``quantity`` is above zero, for long and short lots alike."""

    trade_id: Reference
    quantity: Decimal


class MovedLot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A lot, or a part of one, that goes to another book: ``quantity`` and ``cost`` are signed as the lot is (below
    zero for a short one), ``trade_date`` is when it was acquired. That of an average has no trade, and is named by its
    transfer where it arrives.
    """

    trade_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    trade_date: date
    quantity: Decimal
    cost: Decimal


MOST_LOTS = 1_000
NamedLots = Annotated[tuple[NamedLot, ...], msgspec.Meta(max_length=MOST_LOTS)]
MovedLots = Annotated[tuple[MovedLot, ...], msgspec.Meta(max_length=MOST_LOTS)]
