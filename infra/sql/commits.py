"""A commit as a row, and back."""

from datetime import datetime
from typing import Any

from eventsourcing.persistence import DataError

from domain.ports import Commit, CommitRecord
from infra.plain_commit import record_of


def commit_row(commit: Commit) -> tuple[Any, ...]:
    """The values of ``tables.COMMIT_COLUMNS``."""
    record = record_of(commit)
    return (
        record.tree_size, record.first_sequence, record.nonce, record.recorded_at.isoformat(),
        record.reference_sequence, record.market_sequence, record.root, record.frontier, record.seal,
    )


def record_from(row: tuple[Any, ...]) -> CommitRecord:
    """The commit that ``commit_row`` wrote.

    Raises:
        DataError: for a time that it would have written otherwise.
    """
    tree_size, first_sequence, nonce, recorded_at, reference_sequence, market_sequence, root, frontier, seal = row
    try:
        moment = datetime.fromisoformat(recorded_at)
    except (TypeError, ValueError) as error:
        raise DataError(f"the commit that ends at {tree_size} has no time: {recorded_at!r}") from error
    if moment.isoformat() != recorded_at:
        raise DataError(f"the commit that ends at {tree_size} has a time nobody wrote: {recorded_at!r}")
    return CommitRecord(
        first_sequence=first_sequence, nonce=nonce, recorded_at=moment, reference_sequence=reference_sequence,
        market_sequence=market_sequence, tree_size=tree_size, root=root, frontier=frontier, seal=seal,
    )
