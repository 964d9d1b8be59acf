"""Projections for tests of those who run them: simple, and poisoned where asked."""

from collections.abc import Sequence
from typing import Any, ClassVar

from domain.events import TradeAffirmed, TradeBooked, TradeEvent
from domain.schema import Recorded
from projections.projection import Document, View, nothing_new


class Counter(Document, kw_only=True):
    count: int = 0


class Counting:
    """Counts a trade's events, but cannot take an affirmation of T7."""

    version = 1
    needs: ClassVar[tuple[str, ...]] = ()
    appends = False
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ()
    document_type = Counter

    def __init__(self, name: str = "counting") -> None:
        self.name = name
        self.broken = True

    @staticmethod
    def document(key: str, sequence: int) -> Counter:
        return Counter(id=key, log="ledger-0", sequence=sequence, count=sequence)

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        return (f"{fact.terms.book}/{fact.trade_id}",) if isinstance(fact, TradeEvent) else ()

    def project(self, key: str, document: Counter | None, event: Recorded, _view: View) -> Counter:
        if self.broken and key.endswith("/T7") and isinstance(event.event, TradeAffirmed):
            raise ZeroDivisionError("poison")
        return Counter(id=key, count=(document.count if document else 0) + 1)


class Doubling:
    """Twice what ``counting`` says: it needs it."""

    name = "doubling"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ("counting",)
    appends = False
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ()
    document_type = Counter

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        return (f"{fact.terms.book}/{fact.trade_id}",) if isinstance(fact, TradeEvent) else ()

    def project(self, key: str, _document: Counter | None, _event: Recorded, view: View) -> Counter:
        counted: Any = view.get("counting", key)
        return Counter(id=key, count=2 * counted.count)


class Unplaceable(Counting):
    def keys(self, event: Recorded) -> Sequence[str]:
        if isinstance(event.event, TradeBooked):
            raise ZeroDivisionError("no key")
        return ()


class UnplaceableInOneLog(Counting):
    def keys(self, event: Recorded) -> Sequence[str]:
        if event.log == "ledger-0" and isinstance(event.event, TradeBooked):
            raise ZeroDivisionError("no key")
        return super().keys(event)
