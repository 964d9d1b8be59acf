"""The permanent envelope: what every event says about itself, for as long as the ledger exists."""

from datetime import date, datetime

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fact. ``effective_at`` is when it holds in the world, ``recorded_at`` when its log learned it (both UTC).

    ``business_date`` is the accounting day it belongs to, ``actor`` the key id that sent the command, ``supersedes``
    the event it replaces (``log:sequence``), ``schema`` the version of the state's shape.
    """

    effective_at: datetime
    business_date: date
    recorded_at: datetime
    actor: str
    source: str
    command_id: str
    correlation_id: str | None = None
    causation_id: str | None = None
    reason: str | None = None
    supersedes: str | None = None
    schema: int = 1


class LogOpened(Event, frozen=True, kw_only=True):
    """The first event of every log: which ledger it belongs to and how many ledger logs that has, for ever."""

    ledger_id: str
    log: str
    ledgers: int


class CommandRefused(Event, frozen=True, kw_only=True):
    """``command`` is the type of what was asked, ``subject`` the stream it was about, ``book`` the book it named."""

    command: str
    code: str
    detail: str
    field: str = ""
    subject: str = ""
    book: str | None = None
    trader: str | None = None
    limit: str | None = None
