"""Events of an older stored shape are read as the present one, by the rules and by every read model."""

import json
from collections.abc import Iterator

import pytest
from eventsourcing.persistence import StoredEvent

from domain.commands import AmendTrade, CancelTrade
from domain.ports import LogRecorder
from domain.schema import UPCASTS
from infra.logs import CommandedLogs
from infra.memory.recorder import MemoryRecorder
from tests.ledger import founded, send
from tests.properties.test_replay import events_of, folded
from tests.rules import booking
from tests.trade_commands import about, shares

OLD, PRESENT = "trade.booked.v0", "trade.booked.v1"


def older(state: bytes) -> bytes:
    """As the shape might have been once: the price was called a rate, and sides were words."""
    fact = json.loads(state)
    terms = fact["terms"]
    terms["rate"] = terms.pop("price")
    quantity = terms.pop("quantity")
    terms["side"], terms["size"] = ("sell", quantity[1:]) if quantity.startswith("-") else ("buy", quantity)
    return json.dumps(fact).encode()


def upcast(state: dict[str, object]) -> dict[str, object]:
    terms = state["terms"]
    assert isinstance(terms, dict)
    kept = {name: value for name, value in terms.items() if name not in {"rate", "side", "size"}}
    sign = "-" if terms["side"] == "sell" else ""
    return {**state, "terms": {**kept, "price": terms["rate"], "quantity": sign + terms["size"]}}


@pytest.fixture
def old_shape(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(UPCASTS, OLD, (PRESENT, upcast))
    yield
    monkeypatch.undo()
    assert OLD not in UPCASTS


def in_the_older_shape(recorder: LogRecorder) -> MemoryRecorder:
    """The same log as it would be, had its bookings been written long ago."""
    written = MemoryRecorder()
    for each in recorder.select_notifications(1, 10_000):
        topic, state = (OLD, older(each.state)) if each.topic == PRESENT else (each.topic, each.state)
        written.insert_events([StoredEvent(each.originator_id, each.originator_version, topic, state)])
    return written


@pytest.mark.usefixtures("old_shape")
def test_a_log_in_an_older_shape_decides_and_projects_as_in_the_present_one() -> None:
    kept: dict[str, LogRecorder] = {}
    logs = founded(CommandedLogs(lambda log: kept.setdefault(log, MemoryRecorder())))
    for command in (booking(), booking("T2", "4", "110", side="sell"), about(AmendTrade, terms=shares("12"))):
        send(logs, command)
    long_ago = {**kept, "ledger-0": in_the_older_shape(kept["ledger-0"])}
    assert b'"side"' in long_ago["ledger-0"].select_notifications(2, 1)[0].state
    again = CommandedLogs(lambda log: long_ago[log])
    now, then = (folded(events_of(each), [10_000], forgets=False) for each in (logs, again))
    # The stored type itself is shown where a document names its event's.
    assert now == {
        model: {key: each.replace(OLD.encode(), PRESENT.encode()) for key, each in documents.items()}
        for model, documents in then.items()
    }
    (outcome,) = send(again, about(CancelTrade, "T2"))
    assert (outcome.status, outcome.version) == ("accepted", 2)
    assert len(now["trades"]) == 2
