"""What a custodian or a bank says, and what comes of holding it against the books."""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["custody", "nostro"]
Cause = Literal[
    "unsettled", "failing", "partially-settled", "settled-on-another-day", "booked-after-the-cut", "amended",
    "cancelled",
    "fees", "penalty", "not-on-statement", "unknown-instrument", "amount-differs", "unexplained",
]


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Line ``line`` says that ``account`` holds ``quantity`` of ``asset`` at the end of ``as_of``; ``name`` is what the
    line calls it, ``asset`` None for what nobody here knows.
    """

    line: int
    account: str
    as_of: date
    name: str
    asset: str | None
    quantity: Decimal


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Line ``line`` says that ``amount`` of ``asset`` moved on ``value_date``."""

    line: int
    account: str
    value_date: date
    asset: str
    amount: Decimal
    reference: str = ""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why statement and books differ by ``quantity``, and the events that tell so; ``others`` counts the reasons that
    would do as well.
    """

    cause: Cause
    quantity: Decimal
    trade_id: str = ""
    leg: str = ""
    on: date | None = None
    events: tuple[str, ...] = ()
    others: int = 0


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """``difference`` is ``statement`` less ``settled``; what is in flight has not come yet, or has not gone."""

    account: str
    asset: str
    as_of: date
    lines: tuple[int, ...]
    statement: Decimal
    settled: Decimal
    in_flight: Decimal
    difference: Decimal
    reasons: tuple[Reason, ...]


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """Every line is among the ``matched`` or in a break; ``matched`` counts lines."""

    kind: Kind
    lines: int
    matched: int
    breaks: tuple[Break, ...]
