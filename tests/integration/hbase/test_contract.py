"""The contract of a log's store on HBase, and what only HBase could get wrong."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from eventsourcing.persistence import DataError, IntegrityError, ProgrammingError, Tracking

from domain.merkle import Frontier
from domain.ports import LogMoved, Receipt
from infra.hbase.claim import Place, claim
from infra.hbase.connections import Connections
from infra.hbase.log_table import COLUMN
from infra.hbase.recorder import HBaseRecorder
from infra.hbase.tables import INDEX, LOG
from infra.hbase.tail import OPEN_AT_MOST
from tests.contracts.log_recorder_contract import LogRecorderContract, commit_of, stored


class TestHBase(LogRecorderContract):
    @pytest.fixture
    def recorder(self, connections: Connections, log: str) -> HBaseRecorder:
        return HBaseRecorder(connections, log, create=False)


def empty_index_of(connections: Connections, log: str) -> None:
    """Deletes every index row of a log, as if no writer had ever put one."""
    table = connections.address.table(INDEX)

    def rows(client: Any) -> list[bytes]:
        scanner = client.scannerOpen(table, b"", [], {})
        found = [row.row for row in client.scannerGetList(scanner, 1_000_000)]
        client.scannerClose(scanner)
        return found

    for row in connections.call(rows):
        if log.encode() in row:
            delete(connections, table, row)


def delete(connections: Connections, table: bytes, row: bytes) -> None:
    connections.call(lambda client: client.deleteAllRow(table, row, {}))


def test_tracking_alone_takes_no_sequence(connections: Connections, recorder: HBaseRecorder, log: str) -> None:
    recorder.insert_events([stored()])
    for number in (3, 4):
        recorder.insert_events([], tracking=Tracking("up", number))
    recorder.insert_events([], tracking=Tracking("other", 1))
    another = HBaseRecorder(connections, log, create=False)
    assert (another.max_notification_id(), another.max_tracking_id("up")) == (1, 4)
    with pytest.raises(IntegrityError):
        another.insert_events([stored("trade:T2")], tracking=Tracking("up", 4))
    assert another.insert_events([stored("trade:T2")], tracking=Tracking("up", 5)) == [2]
    assert recorder.insert_events([stored("trade:T3")]) == [3]
    assert (recorder.max_tracking_id("up"), recorder.max_tracking_id("other")) == (5, 1)
    assert [event.id for event in recorder.select_notifications(1, 10)] == [1, 2, 3]
    assert len(recorder.select_commits(1, 10)) == 3


def test_a_tracking_position_is_taken_once_with_events_or_without(connections: Connections, log: str) -> None:
    recorders = [HBaseRecorder(connections, log, create=False) for _ in range(4)]

    def take(place: int, number: int) -> int:
        events = [stored(f"trade:{place}-{number}")] if place % 2 else []
        try:
            recorders[place].insert_events(events, tracking=Tracking("up", number))
        except IntegrityError:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        for number in range(1, 21):
            assert sum(pool.map(take, range(4), [number] * 4)) == 1
    assert recorders[0].max_tracking_id("up") == 20


def test_a_commit_too_large_for_a_cell_is_refused_with_a_reason(recorder: HBaseRecorder) -> None:
    events = [stored(f"trade:T{number}", 1, b"x" * 1_000_000) for number in range(9)]
    with pytest.raises(ProgrammingError, match="EVERBOOK_BATCH_LIMIT"):
        recorder.insert_events(events, commit=commit_of(events, Frontier()))
    assert recorder.max_notification_id() is None
    assert recorder.insert_events(events[:7]) == list(range(1, 8))


def test_what_nobody_indexed_is_found_and_indexed_by_whoever_comes_next(connections: Connections, log: str) -> None:
    frontier = Frontier()
    first = HBaseRecorder(connections, log, create=False)
    commits = 3 * OPEN_AT_MOST
    for number in range(commits):
        events = [stored(f"trade:{number}"), stored("trade:all", number + 1)]
        receipt = Receipt("desk", f"c{number}", b"x", frontier.size + 1, 2)
        first.insert_events(events, commit=commit_of(events, frontier, (receipt,)))
    first._tail.settle()
    empty_index_of(connections, log)
    reader = HBaseRecorder(connections, log, create=False)
    assert [event.id for event in reader.select_streams(["trade:0", "trade:9", "trade:none"])] == [1, 19]
    assert [event.originator_version for event in reader.select_events("trade:all", desc=True, limit=2)] == [24, 23]
    assert len(reader.select_receipts([("desk", f"c{number}") for number in range(commits)])) == commits
    empty_index_of(connections, log)
    writer = HBaseRecorder(connections, log, create=False)
    again = [stored("trade:0")]
    with pytest.raises(IntegrityError):
        writer.insert_events(again, commit=commit_of(again, Frontier(frontier.size, frontier.packed())))
    again = [stored("trade:new")]
    receipts = (Receipt("desk", "c1", b"x", frontier.size + 1, 1),)
    with pytest.raises(IntegrityError):
        writer.insert_events(again, commit=commit_of(again, Frontier(frontier.size, frontier.packed()), receipts))
    assert writer.max_notification_id() == 2 * commits


def test_a_writer_that_is_behind_is_told_that_the_log_moved_not_that_something_is_taken(
    connections: Connections, log: str
) -> None:
    behind, ahead = (HBaseRecorder(connections, log, create=False) for _ in range(2))
    assert behind.max_notification_id() is None
    ahead.insert_events([stored()])
    ahead._tail.settle()
    with pytest.raises(LogMoved):
        behind.insert_events([stored()], commit=commit_of([stored()], Frontier()))


def test_a_log_that_lost_its_end_is_noticed(connections: Connections, log: str) -> None:
    recorder = HBaseRecorder(connections, log, create=False)
    for number in range(4):
        recorder.insert_events([stored(f"trade:{number}")])
        recorder._tail.settle()
    table = connections.address.table(LOG)
    for sequence in (2, 3, 4):
        delete(connections, table, log.encode() + sequence.to_bytes(8))
    with pytest.raises(DataError, match="index"):
        HBaseRecorder(connections, log, create=False).max_notification_id()


def test_a_cell_that_was_tampered_with_is_not_read(connections: Connections, recorder: HBaseRecorder, log: str) -> None:
    recorder.insert_events([stored()])
    place = Place(connections.address.table(LOG), log.encode() + (1).to_bytes(8), COLUMN)
    before = recorder._table.stored(1)
    assert before is not None
    assert claim(connections, place, before[:-1], before)
    with pytest.raises(DataError):
        HBaseRecorder(connections, log, create=False).select_notifications(1, 10)


def test_pages_of_any_size_tell_the_same(connections: Connections, log: str) -> None:
    writer = HBaseRecorder(connections, log, create=False)
    sizes = [1, 7, 2, 30, 1, 1, 12]
    for number, size in enumerate(sizes):
        writer.insert_events([stored(f"trade:{number}-{place}") for place in range(size)])
    for limit in (1, 3, 10, 100):
        recorder = HBaseRecorder(connections, log, create=False)
        seen: list[int] = []
        while page := recorder.select_notifications(len(seen) + 1, limit):
            seen += [event.id for event in page]
        assert seen == list(range(1, sum(sizes) + 1))
        assert [sequence for sequence, _ in recorder.select_leaves(5, limit)] == seen[4 : 4 + limit]
    assert [event.id for event in writer.select_notifications(8, 100, stop=12)] == [8, 9, 10, 11, 12]
    assert writer.select_notifications(60, 10) == []
