"""The rows of one log: a row a commit, keyed by log and first sequence, claimed by whoever writes first."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from eventsourcing.persistence import ProgrammingError
from Hbase_thrift import TScan

from infra.hbase.cells import LogCell, decoded
from infra.hbase.claim import Place, claim
from infra.hbase.connections import Connections
from infra.hbase.tables import FAMILY, LOG

COLUMN = FAMILY + b":c"
SEQUENCE_BYTES = 8
READ_BYTES = 4 * 1024 * 1024
KEPT_BYTES = 16 * 1024 * 1024
KEPT_CELLS = 256
MOST_ROWS = 500


class LogTable:
    """Reads commits, of which it keeps some: what is committed never changes."""

    def __init__(self, connections: Connections, log: str) -> None:
        if not log or "\0" in log:
            raise ProgrammingError(f"{log!r} cannot name a log")
        self._connections = connections
        self._table = connections.address.table(LOG)
        self._log = log.encode()
        self._kept: OrderedDict[int, tuple[LogCell, int]] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def stored(self, sequence: int) -> bytes | None:
        """The bytes in the row of a sequence, if any."""
        rows = self._connections.call(
            lambda client: client.getRowWithColumns(self._table, self._row(sequence), [COLUMN], {})
        )
        return rows[0].columns[COLUMN].value if rows else None

    def claim(self, cell: LogCell, instead_of: bytes | None) -> bool:
        """Writes the row of the cell's first sequence, if it still holds ``instead_of``; the nonce makes it unique."""
        value = cell.encoded()
        place = Place(self._table, self._row(cell.first_sequence), COLUMN)
        won = claim(self._connections, place, value, instead_of)
        if won:
            self._keep(cell, len(value))
        return won

    def holding(self, sequence: int) -> LogCell | None:
        """The commit that holds a sequence."""
        with self._lock:
            for cell, _ in self._kept.values():
                if cell.first_sequence <= sequence <= cell.tree_size:
                    return cell
        if stored := self.stored(sequence):
            cell = self._keep(decoded(stored, sequence), len(stored))
            return cell if cell.is_commit else None
        before = TScan(startRow=self._row(sequence), stopRow=self._row(0), reversed=True, caching=1)
        found = self._rows(before, 1)
        return found[0] if found and found[0].tree_size >= sequence else None

    def spanning(self, start: int, stop: int) -> Iterator[LogCell]:
        """Every commit that holds something from ``start`` to ``stop``, in order."""
        first = self.holding(start) if start <= stop else None
        if first is not None:
            yield first
            yield from self.commits(first.tree_size + 1, stop)

    def commits(self, start: int, stop: int, *, keep: bool = True) -> Iterator[LogCell]:
        """Every commit that begins between ``start`` and ``stop``, in order. Who reads all of a log is not to ``keep``
        them in place of those that others read again.
        """
        count = 1
        while start <= stop:
            # By the first it is known how many make a page.
            page = self._page(start, count, keep=keep or count == 1)
            for cell in page:
                if not cell.is_commit or cell.first_sequence > stop:
                    return
                yield cell
                start = cell.tree_size + 1
            if not page:
                return
            count = self._rows_of_a_page()

    def _page(self, start: int, count: int, *, keep: bool) -> list[LogCell]:
        with self._lock:
            kept = self._kept.get(start)
        if kept:
            return [kept[0]]
        scan = TScan(startRow=self._row(start), stopRow=self._log + b"\x01", caching=count)
        return self._rows(scan, count, keep=keep)

    def _rows(self, scan: TScan, count: int, *, keep: bool = True) -> list[LogCell]:
        scan.columns = [COLUMN]

        def read(client: Any) -> Sequence[Any]:
            scanner = client.scannerOpenWithScan(self._table, scan, {})
            try:
                rows: Sequence[Any] = client.scannerGetList(scanner, count)
                return rows
            finally:
                client.scannerClose(scanner)

        found = [(int.from_bytes(row.row[-SEQUENCE_BYTES:]), row.columns[COLUMN].value)
                 for row in self._connections.call(read)]
        cells = [(decoded(stored, sequence), len(stored)) for sequence, stored in found]
        return [self._keep(cell, size) if keep else cell for cell, size in cells]

    def _rows_of_a_page(self) -> int:
        with self._lock:
            mean = self._kept_bytes // max(len(self._kept), 1)
        return min(max(READ_BYTES // max(mean, 1), 1), MOST_ROWS)

    def _keep(self, cell: LogCell, size: int) -> LogCell:
        if cell.is_commit:
            with self._lock:
                _, before = self._kept.pop(cell.first_sequence, (cell, 0))
                self._kept[cell.first_sequence] = (cell, size)
                self._kept_bytes += size - before
                while len(self._kept) > 1 and (self._kept_bytes > KEPT_BYTES or len(self._kept) > KEPT_CELLS):
                    _, (_, dropped) = self._kept.popitem(last=False)
                    self._kept_bytes -= dropped
        return cell

    def _row(self, sequence: int) -> bytes:
        return self._log + sequence.to_bytes(SEQUENCE_BYTES)
