"""Replies that are lost and servers that are away: nothing twice, nothing lost, and an error of the library's."""

import threading
import time
from collections.abc import Iterator

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError, ProgrammingError, Tracking

from domain.merkle import Frontier
from domain.ports import LogMoved, Receipt
from faults.proxy import Proxy
from infra.hbase.address import Address
from infra.hbase.connections import Connections
from infra.hbase.recorder import HBaseRecorder
from infra.hbase.tracking import HBaseTrackingRecorder
from tests.contracts.log_recorder_contract import commit_of, stored


@pytest.fixture
def proxy(server_url: str) -> Iterator[Proxy]:
    between = Proxy(server_url)
    yield between
    between.close()


@pytest.fixture
def shaky(proxy: Proxy, connections: Connections) -> Iterator[Connections]:
    """Connections through the proxy to the same tables, with little patience."""
    address = Address("127.0.0.1", proxy.port, connections.address.prefix)
    through = Connections(address, patience_seconds=8)
    yield through
    proxy.come_back()
    through.close()


@pytest.mark.parametrize("method", [
    "checkAndPut", "mutateRows", "getRowWithColumns", "getRowsWithColumns", "getRow", "scannerOpenWithScan",
    "scannerGetList",
])
def test_a_lost_reply_changes_nothing(
    connections: Connections, shaky: Connections, proxy: Proxy, log: str, method: str
) -> None:
    frontier = Frontier()
    HBaseRecorder(connections, log, create=False).insert_events(
        [stored("trade:T0")], commit=commit_of([stored("trade:T0")], frontier)
    )
    recorder = HBaseRecorder(shaky, log, create=False)
    proxy.lose = method.encode()
    events = [stored(), stored("trade:T2")]
    receipt = Receipt("desk", "c1", b"x", 2, 2)
    commit = commit_of(events, frontier, (receipt,))
    assert recorder.insert_events(events, tracking=Tracking("up", 7), commit=commit) == [2, 3]
    assert [event.id for event in recorder.select_notifications(1, 9)] == [1, 2, 3]
    recorder._tail.settle()
    if not proxy.lost:
        # Only a reader of what lies before the end of the log scans, and what is new is not looked up to be written.
        assert list(HBaseRecorder(shaky, log, create=False).select_leaves(3, 9)) == [(3, commit.leaves[1])]
        assert HBaseRecorder(shaky, log, create=False).select_receipts([("desk", "c1")]) == {("desk", "c1"): receipt}
    assert proxy.lost == 1
    last = HBaseRecorder(connections, log, create=False).last_commit()
    assert last is not None
    assert (last.tree_size, last.nonce) == (3, commit.nonce)
    assert recorder.select_receipts([("desk", "c1")]) == {("desk", "c1"): receipt}


def test_a_lost_reply_to_a_lost_race_says_that_the_log_moved(
    connections: Connections, shaky: Connections, proxy: Proxy, log: str
) -> None:
    late = HBaseRecorder(shaky, log, create=False)
    assert late.max_notification_id() is None
    HBaseRecorder(connections, log, create=False).insert_events([stored()])
    proxy.lose = b"checkAndPut"
    with pytest.raises(LogMoved):
        late.insert_events([stored("trade:T2")], commit=commit_of([stored("trade:T2")], Frontier()))
    assert proxy.lost == 1


def test_a_lost_reply_to_tracking_moves_it_once(shaky: Connections, proxy: Proxy, log: str) -> None:
    tracking = HBaseTrackingRecorder(shaky, create=False)
    proxy.lose = b"checkAndPut"
    tracking.insert_tracking(Tracking(log, 5))
    assert proxy.lost == 1
    with pytest.raises(IntegrityError):
        tracking.insert_tracking(Tracking(log, 5))
    assert tracking.max_tracking_id(log) == 5


def test_a_server_that_is_away_for_a_while_is_waited_for(shaky: Connections, proxy: Proxy, log: str) -> None:
    recorder = HBaseRecorder(shaky, log, create=False)
    assert recorder.insert_events([stored()]) == [1]
    proxy.break_down()
    back = threading.Timer(1.0, proxy.come_back)
    back.start()
    started = time.monotonic()
    assert recorder.insert_events([stored("trade:T2")]) == [2]
    assert time.monotonic() - started > 0.9
    assert len(recorder.select_streams(["trade:T1", "trade:T2"])) == 2
    back.join()


def test_a_server_that_stays_away_is_an_operational_error(connections: Connections, proxy: Proxy, log: str) -> None:
    address = Address("127.0.0.1", proxy.port, connections.address.prefix)
    impatient = Connections(address, patience_seconds=0.3)
    recorder = HBaseRecorder(impatient, log, create=False)
    assert recorder.insert_events([stored()]) == [1]
    recorder._tail.settle()
    proxy.break_down()
    for call in (
        lambda: recorder.insert_events([stored("trade:T2")]), recorder.max_notification_id,
        lambda: recorder.select_streams(["trade:T1"]), lambda: recorder.insert_tracking(Tracking("up", 1)),
    ):
        with pytest.raises(OperationalError):
            call()
    proxy.come_back()
    assert recorder.insert_events([stored("trade:T2")]) == [2]
    impatient.close()


def test_a_table_that_is_missing_is_a_programming_error(connections: Connections) -> None:
    nowhere = Connections(connections.address._replace(prefix="nowhere"))
    with pytest.raises(ProgrammingError, match="TableNotFound"):
        HBaseRecorder(nowhere, "log", create=False).max_notification_id()
    nowhere.close()
