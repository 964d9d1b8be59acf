"""Rows by stream and by command, derived from the log: whoever finds them missing may put them again."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any
from zlib import crc32

import msgspec
from eventsourcing.persistence import Notification
from Hbase_thrift import BatchMutation, Mutation

from domain.ports import Receipt
from infra.hbase.cells import Key, LogCell
from infra.hbase.connections import Connections
from infra.hbase.tables import FAMILY, INDEX
from infra.identity import from_text

STREAM, RECEIPT, REACH = b"s", b"r", b"i"
VALUE = FAMILY + b":v"
VERSION = FAMILY + b":"
VERSION_BYTES = 8
ROWS_AT_ONCE = 2_000
# One handler of a region's server works on one request: many rows are asked for by several.
ROWS_LOOKED_UP_AT_ONCE = 500

Version = tuple[str, int]


class IndexedEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event where its stream is looked up."""

    sequence: int
    topic: str
    state: bytes


_encode = msgspec.msgpack.Encoder().encode
_event = msgspec.msgpack.Decoder(IndexedEvent)
_receipt = msgspec.msgpack.Decoder(tuple[str, str, bytes, int, int])


class IndexTable:
    """One row a stream, a column each version; one row a receipt. A hash in front spreads them over the regions."""

    def __init__(self, connections: Connections, log: str) -> None:
        self._connections = connections
        self._table = connections.address.table(INDEX)
        self._log = log.encode() + b"\0"
        self._reach = _row(REACH, self._log)

    def put(self, cells: Sequence[LogCell], indexed: int) -> None:
        """Puts the rows of commits; ``indexed`` is a sequence up to which all was put before."""
        reach = BatchMutation(self._reach, [Mutation(False, VALUE, indexed.to_bytes(VERSION_BYTES))])
        batches = [reach, *(batch for cell in cells for batch in self.batches(cell))]
        for page in _pages(batches):
            self._connections.call(partial(_put, self._table, page))

    def indexed(self) -> int:
        """A sequence up to which every row is there."""
        rows = self._connections.call(lambda client: client.getRow(self._table, self._reach, {}))
        return int.from_bytes(rows[0].columns[VALUE].value) if rows else 0

    def streams(self, streams: Iterable[str]) -> list[Notification]:
        """Every event of streams that is indexed."""
        names = {self._stream(stream): stream for stream in streams}
        return [
            Notification(
                from_text(names[row]), int.from_bytes(column[len(VERSION) :]), event.topic, event.state, event.sequence
            )
            for row, columns in self._found(list(names))
            for column, cell in columns.items()
            for event in (_event.decode(cell.value),)
        ]

    def receipts(self, keys: Iterable[Key]) -> dict[Key, Receipt]:
        found = self._found([self._command(key) for key in keys])
        receipts = [Receipt(*_receipt.decode(columns[VALUE].value)) for _, columns in found]
        return {(receipt.source, receipt.command_id): receipt for receipt in receipts}

    def taken(self, versions: Sequence[Version], keys: Sequence[Key]) -> str | None:
        """A version of a stream, or a command, that is there already."""
        first = _version(1)
        names = {self._stream(stream): f"{stream} version 1" for stream, version in versions if version == 1}
        names.update((self._command(key), f"command {key[1]} of {key[0]}") for key in keys)
        for row, _ in self._found(list(names), [first, VALUE]):
            return names[row]
        later = {(self._stream(stream), _version(version)): (stream, version)
                 for stream, version in versions if version != 1}
        if not later:
            return None
        rows, columns = zip(*later, strict=True)
        for row, there in self._found(sorted(set(rows)), sorted(set(columns))):
            for column in there:
                if (row, column) in later:
                    return "{} version {}".format(*later[row, column])
        return None

    def batches(self, cell: LogCell) -> Iterator[BatchMutation]:
        """The rows of one commit."""
        rows = zip(cell.streams, cell.versions, cell.topics, cell.states, strict=True)
        for sequence, (stream, version, topic, state) in enumerate(rows, cell.first_sequence):
            event = _encode((sequence, topic, state))
            yield BatchMutation(self._stream(stream), [Mutation(False, _version(version), event)])
        for receipt in cell.receipts:
            row = self._command((receipt[0], receipt[1]))
            yield BatchMutation(row, [Mutation(False, VALUE, _encode(receipt))])

    def _found(
        self, rows: list[bytes], columns: list[bytes] | None = None
    ) -> Iterator[tuple[bytes, dict[bytes, Any]]]:
        ask = partial(self._asked, columns or [FAMILY])
        pages = list(_pages(rows, ROWS_LOOKED_UP_AT_ONCE))
        for found in map(ask, pages) if len(pages) < 2 else self._connections.looking_up.map(ask, pages):
            for row in found:
                yield row.row, row.columns

    def _asked(self, columns: list[bytes], rows: list[bytes]) -> Sequence[Any]:
        return self._connections.call(partial(_get, self._table, rows, columns))

    def _stream(self, stream: str) -> bytes:
        return _row(STREAM, self._log + stream.encode())

    def _command(self, key: Key) -> bytes:
        source, command_id = key
        return _row(RECEIPT, self._log + f"{len(source)}:{source}{command_id}".encode())


def _put(table: bytes, batches: Sequence[BatchMutation], client: Any) -> None:
    client.mutateRows(table, batches, {})


def _get(table: bytes, rows: Sequence[bytes], columns: Sequence[bytes], client: Any) -> Sequence[Any]:
    found: Sequence[Any] = client.getRowsWithColumns(table, rows, columns, {})
    return found


def _version(version: int) -> bytes:
    return VERSION + version.to_bytes(VERSION_BYTES)


def _row(kind: bytes, key: bytes) -> bytes:
    return crc32(key).to_bytes(4) + kind + key


def _pages(rows: Iterable[Any], size: int = ROWS_AT_ONCE) -> Iterator[list[Any]]:
    waiting = iter(rows)
    while page := list(islice(waiting, size)):
        yield page
