"""Audit: every event of every log, by who, when, what and why."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar

from domain.events import CommandRefused, TradeEvent, TransferEvent
from domain.schema import Recorded
from projections.projection import Document, View, nothing_new


class AuditEntry(Document, kw_only=True):
    """``type`` is what happened to ``stream``; a refusal also has its ``code`` and ``detail``."""

    event: str
    type: str
    stream: str
    version: int
    actor: str
    source: str
    command_id: str
    recorded_at: datetime
    effective_at: datetime
    business_date: date
    reason: str | None = None
    supersedes: str | None = None
    correlation_id: str | None = None
    book: str | None = None
    trade_id: str | None = None
    trader: str | None = None
    instrument: str | None = None
    code: str | None = None
    detail: str | None = None


class Audit:
    """One document an event, in the order of the log."""

    name = "audit"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ()
    appends = True
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("type", "actor", "book", "trade_id")
    document_type = AuditEntry

    def keys(self, event: Recorded) -> Sequence[str]:
        return (f"{event.log}/{event.sequence:012d}",)

    def project(self, key: str, _document: AuditEntry | None, event: Recorded, _view: View) -> AuditEntry:
        fact = event.event
        entry = AuditEntry(
            id=key, event=event.id, type=event.type, stream=event.stream, version=event.version, actor=fact.actor,
            source=fact.source, command_id=fact.command_id, recorded_at=fact.recorded_at,
            effective_at=fact.effective_at, business_date=fact.business_date, reason=fact.reason,
            supersedes=fact.supersedes, correlation_id=fact.correlation_id,
        )
        if isinstance(fact, TradeEvent):
            terms = fact.terms
            entry.book, entry.trade_id = terms.book, fact.trade_id
            entry.trader, entry.instrument = terms.trader, terms.instrument
        elif isinstance(fact, TransferEvent):
            entry.book, entry.instrument = fact.moved.book, fact.moved.instrument
        elif isinstance(fact, CommandRefused):
            entry.book, entry.trader, entry.code, entry.detail = fact.book, fact.trader, fact.code, fact.detail
            entry.trade_id = fact.subject.removeprefix("trade:") if fact.subject.startswith("trade:") else None
        else:
            entry.book, entry.trader = getattr(fact, "book", None), getattr(fact, "trader", None)
            entry.instrument = getattr(fact, "instrument", None)
        return entry
