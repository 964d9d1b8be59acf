"""Every row of a log, also when some are damaged: what cannot be read is named, and the rest read all the same."""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping

from eventsourcing.persistence import Notification, PersistenceError

from domain.events import LogOpened
from domain.ports import CommitRecord, LogRecorder, Receipt
from domain.schema import Recorded

READ_AT_ONCE = 5_000
LOWEST = -(1 << 63)
UNREADABLE = (PersistenceError, TypeError, ValueError, AttributeError, OverflowError, struct.error)
"""What a row raises that holds another type, or bytes that are no text."""


class StoredRows:
    """Reads pages; a page that cannot be read is read row by row. ``find`` is told of each row that cannot."""

    def __init__(self, log: str, recorder: LogRecorder, find: Callable[[str], None]) -> None:
        self.recorder = recorder
        self._log = log
        self._find = find

    def events(self) -> Iterator[list[tuple[Notification, bytes]]]:
        """Pages of events with their stored leaf hashes, by sequence."""
        start = LOWEST
        while leaves := dict(self.recorder.select_leaves(start, READ_AT_ONCE)):
            yield [(stored, leaves[stored.id]) for stored in self._page(list(leaves)) if stored.id in leaves]
            start = max(leaves) + 1

    def commits(self) -> Iterator[CommitRecord]:
        """Commits by the sequence at which they end."""
        start, at_once, last = 1, READ_AT_ONCE, self.recorder.max_notification_id() or 0
        while True:
            try:
                page = self.recorder.select_commits(start, at_once)
            except UNREADABLE as error:
                if start > last:
                    return
                if at_once == 1:
                    self._find(f"{self._log} commit at {start}: it cannot be read: {error}")
                    start += 1
                at_once = 1
                continue
            if not page:
                return
            yield from page
            start = page[-1].tree_size + 1

    def receipts(self, events: Iterable[Recorded]) -> Mapping[tuple[str, str], Receipt]:
        """The receipts of the commands behind events."""
        keys = [(each.event.source, each.event.command_id) for each in events if not isinstance(each.event, LogOpened)]
        try:
            return self.recorder.select_receipts(keys)
        except UNREADABLE:
            return {key: receipt for key in dict.fromkeys(keys) if (receipt := self._receipt(key))}

    def _page(self, sequences: list[int]) -> Iterator[Notification]:
        try:
            yield from self.recorder.select_notifications(sequences[0], len(sequences), stop=sequences[-1])
        except UNREADABLE:
            for sequence in sequences:
                yield from self._event_at(sequence)

    def _event_at(self, sequence: int) -> Iterator[Notification]:
        try:
            yield from self.recorder.select_notifications(sequence, 1, stop=sequence)
        except UNREADABLE as error:
            self._find(f"{self._log}:{sequence}: the event cannot be read: {error}")

    def _receipt(self, key: tuple[str, str]) -> Receipt | None:
        try:
            return self.recorder.select_receipts([key]).get(key)
        except UNREADABLE:
            return None
