"""What every store of a log must do beyond the library's cases."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking

from domain.merkle import Frontier, leaf_hash, root_of
from domain.ports import Commit, LogMoved, LogRecorder, Receipt

START = datetime(2026, 11, 24, tzinfo=UTC)


def stored(stream: str = "trade:T1", version: int = 1, state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(stream, version, "trade.booked.v1", state)


def commit_of(events: list[StoredEvent], after: Frontier, receipts: tuple[Receipt, ...] = ()) -> Commit:
    """The commit of ``events`` after what ``after`` holds, which is moved on."""
    expected = after.size
    leaves = tuple(
        leaf_hash(expected + place, str(event.originator_id), event.originator_version, event.topic, event.state)
        for place, event in enumerate(events, 1)
    )
    after.extend(leaves)
    return Commit(
        expected_sequence=expected, nonce=os.urandom(16), recorded_at=START + timedelta(seconds=after.size),
        reference_sequence=3, market_sequence=4, leaves=leaves, tree_size=after.size, root=after.root(),
        frontier=after.packed(), receipts=receipts,
    )


class LogRecorderContract:
    """Run on every adapter: ``recorder`` is a log that is empty."""

    @pytest.fixture
    def recorder(self) -> LogRecorder:
        raise NotImplementedError

    def test_a_commit_is_found_again_whole(self, recorder: LogRecorder) -> None:
        frontier, events = Frontier(), [stored(), stored("trade:T2"), stored("trade:T1", 2, b'{"a":1}')]
        receipts = (Receipt("desk", "c1", b"x" * 32, 1, 2), Receipt("desk", "c2", b"y" * 32, 3, 1))
        commit = commit_of(events, frontier, receipts)
        assert list(recorder.insert_events(events, commit=commit) or ()) == [1, 2, 3]
        found = recorder.last_commit()
        assert found is not None
        assert (found.first_sequence, found.tree_size, found.root) == (1, 3, root_of(commit.leaves))
        assert (found.nonce, found.recorded_at, found.frontier) == (commit.nonce, commit.recorded_at, commit.frontier)
        assert (found.reference_sequence, found.market_sequence) == (3, 4)
        assert [leaf for _, leaf in recorder.select_leaves(1, 9)] == list(commit.leaves)
        keys = [("desk", "c1"), ("desk", "c2"), ("desk", "c3"), ("other", "c1")]
        assert recorder.select_receipts(keys) == dict(zip(keys, receipts, strict=False))

    def test_a_commit_at_another_sequence_leaves_nothing(self, recorder: LogRecorder) -> None:
        first = commit_of([stored()], Frontier())
        recorder.insert_events([stored()], commit=first)
        late = commit_of([stored("trade:T2")], Frontier(), (Receipt("desk", "c9", b"x", 1, 1),))
        with pytest.raises(LogMoved):
            recorder.insert_events([stored("trade:T2")], tracking=Tracking("up", 5), commit=late)
        self._holds_only(recorder, first)

    def test_a_taken_version_in_a_commit_of_several_streams_leaves_nothing(self, recorder: LogRecorder) -> None:
        frontier = Frontier()
        first = commit_of([stored()], frontier)
        recorder.insert_events([stored()], commit=first)
        events = [stored("trade:T2"), stored("trade:T3"), stored()]
        with pytest.raises(IntegrityError):
            recorder.insert_events(events, commit=commit_of(events, frontier, (Receipt("desk", "c9", b"x", 2, 1),)))
        self._holds_only(recorder, first)

    def test_a_receipt_is_written_once(self, recorder: LogRecorder) -> None:
        frontier, receipt = Frontier(), Receipt("desk", "c1", b"x", 1, 1)
        first = commit_of([stored()], frontier, (receipt,))
        recorder.insert_events([stored()], commit=first)
        second = commit_of([stored("trade:T2")], frontier, (receipt,))
        with pytest.raises(IntegrityError):
            recorder.insert_events([stored("trade:T2")], commit=second)
        self._holds_only(recorder, first)

    def test_tracking_goes_with_the_commit_and_only_forward(self, recorder: LogRecorder) -> None:
        frontier = Frontier()
        first = commit_of([stored()], frontier)
        recorder.insert_events([stored()], tracking=Tracking("up", 5), commit=first)
        second = commit_of([stored("trade:T2")], frontier)
        with pytest.raises(IntegrityError):
            recorder.insert_events([stored("trade:T2")], tracking=Tracking("up", 5), commit=second)
        assert recorder.max_tracking_id("up") == 5
        self._holds_only(recorder, first)

    def test_events_without_a_commit_extend_the_tree(self, recorder: LogRecorder) -> None:
        recorder.insert_events([stored(), stored("trade:T2")])
        recorder.insert_events([stored("trade:T1", 2)])
        leaves = [leaf for _, leaf in recorder.select_leaves(1, 9)]
        last = recorder.last_commit()
        assert last is not None
        assert (last.tree_size, last.root) == (3, root_of(leaves))
        assert leaves[2] == leaf_hash(3, "trade:T1", 2, "trade.booked.v1", b"{}")

    def test_many_streams_come_back_in_order_with_their_sequences(self, recorder: LogRecorder) -> None:
        events = [stored("trade:B"), stored("trade:A"), stored("trade:B", 2), stored("trade:C")]
        recorder.insert_events(events)
        found = recorder.select_streams(["trade:B", "trade:A", "trade:B", "trade:X"])
        assert [(str(e.originator_id), e.originator_version, e.id) for e in found] == [
            ("trade:A", 1, 2), ("trade:B", 1, 1), ("trade:B", 2, 3),
        ]

    def test_a_large_commit_is_one_commit(self, recorder: LogRecorder) -> None:
        events = [stored(f"trade:T{number}", 1, b"{}" * 50) for number in range(20_000)]
        receipts = tuple(Receipt("desk", f"c{number}", b"x" * 32, number + 1, 1) for number in range(20_000))
        recorder.insert_events(events, commit=commit_of(events, Frontier(), receipts))
        assert recorder.max_notification_id() == 20_000
        assert len(recorder.select_commits(1, 10)) == 1
        keys = [("desk", f"c{number}") for number in range(0, 20_100, 3)]
        assert len(recorder.select_receipts(keys)) == len(range(0, 20_000, 3))
        assert len(recorder.select_streams([f"trade:T{number}" for number in range(0, 20_000, 7)])) == 2858

    def test_commits_are_read_on_from_a_sequence(self, recorder: LogRecorder) -> None:
        frontier = Frontier()
        for number in range(5):
            events = [stored(f"trade:{number}-{place}") for place in range(number + 1)]
            recorder.insert_events(events, commit=commit_of(events, frontier))
        assert [(c.first_sequence, c.tree_size) for c in recorder.select_commits(3, 2)] == [(4, 6), (7, 10)]

    def test_a_subscription_sees_what_comes_later(self, recorder: LogRecorder) -> None:
        recorder.insert_events([stored()])
        with recorder.subscribe(gt=0) as subscription:
            assert next(subscription).id == 1
            recorder.insert_events([stored("trade:T2")])
            assert next(subscription).id == 2

    @staticmethod
    def _holds_only(recorder: LogRecorder, first: Commit) -> None:
        found: Any = recorder.last_commit()
        assert (recorder.max_notification_id(), found.nonce) == (1, first.nonce)
        assert len(recorder.select_leaves(1, 9)) == 1
        assert recorder.select_receipts([("desk", "c9")]) == {}
        assert recorder.select_streams(["trade:T2", "trade:T3"]) == []
