"""Settlements as of an instant: what the live ones said then, whatever came later."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AmendTrade, AnyCommand, CancelTrade, CorrectTrade, SettleTrade
from domain.schema import Recorded
from projections.as_of import Instant
from projections.settlements_at import settlements_at
from tests.documents import History, read_models
from tests.properties.test_second_model import after, stored
from tests.properties.test_settlements import ANYTHING, BOOKED
from tests.rules import MOMENT, booking
from tests.trade_commands import about, shares

HOUR = timedelta(hours=1)


def streams(events: list[Recorded]) -> list[list[Recorded]]:
    """The events of each trade, by its stream and version, as a log gives them."""
    found: dict[str, list[Recorded]] = {}
    for event in events:
        if event.stream.startswith("trade:"):
            found.setdefault(event.stream, []).append(event)
    return list(found.values())


def at(events: list[Recorded], valid_at: datetime | None, known_at: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for history in streams(events):
        found |= settlements_at(history, Instant(valid_at, known_at))
    return found


@settings(max_examples=60, deadline=None)
@given(BOOKED, ANYTHING, st.floats(0, 1))
def test_what_was_known_at_any_sequence_is_what_the_live_settlements_said_there(
    trades: list[AnyCommand], told: list[AnyCommand], share: float
) -> None:
    events, _ = stored("ledger-0", after([*trades, *told]).recorders["ledger-0"])
    known = events[int(share * (len(events) - 1))].sequence
    live = read_models([each for each in events if each.sequence <= known], at_once=True)["settlements"]
    assert at(events, None, known) == live
    last = max(each.event.effective_at for each in events)
    assert at(events, last, known) == live


def test_what_had_not_happened_is_not_said_and_what_was_put_right_is_said_of_every_day() -> None:
    history = History(booking(effective_at=MOMENT))
    history.when(about(AmendTrade, terms=shares("20"), effective_at=MOMENT + 2 * HOUR))
    history.when(about(SettleTrade, effective_at=MOMENT + 3 * HOUR, settled_on=None))

    def said(hours: int) -> list[tuple[Any, str]]:
        found = at(history.events, MOMENT + hours * HOUR, 10**6).values()
        return [(each.quantity, each.status) for each in found]

    assert [said(hours) for hours in (-1, 0, 2, 3)] == [
        [], [(10, "issued")], [(20, "issued")], [(20, "settled")]
    ]


def test_a_correction_of_what_was_agreed_later_says_nothing_of_before() -> None:
    history = History(booking(effective_at=MOMENT))
    history.when(about(AmendTrade, terms=shares("20"), effective_at=MOMENT + 2 * HOUR))
    history.when(about(CorrectTrade, terms=shares("25"), reason="typing", effective_at=MOMENT + 5 * HOUR))
    assert [each.quantity for each in at(history.events, MOMENT + HOUR, 10**6).values()] == [10]
    assert [each.quantity for each in at(history.events, MOMENT + 2 * HOUR, 10**6).values()] == [25]
    history.when(about(CancelTrade))
    assert [each.status for each in at(history.events, MOMENT, 10**6).values()] == ["cancelled"]
    assert [each.status for each in at(history.events, MOMENT + 2 * HOUR, 3).values()] == ["issued"]
