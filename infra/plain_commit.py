"""The commit of events that come without one, from other users of the library: the tree grows all the same."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime

from eventsourcing.persistence import StoredEvent

from domain.merkle import Frontier, leaf_hash
from domain.ports import Commit, CommitRecord, NewEvent
from domain.seal import sealed

NONCE_BYTES = 16


def plain_commit(stored_events: Sequence[StoredEvent | NewEvent], last: CommitRecord | None) -> Commit:
    """A commit of the next free sequences after ``last``."""
    frontier = Frontier(last.tree_size, last.frontier) if last else Frontier()
    first = frontier.size + 1
    leaves = tuple(
        leaf_hash(sequence, str(event.originator_id), event.originator_version, event.topic, event.state)
        for sequence, event in enumerate(stored_events, first)
    )
    frontier.extend(leaves)
    return Commit(
        expected_sequence=first - 1, nonce=os.urandom(NONCE_BYTES), recorded_at=datetime.now(UTC),
        reference_sequence=0, market_sequence=0, leaves=leaves, tree_size=frontier.size, root=frontier.root(),
        frontier=frontier.packed(),
    )


def record_of(commit: Commit) -> CommitRecord:
    """The commit as it is kept: without its leaves and receipts, but sealed over these."""
    return sealed(CommitRecord(
        first_sequence=commit.expected_sequence + 1, nonce=commit.nonce, recorded_at=commit.recorded_at,
        reference_sequence=commit.reference_sequence, market_sequence=commit.market_sequence,
        tree_size=commit.tree_size, root=commit.root, frontier=commit.frontier,
    ), commit.receipts)
