"""What every projection promises to those who run it."""

from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AmendTrade, CancelTrade, EquityTerms, SettleTrade
from projections.projection import Projection, families
from projections.registry import PROJECTIONS
from tests.documents import History, read_models
from tests.rules import booking
from tests.trade_commands import moving
from tests.unit.test_trades_projection import loan

BY_NAME = {projection.name: projection for projection in PROJECTIONS}


def history() -> History:
    terms = EquityTerms(side="buy", instrument="SAN", quantity=Decimal(12), price=Decimal(150))
    told = History(
        booking(price="150", fees={"b": Decimal(2)}), booking("T2", price="150", side="sell"),
        AmendTrade(command_id="a", trade_id="T1", book="EQ-1", terms=terms),
        SettleTrade(command_id="s", trade_id="T1", book="EQ-1", quantity=Decimal(5)),
        CancelTrade(command_id="c", trade_id="T2", book="EQ-1"),
        booking("T3", terms=loan().terms), moving(("T1", "2", "300")),
    )
    told.refuse("kill-switch")
    return told


@pytest.fixture(scope="module")
def documents() -> Any:
    return read_models(history().events)


def test_every_projection_has_a_name_of_its_own_and_comes_after_those_it_needs() -> None:
    names = [projection.name for projection in PROJECTIONS]
    assert len(set(names)) == len(names)
    for place, projection in enumerate(PROJECTIONS):
        assert set(projection.needs) <= {*names[:place], projection.name}


def test_a_family_holds_every_projection_that_its_members_need() -> None:
    grouped = families(PROJECTIONS)
    assert sorted(each.name for family in grouped for each in family) == sorted(BY_NAME)
    for family in grouped:
        members = {each.name for each in family}
        assert all(set(each.needs) <= members for each in family)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda each: each.name)
def test_every_document_has_what_is_filtered_by_and_an_id_that_begins_with_its_book_or_log(
    projection: Projection, documents: Any
) -> None:
    found = documents[projection.name]
    assert found
    for key, document in found.items():
        assert document.id == key
        assert not document.stale
        assert all(hasattr(document, column) for column in projection.columns)
        kind = getattr(document, "kind", "")
        first = {"audit": document.log, "reference": kind, "quotes": kind}.get(projection.name)
        assert key.split("/")[0] == (first or document.book)


def test_a_document_belongs_to_one_log_so_its_version_never_goes_back() -> None:
    logs: dict[tuple[str, str], set[str]] = {}
    events = history().events
    assert {event.log for event in events} == {"reference", "market", "ledger-0"}
    for projection in PROJECTIONS:
        for event in events:
            for key in projection.keys(event):
                logs.setdefault((projection.name, key), set()).add(event.log)
    assert {key: found for key, found in logs.items() if len(found) > 1} == {}


def test_what_appends_writes_each_id_once() -> None:
    appending = [projection for projection in PROJECTIONS if projection.appends]
    assert [projection.name for projection in appending] == ["journal", "breaches", "audit", "quotes"]
    for projection in appending:
        keys = [key for event in history().events for key in projection.keys(event)]
        assert len(set(keys)) == len(keys) > 0


def test_a_document_is_the_same_whether_it_was_stored_between_events_or_not(documents: Any) -> None:
    assert read_models(history().events, at_once=True) == documents
