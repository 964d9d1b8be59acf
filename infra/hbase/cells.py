"""One commit as the one cell of a row: written in one step, found again whole."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from eventsourcing.persistence import DataError, Notification, ProgrammingError, StoredEvent

from domain.merkle import HASH_BYTES
from domain.ports import Commit, CommitRecord, NewEvent, Receipt
from infra.identity import from_text, to_text
from infra.plain_commit import record_of

LARGEST_CELL = 8 * 1024 * 1024
Key = tuple[str, str]


class LogCell(msgspec.Struct, frozen=True, kw_only=True):
    """The events from ``first_sequence`` to ``tree_size``, column by column, and all that is stored with them.

    Without events it keeps only ``tracking``, in the row of a sequence that is still free, until a commit takes it.
    """

    first_sequence: int
    tree_size: int
    nonce: bytes
    recorded_at: datetime
    reference_sequence: int
    market_sequence: int
    root: bytes
    frontier: bytes
    streams: list[str]
    versions: list[int]
    topics: list[str]
    states: list[bytes]
    leaves: bytes
    receipts: list[tuple[str, str, bytes, int, int]]
    tracking: dict[str, int]
    seal: bytes = b""

    @property
    def is_commit(self) -> bool:
        return bool(self.streams)

    @property
    def record(self) -> CommitRecord:
        return CommitRecord(
            first_sequence=self.first_sequence, nonce=self.nonce, recorded_at=self.recorded_at,
            reference_sequence=self.reference_sequence, market_sequence=self.market_sequence,
            tree_size=self.tree_size, root=self.root, frontier=self.frontier, seal=self.seal,
        )

    def notifications(self, start: int, stop: int) -> Iterator[Notification]:
        """The events from ``start`` to ``stop``, as far as they are here."""
        return map(self.notification, self._places(start, stop))

    def notification(self, place: int) -> Notification:
        return Notification(
            from_text(self.streams[place]), self.versions[place], self.topics[place], self.states[place],
            self.first_sequence + place,
        )

    def numbered_leaves(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Sequences and leaf hashes from ``start`` to ``stop``, as far as they are here."""
        for place in self._places(start, stop):
            yield self.first_sequence + place, self.leaves[place * HASH_BYTES : (place + 1) * HASH_BYTES]

    def receipts_by_key(self) -> dict[Key, Receipt]:
        return {(receipt[0], receipt[1]): Receipt(*receipt) for receipt in self.receipts}

    def encoded(self) -> bytes:
        """The bytes to store.

        Raises:
            ProgrammingError: when they are more than one cell may hold.
        """
        stored = _encoder.encode(self)
        if len(stored) > LARGEST_CELL:
            raise ProgrammingError(
                f"a commit of {len(self.streams)} events has {len(stored)} bytes, and one of HBase holds "
                f"{LARGEST_CELL}: commit fewer at once (EVERBOOK_BATCH_LIMIT)"
            )
        return stored

    def _places(self, start: int, stop: int) -> range:
        return range(max(start - self.first_sequence, 0), min(stop - self.first_sequence + 1, len(self.streams)))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(LogCell)


def cell_of(
    events: Sequence[StoredEvent | NewEvent], commit: Commit, tracking: Mapping[str, int]
) -> LogCell:
    """What is to be stored of a commit."""
    return LogCell(
        first_sequence=commit.expected_sequence + 1, tree_size=commit.tree_size, nonce=commit.nonce,
        recorded_at=commit.recorded_at, reference_sequence=commit.reference_sequence,
        market_sequence=commit.market_sequence, root=commit.root, frontier=commit.frontier,
        streams=[_text(event.originator_id) for event in events],
        versions=[event.originator_version for event in events], topics=[event.topic for event in events],
        states=[event.state for event in events], leaves=b"".join(commit.leaves),
        receipts=[(r.source, r.command_id, r.content, r.sequence, r.count) for r in commit.receipts],
        tracking=dict(tracking), seal=record_of(commit).seal,
    )


def decoded(stored: bytes, first_sequence: int) -> LogCell:
    """The cell of the row of ``first_sequence``.

    Raises:
        DataError: when it is none.
    """
    try:
        cell = _decoder.decode(stored)
    except msgspec.DecodeError as error:
        raise DataError(f"the commit at {first_sequence} cannot be read: {error}") from error
    count = len(cell.streams)
    columns = (cell.versions, cell.topics, cell.states)
    if (
        cell.first_sequence != first_sequence or cell.tree_size != first_sequence + count - 1
        or any(len(column) != count for column in columns) or len(cell.leaves) != count * HASH_BYTES
    ):
        raise DataError(f"the commit at {first_sequence} does not fit its place")
    return cell


def _text(originator_id: UUID | str) -> str:
    return originator_id if type(originator_id) is str else to_text(originator_id)
