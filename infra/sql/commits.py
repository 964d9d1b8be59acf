"""A commit as a row, and back."""

from datetime import datetime
from typing import Any

from domain.ports import Commit, CommitRecord


def commit_row(commit: Commit) -> tuple[Any, ...]:
    """The values of ``tables.COMMIT_COLUMNS``."""
    return (
        commit.tree_size, commit.expected_sequence + 1, commit.nonce, commit.recorded_at.isoformat(),
        commit.reference_sequence, commit.market_sequence, commit.root, commit.frontier,
    )


def record_from(row: tuple[Any, ...]) -> CommitRecord:
    """The commit that ``commit_row`` wrote."""
    tree_size, first_sequence, nonce, recorded_at, reference_sequence, market_sequence, root, frontier = row
    return CommitRecord(
        first_sequence=first_sequence, nonce=nonce, recorded_at=datetime.fromisoformat(recorded_at),
        reference_sequence=reference_sequence, market_sequence=market_sequence, tree_size=tree_size, root=root,
        frontier=frontier,
    )
