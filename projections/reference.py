"""Reference: the latest word on everything the reference and market logs define."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from domain.events import (
    BookDefined,
    BusinessDateRolled,
    CalendarDefined,
    CorporateActionAmended,
    CorporateActionAnnounced,
    CorporateActionCancelled,
    CounterpartyDefined,
    DeskDefined,
    FxRateRecorded,
    InstrumentClassified,
    InstrumentDefined,
    InstrumentRestricted,
    KeyIssued,
    KeyRevoked,
    KillSwitchEngaged,
    KillSwitchReleased,
    LegalEntityDefined,
    LimitSet,
    PenaltyRateSet,
    PeriodClosed,
    PriceRecorded,
    RestrictionLifted,
    SettlementCycleSet,
    TraderDefined,
)
from domain.events.envelope import Event
from domain.schema import Recorded
from projections.projection import Document, View, nothing_new

_UNSAID = frozenset({*Event.__struct_fields__, "digest"})
_KINDS: dict[type[Event], tuple[str, tuple[str, ...]]] = {
    LegalEntityDefined: ("entities", ("entity",)), DeskDefined: ("desks", ("desk",)),
    BookDefined: ("books", ("book",)), TraderDefined: ("traders", ("trader",)),
    CounterpartyDefined: ("counterparties", ("counterparty",)), InstrumentDefined: ("instruments", ("instrument",)),
    CalendarDefined: ("calendars", ("calendar",)), LimitSet: ("limits", ("book", "kind", "instrument")),
    InstrumentRestricted: ("restrictions", ("instrument",)), RestrictionLifted: ("restrictions", ("instrument",)),
    KillSwitchEngaged: ("kill-switches", ("book", "trader")), KillSwitchReleased: ("kill-switches", ("book", "trader")),
    KeyIssued: ("keys", ("key_id",)), KeyRevoked: ("keys", ("key_id",)), BusinessDateRolled: ("dates", ()),
    PeriodClosed: ("periods", ()), PriceRecorded: ("prices", ("instrument",)),
    FxRateRecorded: ("rates", ("base", "quote")),
    SettlementCycleSet: ("settlement-cycles", ("market", "effective_from")),
    PenaltyRateSet: ("penalty-rates", ("kind", "currency", "effective_from")),
    InstrumentClassified: ("liquidity", ("instrument", "effective_from")),
    **dict.fromkeys(
        (CorporateActionAnnounced, CorporateActionAmended, CorporateActionCancelled),
        ("corporate-actions", ("action_id",)),
    ),
}
_ENDING = (RestrictionLifted, KillSwitchReleased, KeyRevoked, CorporateActionCancelled)


class ReferenceEntry(Document, kw_only=True):
    """``content`` is the fact itself without its envelope, of a price or rate with the ``previous`` one and ``since``
    when it holds; ``in_force`` is false once it was lifted or revoked.
    """

    kind: str
    key: str
    version: int
    event: str
    in_force: bool = True
    content: dict[str, Any]


class ReferenceData:
    """One document a thing: ``kind/key``."""

    name = "reference"
    version = 3
    needs: ClassVar[tuple[str, ...]] = ()
    appends = False
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("kind",)
    document_type = ReferenceEntry

    def keys(self, event: Recorded) -> Sequence[str]:
        found = _KINDS.get(type(event.event))
        if found is None or event.log.startswith("ledger"):
            return ()
        kind, names = found
        # A trader may have the name of a book.
        said = {"trader": "trader/"} if kind == "kill-switches" else {}
        parts = [said.get(name, "") + str(value) for name in names if (value := getattr(event.event, name))]
        return ("/".join([kind, *parts]),)

    def project(self, key: str, document: ReferenceEntry | None, event: Recorded, _view: View) -> ReferenceEntry | None:
        fact = event.event
        kind, _, rest = key.partition("/")
        content: dict[str, Any] = {name: getattr(fact, name) for name in fact.__struct_fields__ if name not in _UNSAID}
        content["at"], content["actor"] = fact.recorded_at, fact.actor
        if isinstance(fact, BusinessDateRolled):
            content["business_date"] = fact.business_date
        if document is not None and isinstance(fact, _ENDING):
            content = {**document.content, "ended": fact.recorded_at}
        elif isinstance(fact, PriceRecorded | FxRateRecorded):
            content["since"] = fact.effective_at
            if document is not None:
                if fact.effective_at < datetime.fromisoformat(document.content["since"]):
                    # What is said later about an earlier time takes no mark away.
                    return None
                content["previous"] = document.content["price" if isinstance(fact, PriceRecorded) else "rate"]
        return ReferenceEntry(
            id=key, kind=kind, key=rest, version=event.version, event=event.id, content=_plain(content),
            in_force=not isinstance(fact, _ENDING) and not (isinstance(fact, LimitSet) and fact.amount is None),
        )


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    """As it will be read back from JSON, so that a document is the same before and after it was stored."""
    plain: dict[str, Any] = msgspec.to_builtins(content, builtin_types=())
    return plain
