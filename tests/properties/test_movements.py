"""Movements at any two times: what held, as it was known."""

from datetime import datetime
from typing import Any

from hypothesis import given, settings

from domain.commands import AnyCommand
from tests.documents import read_models
from tests.properties.test_replay import events_of, ledger_after
from tests.strategies import histories


def known(movements: Any, sequence: int) -> dict[str, list[Any]]:
    """By trade: which of its terms were thought to hold once the log had reached ``sequence``."""
    found: dict[str, list[Any]] = {}
    for each in movements:
        ended = each.known_to_sequence is not None and each.known_to_sequence <= sequence
        if each.known_from_sequence <= sequence and not ended and each.kind == "trade":
            found.setdefault(each.trade_id, []).append(each)
    return found


@settings(max_examples=60, deadline=None)
@given(histories())
def test_at_every_known_time_one_revision_of_a_trade_holds_at_every_valid_time(history: list[AnyCommand]) -> None:
    events = events_of(ledger_after(history))["ledger-0"]
    movements = list(read_models(events, at_once=True)["movements"].values())
    for event in events:
        for rows in known(movements, event.sequence).values():
            rows.sort(key=lambda each: each.valid_from)
            ends: list[datetime | None] = [each.valid_to for each in rows]
            assert [each.valid_from for each in rows] == [rows[0].executed_at, *ends[:-1]]
            assert ends[-1] is None


@settings(max_examples=60, deadline=None)
@given(histories())
def test_what_still_holds_sums_to_the_positions_and_none_of_a_cancelled_trade_does(history: list[AnyCommand]) -> None:
    models = read_models(events_of(ledger_after(history))["ledger-0"], at_once=True)
    live = [each for each in models["movements"].values() if each.is_live]
    for key, position in models["positions"].items():
        own = [each for each in live if f"{each.book}/{each.instrument}" == key]
        assert sum(each.quantity for each in own if each.kind != "settlement") == position.quantity
        assert sum(each.quantity for each in own if each.kind != "trade") == position.settled
    cancelled = {trade.trade_id for trade in models["trades"].values() if trade.status == "cancelled"}
    assert [each.id for each in models["movements"].values() if each.trade_id in cancelled and not each.known_to] == []
