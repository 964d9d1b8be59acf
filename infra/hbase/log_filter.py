"""What a log holds from its beginning on: what was never there need not be looked up before every commit."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

from eventsourcing.persistence import DataError

from domain.ports import CommitRecord
from infra.hbase.cells import Key, LogCell
from infra.hbase.connections import Connections
from infra.hbase.index import Version
from infra.hbase.log_table import LogTable
from infra.seen import Seen

# As much as is read at once, before a commit: about a second where commits are large.
NEAR = 100_000
# Who commits once or twice is not to read a long log for it.
WORTH_READING_ON = 3
WORTH_A_PAUSE_SECONDS = 0.01


class LogFilter:
    """Versions of streams, and commands, of one log from its first commit on. It may say yes to what is not there,
    never no to what is.

    Who opens a long log looks everything up until what came before has been read, beside the commits. Only one thread
    may ask.
    """

    def __init__(self, table: LogTable, connections: Connections) -> None:
        self._table = table
        self._connections = connections
        self._lock = threading.Lock()
        self._asked = 0
        self._reading: Future[None] | None = None
        self._is_readable = True
        self._seen: Seen | None = None
        self._last: CommitRecord | None = None

    def add(self, cell: LogCell) -> None:
        """A commit that is in the log; it counts if it comes next."""
        with self._lock:
            if cell.first_sequence == _end_of(self._last) + 1:
                # Most recorders only read: they need none.
                self._seen = self._seen or Seen()
                self._seen.add(zip(cell.streams, cell.versions, strict=True))
                self._seen.add((receipt[0], receipt[1]) for receipt in cell.receipts)
                self._last = cell.record

    def reaches(self, last: CommitRecord | None) -> bool:
        """Whether it knows all up to the commit ``last``, which is the last of the log; if not, it sees to it."""
        self._asked += 1
        if not self._is_readable or (self._reading is not None and not self._reading.done()):
            return False
        end, known = _end_of(last), _end_of(self._last)
        if end - known <= NEAR:
            self._read_on(end)
        elif self._asked > WORTH_READING_ON:
            # A slice at a time: whoever leaves without closing the connections waits for no more.
            self._reading = self._connections.reading_on.submit(self._read_on, known + NEAR, at_leisure=True)
            return False
        return self._last == last

    def among(self, versions: Sequence[Version], keys: Sequence[Key]) -> tuple[list[Version], list[Key]]:
        """Those that may be there."""
        return (self._seen.among(versions), self._seen.among(keys)) if self._seen else ([], [])

    def _read_on(self, end: int, *, at_leisure: bool = False) -> None:
        begun = time.monotonic()
        try:
            for cell in self._table.commits(_end_of(self._last) + 1, end, keep=False):
                self.add(cell)
                took = time.monotonic() - begun
                # Whoever commits meanwhile is to have at least half of the time.
                if at_leisure and took > WORTH_A_PAUSE_SECONDS:
                    if self._connections.pause(took):
                        return
                    begun = time.monotonic()
        except DataError:
            # To find what is altered is for who verifies; whoever writes looks everything up, as without a filter.
            self._is_readable = False


def _end_of(commit: CommitRecord | None) -> int:
    return commit.tree_size if commit else 0
