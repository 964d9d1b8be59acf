"""What is new is not looked up before a commit, and nothing that is there is ever taken for new."""

import random
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError, Tracking

import infra.hbase.log_filter
from domain.merkle import Frontier
from domain.ports import Receipt
from infra.hbase.claim import Place, claim
from infra.hbase.connections import Connections
from infra.hbase.index import IndexTable
from infra.hbase.log_table import COLUMN
from infra.hbase.recorder import HBaseRecorder
from infra.hbase.tables import LOG
from tests.contracts.log_recorder_contract import commit_of, stored

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
    monkeypatch.setattr(infra.hbase.log_filter, "NEAR", 5)
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
    assert len(writer.looked_up) > infra.hbase.log_filter.WORTH_READING_ON


def test_connections_close_while_a_long_log_is_read(
    connections: Connections, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Connections(connections.address)
    writer = Writer(own, log, monkeypatch)
    recorder = writer.opened()
    for number in range(40):
        writer.book(recorder, f"c{number}")
    monkeypatch.setattr(infra.hbase.log_filter, "NEAR", 5)
    monkeypatch.setattr(infra.hbase.log_filter, "WORTH_A_PAUSE_SECONDS", 0.0)
    reading, pause = threading.Event(), own.pause

    def long_pause(_seconds: float) -> bool:
        reading.set()
        return pause(LONGEST_SECONDS)

    monkeypatch.setattr(own, "pause", long_pause)
    late = writer.opened()
    while not reading.is_set():
        writer.book(late, f"late-{late.max_notification_id()}")
    begun = time.monotonic()
    own.close()
    assert time.monotonic() - begun < LONGEST_SECONDS / 2


def test_who_only_tracks_reads_no_log(writer: Writer) -> None:
    writer.book(writer.opened(), "c0")
    tracking = writer.opened()
    tracking.insert_tracking(Tracking("up", 1))
    assert tracking._filter._seen is None


def test_a_log_with_a_commit_that_cannot_be_read_is_looked_up(
    writer: Writer, connections: Connections, log: str
) -> None:
    first = writer.opened()
    for number in range(4):
        writer.book(first, f"c{number}")
        # One by one, so that who opens the log begins behind what cannot be read.
        first._tail.settle()
    place = Place(connections.address.table(LOG), log.encode() + (2).to_bytes(8), COLUMN)
    before = first._table.stored(2)
    assert before is not None
    assert claim(connections, place, before[:-1], before)
    late = writer.opened()
    for number in range(4, 7):
        writer.book(late, f"c{number}")
        writer.require_refused(late, f"c{number - 4}", "trade:new")
    assert writer.looked_up
