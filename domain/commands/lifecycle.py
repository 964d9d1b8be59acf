"""Commands to a ledger log about what becomes of a trade: it is split, handed over, netted, changed or ended."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec

from domain.commands.header import Key, Reference
from domain.commands.trades import Fees, TradeCommand

MOST_PARTS = 100


class Allocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One trade that comes of a block: for a book, and an ``account`` in it. All of a block's have a ``quantity``,
    which sum to its own, or all have a ``share``, in any unit.
    """

    trade_id: Key
    book: Reference
    quantity: Decimal | None = None
    share: Decimal | None = None
    account: Key | None = None


Allocations = Annotated[tuple[Allocation, ...], msgspec.Meta(min_length=1, max_length=MOST_PARTS)]


class AllocateBlock(TradeCommand, frozen=True, kw_only=True):
    """The trade was for all of these: each gets a trade of its own, and the block counts no more."""

    allocations: Allocations


class ReallocateBlock(TradeCommand, frozen=True, kw_only=True):
    """What a block was allocated to is withdrawn, and it is allocated to these."""

    allocations: Allocations


class NovateTrade(TradeCommand, frozen=True, kw_only=True):
    """``counterparty`` steps in for the trade, or for ``quantity`` of it, with a new trade ``new_trade_id``."""

    new_trade_id: Key
    counterparty: Reference
    quantity: Decimal | None = None


class CompressTrades(TradeCommand, frozen=True, kw_only=True):
    """``trade_id`` takes the place of ``trade_ids``, all of one book, instrument and counterparty, with their exact net
    quantity and cash. Without a ``settlement_date`` it is due when the last of them was.
    """

    trade_ids: Annotated[tuple[Reference, ...], msgspec.Meta(min_length=2, max_length=MOST_PARTS)]
    settlement_date: date | None = None


class ResizeCommand(TradeCommand, frozen=True, kw_only=True):
    """A change of the quantity that was agreed on ``trade_date`` (without one, on the business date), at a price of its
    own: it holds from then on and leaves alone what was before.
    """

    quantity: Decimal
    price: Decimal
    fees: Fees = msgspec.field(default_factory=dict)
    trade_date: date | None = None


class IncreaseTrade(ResizeCommand, frozen=True, kw_only=True):
    pass


class DecreaseTrade(ResizeCommand, frozen=True, kw_only=True):
    """Ends a part of the trade; all of it is ended by ``TerminateTrade``."""


class TerminateTrade(TradeCommand, frozen=True, kw_only=True):
    """Both sides end the trade early. ``amount`` settles it: above zero we receive it, below we pay, on ``due_on`` (or
    the business date). The trade's own fees stay due.
    """

    amount: Decimal = Decimal(0)
    trade_date: date | None = None
    due_on: date | None = None
