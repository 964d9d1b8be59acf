"""A position that came of another says the same live and as of an instant, whatever happens to the other."""

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnnounceCorporateAction, AnyCommand, RollBusinessDate, SettleTrade
from domain.money import exact
from projections.as_of import Instant
from projections.positions import Position
from tests.action_histories import EXCHANGES, ISSUED, dated
from tests.documents import read_models
from tests.ledger import send
from tests.properties.instants import grouped, said
from tests.properties.test_as_of import fields
from tests.properties.test_replay import events_of
from tests.rules import DAY
from tests.strategies import COMPANIES, about, becomings, bookings, changes, days, numbered
from tests.world import world

OWN = ("T1", "T8", "T15", "T22")
"""Trades of one book."""
TRADES = st.sampled_from(OWN)
X: Any = st.just("x")
NOT_SAID = ("realised_change", "actions_change")
LATER: st.SearchStrategy[AnyCommand] = st.sampled_from([
    about(SettleTrade, TRADES, quantity=st.none()), bookings(TRADES, COMPANIES), changes(TRADES, COMPANIES), ISSUED,
    becomings(TRADES), st.builds(RollBusinessDate, command_id=X, business_date=days(2, 6)),
    dated(AnnounceCorporateAction, instrument=st.sampled_from(["SAN", "AXA"])),
]).flatmap(lambda kind: kind)


@st.composite
def spun_off(draw: st.DrawFn) -> list[AnyCommand]:
    """Something is held, comes to be something else on the next days, and is traded, settled and paid on."""
    held: list[Any] = [draw(bookings(st.just(name), COMPANIES)) for name in OWN[: draw(st.integers(1, 3))]]
    companies: list[Any] = []
    for number, (of, into) in enumerate([("SAN", "AXA"), ("AXA", "ETF")][: draw(st.integers(1, 2))], 1):
        terms = msgspec.structs.replace(draw(EXCHANGES), into=into)
        action = draw(dated(AnnounceCorporateAction, instrument=st.just(of)))
        ex_date = DAY + timedelta(draw(st.integers(0, 2)))
        companies.append(msgspec.structs.replace(
            action, action=f"C{number}", terms=terms, ex_date=ex_date, pay_date=ex_date + timedelta(1)
        ))
    turned = RollBusinessDate(command_id="x", business_date=DAY + timedelta(draw(st.integers(1, 4))))
    return numbered([*held, *companies, turned, *draw(st.lists(LATER, max_size=12))])


@settings(max_examples=150, deadline=None)
@given(spun_off())
def test_after_every_event_a_position_is_the_same_document_live_and_as_of(history: list[AnyCommand]) -> None:
    logs = world()
    for command in history:
        send(logs, command)
    events = events_of(logs)["ledger-0"]
    groups = grouped(read_models(events, at_once=True)["movements"].values())
    for count in range(1, len(events) + 1):
        live = read_models(events[:count], at_once=True)["positions"]
        with exact():
            found = said(groups, Instant(None, events[count - 1].sequence))["positions"]
        assert {key: shown(each) for key, each in found.items()} == {key: shown(each) for key, each in live.items()}


def shown(position: Position) -> dict[str, Any]:
    """All that a position says; what its last event changed is for the journal alone."""
    return fields(position, *NOT_SAID)
