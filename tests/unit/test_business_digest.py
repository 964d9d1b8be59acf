"""What a digest of the business tells apart, and what it does not."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from projections.audit import AuditEntry
from projections.business import business_digest
from projections.movements import Movement
from projections.projection import Document
from projections.reference import ReferenceEntry

MORNING = datetime(2026, 11, 24, 8, tzinfo=UTC)
NOW, LATER = MORNING + timedelta(days=30), MORNING + timedelta(days=31)
MOVEMENT = Movement(
    id="EQ-1/SAN/T1/0001", log="ledger-0", sequence=7, book="EQ-1", instrument="SAN", trade_id="T1", revision=1,
    quantity=Decimal(10), price=Decimal(88), amount=Decimal(-880), fees=Decimal(0), asset="SAN", currency="EUR",
    counterparty="CP", trade_date=date(2026, 11, 24), executed_at=MORNING, settlement_date=date(2026, 11, 26),
    valid_from=MORNING, known_from=NOW, known_from_sequence=7, desk="EQ", entity="BANK", product="equity",
    issuer="SANOFI", base_currency="EUR", lot_method="fifo", actor="desk",
)
ENTRY = AuditEntry(
    id="ledger-0/000000000007", log="ledger-0", sequence=7, event="ledger-0:7", type="trade.booked.v1",
    stream="trade:T1", version=1, actor="admin", source="desk", command_id="c1", recorded_at=NOW, effective_at=MORNING,
    business_date=date(2026, 11, 24), trade_id="T1",
)
LIMIT = ReferenceEntry(
    id="limits/EQ-1", log="reference", sequence=3, kind="limits", key="EQ-1", version=1, event="reference:3",
    content={"amount": "5", "at": "2026-12-24T08:00:00Z", "actor": "admin"},
)
ELSEWHERE: dict[str, Any] = {"log": "ledger-4", "sequence": 90}


def changed(document: Document, **fields: Any) -> Document:
    return msgspec.structs.replace(document, **fields)


def test_where_and_when_something_was_recorded_makes_no_difference() -> None:
    here: Sequence[Document] = (MOVEMENT, ENTRY, LIMIT)
    elsewhere = (
        changed(LIMIT, event="reference:5", content={"amount": "5", "at": "2027-01-01T00:00:00Z", "actor": "admin"}),
        changed(ENTRY, id="ledger-4/000000000090", event="ledger-4:90", recorded_at=LATER, **ELSEWHERE),
        changed(MOVEMENT, known_from=LATER, known_from_sequence=90, **ELSEWHERE),
    )
    assert business_digest(here) == business_digest(elsewhere)


@pytest.mark.parametrize(("document", "fields"), [
    (MOVEMENT, {"quantity": Decimal(11)}), (MOVEMENT, {"known_to": LATER}), (MOVEMENT, {"stale": True}),
    (MOVEMENT, {"valid_to": LATER}), (ENTRY, {"command_id": "c2"}), (ENTRY, {"effective_at": LATER}),
    (ENTRY, {"business_date": date(2026, 11, 25)}), (LIMIT, {"content": {**LIMIT.content, "amount": "6"}}),
    (LIMIT, {"in_force": False}),
])
def test_whatever_the_business_would_notice_makes_one(document: Document, fields: dict[str, Any]) -> None:
    assert business_digest([document]) != business_digest([changed(document, **fields)])


def test_one_document_more_makes_a_difference_even_when_it_says_the_same() -> None:
    assert business_digest([ENTRY]) != business_digest([ENTRY, changed(ENTRY, id="other")])


def test_what_no_command_dated_has_no_date_of_its_own() -> None:
    undated = [
        changed(ENTRY, effective_at=moment, recorded_at=moment, business_date=moment.date()) for moment in (NOW, LATER)
    ]
    assert business_digest(undated[:1]) == business_digest(undated[1:])


def test_what_everbook_commands_by_itself_is_left_out() -> None:
    carried = changed(ENTRY, source="everbook", type="business-date.rolled.v1")
    assert business_digest([ENTRY, carried]) == business_digest([ENTRY])
