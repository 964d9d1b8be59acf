"""Breaches: commands that a limit, a kill switch or the restricted list held back, with the evidence as it was."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal

from domain.events import CommandRefused
from domain.schema import Recorded
from projections.projection import Document, View, nothing_new

BREACHING = frozenset({
    "limit-order-notional", "limit-order-quantity", "limit-gross-notional", "limit-position-quantity", "price-collar",
    "price-missing", "fx-rate-missing", "kill-switch", "restricted-instrument",
})


class Breach(Document, kw_only=True):
    """``code`` says what held the command back, ``detail`` by how much."""

    event: str
    book: str
    trader: str | None
    code: str
    detail: str
    field: str
    command: str
    source: str
    command_id: str
    actor: str
    recorded_at: datetime
    status: Literal["detected"] = "detected"


class Breaches:
    """One document a refusal that breaches."""

    name = "breaches"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ()
    appends = True
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("book", "code", "trader")
    document_type = Breach

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        if isinstance(fact, CommandRefused) and fact.code in BREACHING:
            return (f"{fact.book}/{event.log}-{event.sequence:012d}",)
        return ()

    def project(self, key: str, _document: Breach | None, event: Recorded, _view: View) -> Breach:
        fact = event.event
        assert isinstance(fact, CommandRefused)
        return Breach(
            id=key, event=event.id, book=fact.book or "", trader=fact.trader, code=fact.code, detail=fact.detail,
            field=fact.field, command=fact.command, source=fact.source, command_id=fact.command_id, actor=fact.actor,
            recorded_at=fact.recorded_at,
        )
