"""Writing many entries: bodies encoded here, answers read no further than they must be."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

import msgspec
from eventsourcing.persistence import OperationalError

from infra.elasticsearch.connection import BUSY, NDJSON, NOT_FOUND, Connection, error_of, pauses, translated
from infra.elasticsearch.documents import Entry, encoded
from projections.ports import ReadModelsMoved

ENTRIES_AT_ONCE = 1_000
BODIES_IN_FLIGHT = 2
APPLIED_ALREADY = 409


class Summary(msgspec.Struct):
    errors: bool = True


class Result(msgspec.Struct):
    status: int
    error: msgspec.Raw = msgspec.Raw(b"")


class Item(msgspec.Struct):
    index: Result


class Items(msgspec.Struct):
    items: list[Item]


class Bulk:
    """Writes entries, each unless its place holds a later version already."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._senders = ThreadPoolExecutor(BODIES_IN_FLIGHT, "bulk")

    def write(self, entries: Sequence[Entry]) -> None:
        """Writes all of ``entries``, in no order.

        Raises:
            ReadModelsMoved: a generation is no longer there.
            OperationalError: the cluster stayed busy; some are written, and the others may be, later.
        """
        if len(entries) <= ENTRIES_AT_ONCE:
            self.send(entries)
            return
        sent: list[Future[int]] = [
            self._senders.submit(self.send, entries[at : at + ENTRIES_AT_ONCE])
            for at in range(0, len(entries), ENTRIES_AT_ONCE)
        ]
        wait(sent)
        for each in sent:
            each.result()

    def send(self, entries: Sequence[Entry]) -> int:
        """Writes entries in one body; how many were refused because a later version is there."""
        if not entries or not self._has_errors(entries):
            return 0
        applied = 0
        for pause in pauses():
            busy, found = self._sorted(entries)
            applied += found
            if not busy:
                return applied
            if pause is None:
                break
            time.sleep(pause)
            entries = busy
        raise OperationalError(f"{len(entries)} documents were refused {len(list(pauses()))} times: the queue is full")

    def close(self) -> None:
        self._senders.shutdown()

    def _has_errors(self, entries: Sequence[Entry]) -> bool:
        answer = self._post(entries, "errors,took")
        with translated():
            return msgspec.json.decode(answer, type=Summary).errors

    def _sorted(self, entries: Sequence[Entry]) -> tuple[list[Entry], int]:
        """Writes entries, and tells which the cluster was too busy for, and how many were there already."""
        answer = self._post(entries, "items.*.status,items.*.error")
        with translated():
            results = [item.index for item in msgspec.json.decode(answer, type=Items).items]
        busy = []
        for entry, result in zip(entries, results, strict=True):
            if result.status in BUSY:
                busy.append(entry)
            elif result.status == NOT_FOUND:
                raise ReadModelsMoved(f"{entry.action.index.index} is no longer there")
            elif result.status >= 300 and result.status != APPLIED_ALREADY:
                raise error_of(result.status)(f"{entry.action.index.id}: {bytes(result.error)[:500]!r}")
        return busy, sum(result.status == APPLIED_ALREADY for result in results)

    def _post(self, entries: Sequence[Entry], answer: str) -> bytes:
        parameters = {"require_alias": "true", "filter_path": answer}
        return self._connection.send("POST", "/_bulk", encoded(entries), content=NDJSON, parameters=parameters)
