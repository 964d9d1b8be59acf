"""What the ledger needs of a store: the ``eventsourcing`` library's recorder, and commits with receipts and proofs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
from eventsourcing.persistence import Notification, StoredEvent, Subscription, Tracking


class LogMoved(Exception):
    """The log holds more than the commit expected: someone else wrote it. Read on, and decide again."""


class DoesNotAnswer(Exception):
    """A store failed, or took longer than whoever asked may wait."""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a command came to: ``count`` events from ``sequence`` on. ``content`` hashes its business fields."""

    source: str
    command_id: str
    content: bytes
    sequence: int
    count: int


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """What the library calls a ``StoredEvent``, with the same fields: made four times as fast."""

    originator_id: str
    originator_version: int
    topic: str
    state: bytes


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """Stored atomically with the events it describes; ``expected_sequence`` is the last sequence before it.

    ``leaves`` are the leaf hashes of the events in order, ``tree_size`` and ``root`` those of the log's RFC 6962 tree
    after them, ``frontier`` the concatenated hashes of its perfect subtrees, largest first, from which the next commit
    goes on. ``nonce`` is unique, so that a writer who lost the reply knows its own commit again.
    """

    expected_sequence: int
    nonce: bytes
    recorded_at: datetime
    reference_sequence: int
    market_sequence: int
    leaves: tuple[bytes, ...]
    tree_size: int
    root: bytes
    frontier: bytes
    receipts: tuple[Receipt, ...] = ()


class CommitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored commit: it holds the events from ``first_sequence`` to ``tree_size``. Its ``seal`` binds these fields
    and its receipts together (``domain.seal``).
    """

    first_sequence: int
    nonce: bytes
    recorded_at: datetime
    reference_sequence: int
    market_sequence: int
    tree_size: int
    root: bytes
    frontier: bytes
    seal: bytes = b""


class LogRecorder(Protocol):
    """One log. Errors are those of ``eventsourcing.persistence``, and ``LogMoved``.

    Sequences are gapless from 1 in the order in which they become visible.
    """

    def insert_events(
        self, stored_events: Sequence[StoredEvent | NewEvent], *, tracking: Tracking | None = None,
        commit: Commit | None = None, **kwargs: Any,
    ) -> Sequence[int] | None:
        """All or nothing: events, tracking, receipts, leaves and the commit record. Without ``commit`` (other users of
        the library) the events take the next free sequences and the recorder extends the tree itself.

        Raises:
            LogMoved: when the log's last sequence is not ``commit.expected_sequence``.
            IntegrityError: when a stream version, a receipt key or a tracking position is taken.
        """

    def select_events(
        self, originator_id: Any, *, gt: int | None = None, lte: int | None = None, desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]: ...

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = (), *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]: ...

    def max_notification_id(self) -> int | None: ...

    def max_tracking_id(self, application_name: str) -> int | None: ...

    def insert_tracking(self, tracking: Tracking) -> None:
        """Says how far another application's records were taken, without events.

        Raises:
            IntegrityError: when it is said already that they were taken so far, or further.
        """

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[Any]: ...

    def select_streams(self, originator_ids: Sequence[str]) -> Sequence[Notification]:
        """Every event of many streams with its sequence, ordered by stream and version: one round trip for a
        micro-batch.
        """

    def select_receipts(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Receipt]:
        """The receipts that exist among ``(source, command_id)`` keys."""

    def count_receipts(self) -> int:
        """How many receipts there are."""

    def last_commit(self) -> CommitRecord | None: ...

    def select_commits(self, start: int, limit: int) -> Sequence[CommitRecord]:
        """Commits whose first sequence is at least ``start``, in order."""

    def select_leaves(self, start: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Sequences and leaf hashes from ``start`` on, in order."""
