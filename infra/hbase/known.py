"""What a log holds from its beginning on: what was never there need not be looked up before every commit."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

from domain.ports import CommitRecord
from infra.hbase.cells import Key, LogCell
from infra.hbase.connections import Connections
from infra.hbase.index import Version
from infra.hbase.log_table import LogTable
from infra.seen import Seen

# As much as an owner reads in less than a second, once, before its first commit.
NEAR = 100_000
# Who writes now and then is not to read a whole log for it.
WORTH_READING_ON = 3


class Known:
    """Versions of streams, and commands, of one log up to its commit ``last``. It may take for there what is not, but
    not the reverse.

    Who begins in a long log has what was before read beside, and looks everything up until that is done. Only one
    thread may ask.
    """

    def __init__(self, table: LogTable, connections: Connections) -> None:
        self._table = table
        self._connections = connections
        self._lock = threading.Lock()
        self._asked = 0
        self._reading: Future[None] | None = None
        self._seen = Seen()
        self._last: CommitRecord | None = None

    def add(self, cell: LogCell) -> None:
        """A commit that is in the log; it counts if it comes next."""
        with self._lock:
            if cell.first_sequence == _end_of(self._last) + 1:
                self._seen.add(zip(cell.streams, cell.versions, strict=True))
                self._seen.add((receipt[0], receipt[1]) for receipt in cell.receipts)
                self._last = cell.record

    def reaches(self, last: CommitRecord | None) -> bool:
        """Whether it knows all up to the commit ``last``, which is the last of the log; if not, it sees to it."""
        self._asked += 1
        if self._reading is not None:
            if not self._reading.done():
                return False
            self._reading = None
        end = _end_of(last)
        # A log that was restored went on otherwise: what was known of it is not what is there.
        if _end_of(self._last) > end or (_end_of(self._last) == end and self._last != last):
            self._forget()
        if end - _end_of(self._last) <= NEAR:
            self._read_on(end)
        elif self._asked > WORTH_READING_ON:
            self._reading = self._connections.reading_on.submit(self._read_on, end, at_leisure=True)
            return False
        return self._last == last

    def among(self, versions: Sequence[Version], keys: Sequence[Key]) -> tuple[list[Version], list[Key]]:
        """Those that may be there."""
        return self._seen.among(versions), self._seen.among(keys)

    def _forget(self) -> None:
        self._seen, self._last = Seen(), None

    def _read_on(self, end: int, *, at_leisure: bool = False) -> None:
        begun = time.monotonic()
        for cell in self._table.commits(_end_of(self._last) + 1, end):
            self.add(cell)
            # Whoever writes meanwhile is to have at least half of the time.
            if at_leisure and self._connections.pause(time.monotonic() - begun):
                return
            begun = time.monotonic()


def _end_of(commit: CommitRecord | None) -> int:
    return commit.tree_size if commit else 0
