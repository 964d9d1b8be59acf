"""Commands to a ledger log about what trades oblige both sides to: instructions, nets, buy-ins and penalties."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec

from domain.commands.header import Command, Key, Name, Reference
from domain.commands.trades import TradeCommand

MOST_NETTED = 1_000


class InstructSettlement(TradeCommand, frozen=True, kw_only=True):
    """Custodian or bank are told to settle; ``instruction`` is what they know it by."""

    instruction: Key


class MatchSettlement(TradeCommand, frozen=True, kw_only=True):
    """The counterparty's instruction says the same as ours."""


class ReportMismatch(TradeCommand, frozen=True, kw_only=True):
    """The counterparty's instruction says something else: ``difference`` tells what."""

    difference: Name


class CancelInstruction(TradeCommand, frozen=True, kw_only=True):
    """Takes the instruction back; what the trade obliges to stays, and may be instructed anew."""


class HoldSettlement(TradeCommand, frozen=True, kw_only=True):
    """Nothing settles until it is released."""


class ReleaseSettlement(TradeCommand, frozen=True, kw_only=True):
    pass


class BuyIn(TradeCommand, frozen=True, kw_only=True):
    """A buy-in agent delivered at ``price`` what the counterparty had failed to deliver."""

    price: Decimal
    settled_on: date | None = None


class BookPenalty(TradeCommand, frozen=True, kw_only=True):
    """Books what a fail has cost by the table of penalty rates, up to and including ``through`` (or the business date),
    less what was booked before.
    """

    through: date | None = None


class NetCommand(Command, frozen=True, kw_only=True):
    """A command about one net; ``book`` names the log."""

    net_id: Key
    book: Reference


class NetSettlements(NetCommand, frozen=True, kw_only=True):
    """Makes one instruction of what several trades oblige to: of one counterparty, instrument, currency and day."""

    trade_ids: Annotated[tuple[Reference, ...], msgspec.Meta(min_length=2, max_length=MOST_NETTED)]


class SettleNet(NetCommand, frozen=True, kw_only=True):
    """Settles what is open of every trade of the net."""

    settled_on: date | None = None


class DissolveNet(NetCommand, frozen=True, kw_only=True):
    """Its trades settle each by itself again."""
