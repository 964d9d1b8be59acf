"""What is looked for in the audit trail, by HTTP and the command line alike."""

from datetime import datetime

import msgspec

from projections.audit import AuditEntry


class AuditSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Recorded from ``start`` on and before ``end``; ``text`` is somewhere in what names the entry or tells why."""

    start: datetime | None = None
    end: datetime | None = None
    text: str | None = None

    @property
    def is_asked(self) -> bool:
        return self != AuditSearch()

    def finds(self, entry: AuditEntry) -> bool:
        if (self.start and entry.recorded_at < self.start) or (self.end and entry.recorded_at >= self.end):
            return False
        if self.text is None:
            return True
        texts = (entry.stream, entry.trade_id, entry.command_id, entry.actor, entry.code, entry.detail)
        return any(self.text.casefold() in text.casefold() for text in texts if text)
