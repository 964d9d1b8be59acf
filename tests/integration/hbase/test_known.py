"""What is new is not looked up before a commit, and nothing that is there is ever taken for new."""

import random
import time
from collections.abc import Sequence
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError

import infra.hbase.known
from domain.merkle import Frontier
from domain.ports import Receipt
from infra.hbase.connections import Connections
from infra.hbase.index import IndexTable
from infra.hbase.recorder import HBaseRecorder
from infra.hbase.tables import LOG
from tests.contracts.log_recorder_contract import commit_of, stored
from tests.integration.hbase.test_contract import delete, empty_index_of

LONGEST_SECONDS = 20.0


class Writer:
    """Commits bookings to a log, and counts what is looked up for it."""

    def __init__(self, connections: Connections, log: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.connections = connections
        self.log = log
        self.looked_up: list[int] = []
        taken = IndexTable.taken

        def counted(index: IndexTable, versions: Sequence[Any], keys: Sequence[Any]) -> str | None:
            if versions or keys:
                self.looked_up.append(len(versions) + len(keys))
            return taken(index, versions, keys)

        monkeypatch.setattr(IndexTable, "taken", counted)

    def opened(self) -> HBaseRecorder:
        return HBaseRecorder(self.connections, self.log, create=False)

    def book(self, recorder: HBaseRecorder, name: str, stream: str = "", version: int = 1) -> None:
        last = recorder.last_commit()
        frontier = Frontier(last.tree_size, last.frontier) if last else Frontier()
        events = [stored(stream or f"trade:{name}", version)]
        receipt = Receipt("desk", name, b"x", frontier.size + 1, 1)
        recorder.insert_events(events, commit=commit_of(events, frontier, (receipt,)))

    def require_refused(self, recorder: HBaseRecorder, name: str, stream: str = "") -> None:
        before = recorder.max_notification_id()
        with pytest.raises(IntegrityError):
            self.book(recorder, name, stream)
        assert recorder.max_notification_id() == before


@pytest.fixture
def writer(connections: Connections, log: str, monkeypatch: pytest.MonkeyPatch) -> Writer:
    return Writer(connections, log, monkeypatch)


def test_what_is_new_is_not_looked_up(writer: Writer) -> None:
    recorder = writer.opened()
    for number in range(30):
        writer.book(recorder, f"c{number}")
        writer.book(recorder, f"again-{number}", "trade:often", number + 1)
    assert writer.looked_up == []


def test_what_came_before_is_refused_whoever_wrote_it(writer: Writer) -> None:
    chance = random.Random(5)
    recorders = [writer.opened() for _ in range(3)]
    for number in range(60):
        writer.book(chance.choice(recorders), f"c{number}")
        recorder, earlier = chance.choice(recorders), chance.randint(0, number)
        writer.require_refused(recorder, f"c{earlier}", "trade:new")
        writer.require_refused(recorder, "new", f"trade:c{earlier}")


def test_a_long_log_is_read_beside_and_looked_up_until_then(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    first = writer.opened()
    for number in range(40):
        writer.book(first, f"c{number}")
    first._tail.settle()
    writer.looked_up.clear()
    monkeypatch.setattr(infra.hbase.known, "NEAR", 5)
    late = writer.opened()
    deadline = time.monotonic() + LONGEST_SECONDS
    number, quiet = 40, 0
    while quiet < 5:
        assert time.monotonic() < deadline, "it was never read to its end"
        before = len(writer.looked_up)
        writer.book(late, f"c{number}")
        quiet = quiet + 1 if len(writer.looked_up) == before else 0
        for earlier in (0, number // 2, number):
            writer.require_refused(late, f"c{earlier}", "trade:new")
            writer.require_refused(late, "new", f"trade:c{earlier}")
        number += 1
    assert len(writer.looked_up) > infra.hbase.known.WORTH_READING_ON


def test_a_log_that_was_restored_and_went_on_otherwise_is_read_anew(
    writer: Writer, connections: Connections, log: str
) -> None:
    alive = writer.opened()
    for number in range(6):
        writer.book(alive, f"c{number}")
    alive._tail.settle()
    for sequence in (4, 5, 6):
        delete(connections, connections.address.table(LOG), log.encode() + sequence.to_bytes(8))
    empty_index_of(connections, log)
    other = writer.opened()
    for number in range(3):
        writer.book(other, f"other-{number}")
    other._tail.settle()
    last = writer.opened().last_commit()
    assert last is not None
    assert last.tree_size == 6
    assert not alive._known.reaches(last) or alive._known.among([], [("desk", "other-2")])[1]
