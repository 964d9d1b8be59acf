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
BYTES_AT_ONCE = 10_000_000
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
        """Writes entries, in one body unless it is too large; how many were there already, or later ones.

        Entries that arrived beside some that did not are sent twice, and count as there: nobody may rely on the number
        being right, only on 0 meaning that all were written now.
        """
        if not entries:
            return 0
        body = encoded(entries)
        if len(body) > BYTES_AT_ONCE and len(entries) > 1:
            middle = len(entries) // 2
            return self.send(entries[:middle]) + self.send(entries[middle:])
        return self._send_again(entries) if self._has_errors(body) else 0

    def close(self) -> None:
        self._senders.shutdown()

    def _send_again(self, entries: Sequence[Entry]) -> int:
        """Reads what came of each entry, and repeats those that the cluster was too busy for."""
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

    def _has_errors(self, body: bytes) -> bool:
        answer = self._post(body, "errors,took")
        with translated():
            return msgspec.json.decode(answer, type=Summary).errors

    def _sorted(self, entries: Sequence[Entry]) -> tuple[list[Entry], int]:
        """Writes entries, and tells which the cluster was too busy for, and how many were there already."""
        answer = self._post(encoded(entries), "items.*.status,items.*.error")
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

    def _post(self, body: bytes, answer: str) -> bytes:
        parameters = {"require_alias": "true", "filter_path": answer}
        return self._connection.send("POST", "/_bulk", body, content=NDJSON, parameters=parameters)
