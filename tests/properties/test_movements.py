"""Movements at any two times: what held, as it was known."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hypothesis import given, settings

from domain.commands import AnyCommand
from domain.events import TradeEvent
from domain.trades.state import COUNT_NO_MORE, TradeState, evolve_trade
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
    states: dict[str, TradeState] = {}
    for event in events:
        if isinstance(event.event, TradeEvent):
            trade_id = event.event.trade_id
            state = evolve_trade(states.get(trade_id), event.version, event.sequence, event.event)
            assert state is not None
            states[trade_id] = state
        for trade_id, rows in known(movements, event.sequence).items():
            begun = min(each.valid_from for each in rows)
            for moment in sorted({each.valid_from for each in rows} | {each.valid_to for each in rows} - {None}):
                assert len({each.revision for each in rows if holds(each, moment)}) == 1 or moment == ended(rows)
            assert begun <= states[trade_id].held_from
            assert (ended(rows) is None) == (states[trade_id].status not in COUNT_NO_MORE)


def holds(movement: Any, moment: datetime) -> bool:
    return movement.valid_from <= moment and (movement.valid_to is None or moment < movement.valid_to)


def ended(movements: Sequence[Any]) -> datetime | None:
    """From when on none of them holds, if so."""
    ends = [each.valid_to for each in movements]
    return None if None in ends else max(ends)


HOLDS_NOTHING = {"penalty", "fixing"}
"""What was paid for the fail of a trade, and at which rate it ran, stands whatever becomes of the trade."""


@settings(max_examples=60, deadline=None)
@given(histories())
def test_what_still_holds_sums_to_the_positions_and_none_of_a_cancelled_trade_does(history: list[AnyCommand]) -> None:
    models = read_models(events_of(ledger_after(history))["ledger-0"], at_once=True)
    live = [each for each in models["movements"].values() if each.is_live]
    for key, position in models["positions"].items():
        own = [each for each in live if f"{each.book}/{each.instrument}" == key]
        assert sum(each.quantity for each in own if each.kind != "settlement") == position.quantity
        assert sum(each.quantity for each in own if each.kind != "trade") == position.settled
    gone = {trade.trade_id for trade in models["trades"].values() if trade.status in COUNT_NO_MORE}
    holding = [each for each in models["movements"].values() if each.kind not in HOLDS_NOTHING]
    assert [each.id for each in holding if each.trade_id in gone and each.is_live] == []
    cancelled = {trade.trade_id for trade in models["trades"].values() if trade.status == "cancelled"}
    assert [each.id for each in holding if each.trade_id in cancelled and not each.known_to] == []
