"""The end of a log: where it ends, and the commits there whose index rows may not all be put yet."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec
from eventsourcing.persistence import DataError, Notification

from domain.ports import CommitRecord
from infra.hbase.cells import LogCell, decoded
from infra.hbase.index import ROWS_AT_ONCE, IndexTable
from infra.hbase.log_table import LogTable

OPEN_AT_MOST = 8
NEW_BEFORE_SKIPPING = 2


class End(msgspec.Struct, frozen=True):
    """The last commit, what the row behind it holds (tracking alone), and the tracking up to there."""

    last: CommitRecord | None = None
    tracking: dict[str, int] = {}
    free_row: bytes | None = None

    @property
    def sequence(self) -> int:
        return self.last.tree_size if self.last else 0


class OpenCommit:
    """A commit that may not be indexed, with an index of its own."""

    def __init__(self, cell: LogCell) -> None:
        self.cell = cell
        self.receipts = cell.receipts_by_key()
        self.places: dict[str, list[int]] = {}
        for place, stream in enumerate(cell.streams):
            self.places.setdefault(stream, []).append(place)

    def holds(self, stream: str, version: int) -> bool:
        return any(self.cell.versions[place] == version for place in self.places.get(stream, ()))

    def events(self, stream: str) -> Iterator[Notification]:
        for place in self.places.get(stream, ()):
            yield self.cell.notification(place)


class Tail:
    """Commits are open from when they are seen until their index rows are known to be put; whoever looks something up
    takes the open ones first and the index afterwards, and so misses nothing.
    """

    def __init__(self, table: LogTable, index: IndexTable) -> None:
        self._table = table
        self._index = index
        self._end: End | None = None
        self._open: deque[OpenCommit] = deque()
        self._indexed = 0
        self._lock = threading.Lock()
        self._indexing = threading.Lock()

    def end(self) -> End:
        """The end as it was seen last."""
        return self._end or self.refresh()

    def refresh(self) -> End:
        """The end as it is now."""
        new = 0
        while True:
            end = self._end or self._skip()
            stored = self._table.stored(end.sequence + 1)
            cell = decoded(stored, end.sequence + 1) if stored else None
            if cell is None or not cell.is_commit:
                return self._see(end, stored, cell)
            self.append(cell)
            self._close_some()
            new += 1
            if new == NEW_BEFORE_SKIPPING:
                self._skip()

    def append(self, cell: LogCell) -> None:
        """A commit that is in the log, next after the end."""
        opened = OpenCommit(cell)
        with self._lock:
            # Another thread may have seen it first.
            if self._end is not None and cell.first_sequence == self._end.sequence + 1:
                self._open.append(opened)
                self._end = End(cell.record, cell.tracking)

    def open_commits(self) -> Sequence[OpenCommit]:
        with self._lock:
            return tuple(self._open)

    def settle(self, but: int = 0) -> None:
        """Puts the index rows of open commits, oldest first, until at most so many are left."""
        while len(self._open) > but:
            with self._indexing:
                self._settle_some()

    def _settle_some(self) -> None:
        cells: list[LogCell] = []
        rows = 0
        for commit in self.open_commits():
            if cells and rows + len(commit.cell.streams) + len(commit.cell.receipts) > ROWS_AT_ONCE:
                break
            cells.append(commit.cell)
            rows += len(commit.cell.streams) + len(commit.cell.receipts)
        if cells:
            self._index.put(cells, self._indexed)
            self._forget(cells[-1].tree_size)

    def _forget(self, indexed: int) -> None:
        with self._lock:
            self._indexed = max(self._indexed, indexed)
            while self._open and self._open[0].cell.tree_size <= self._indexed:
                self._open.popleft()

    def _see(self, end: End, free_row: bytes | None, cell: LogCell | None) -> End:
        seen = End(end.last, cell.tracking if cell is not None else end.tracking, free_row)
        with self._lock:
            if self._end is end:
                self._end = seen
        return seen

    def _skip(self) -> End:
        """Goes on from the last commit that is known to be indexed: what comes before it need not be open."""
        indexed = self._index.indexed()
        before = self._table.holding(indexed) if indexed else None
        if indexed and (before is None or before.tree_size != indexed):
            raise DataError(
                f"the index knows of events up to {indexed} that the log has not: a log that was restored needs its "
                "index emptied"
            )
        with self._lock:
            if self._end is None or indexed > self._end.sequence:
                self._end = End(before.record, before.tracking) if before is not None else End()
            end = self._end
        self._forget(indexed)
        return end

    def _close_some(self) -> None:
        """Holds few commits open: others may have indexed them, else they are indexed here."""
        if len(self._open) > OPEN_AT_MOST:
            self._forget(self._index.indexed())
            self.settle(OPEN_AT_MOST)

