"""Commands to a ledger log: positions that go from one of our books to another."""

from datetime import date
from decimal import Decimal

from domain.commands.header import Command, Key, Reference
from domain.commands.lots import MovedLots


class TransferCommand(Command, frozen=True, kw_only=True):
    """A command about one transfer, to the log of ``book``."""

    transfer_id: Key
    book: Reference


class TransferPosition(TransferCommand, frozen=True, kw_only=True):
    """Moves ``lots`` of a position to another book of the same legal entity, as they are: with their cost and the dates
    they were acquired on. ``transfer_date`` is the day from which they are there, ``quantity`` (above zero) their sum.
    """

    to_book: Reference
    instrument: Reference
    transfer_date: date
    quantity: Decimal
    lots: MovedLots = ()


class ReceiveTransfer(TransferCommand, frozen=True, kw_only=True):
    """What ``from_book`` sent arrives in ``book``. Everbook commands it by itself."""

    from_book: Reference
    instrument: Reference
    transfer_date: date
    lots: MovedLots


class ReturnTransfer(TransferCommand, frozen=True, kw_only=True):
    """What ``book`` sent was not received, and comes back. Everbook commands it by itself."""

    to_book: Reference
    code: str
    detail: str = ""
