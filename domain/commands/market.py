"""Commands to the market log: prices and exchange rates."""

from decimal import Decimal

from domain.commands.header import Command, Key
from domain.commands.reference import Code


class RecordPrice(Command, frozen=True, kw_only=True):
    """The latest price of one unit of an instrument, in the instrument's currency; it may be zero or negative."""

    instrument: Key
    price: Decimal


class RecordFxRate(Command, frozen=True, kw_only=True):
    """One unit of ``base`` costs ``rate`` units of ``quote``."""

    base: Code
    quote: Code
    rate: Decimal
