"""Snapshots of logs: a row a log, whose head names the cells of the last one; two sets of cells take turns."""

from eventsourcing.persistence import DataError

from infra.hbase.connections import Connections
from infra.hbase.tables import FAMILY, SNAPSHOT, create_missing

from Hbase_thrift import Mutation  # isort: skip

HEAD = FAMILY + b":head"
CELL_BYTES = 4 * 1024 * 1024
SETS = (b"a", b"b")


class HBaseSnapshots:
    """``infra.snapshots.SnapshotStore`` on HBase, of any size: a cell goes by itself, and the head last of all."""

    def __init__(self, connections: Connections, *, create: bool = True) -> None:
        self._connections = connections
        self._table = connections.address.table(SNAPSHOT)
        if create:
            create_missing(connections, (SNAPSHOT,))

    def read(self, log: str) -> bytes | None:
        head = self._cell(log, HEAD)
        if head is None:
            return None
        written, count = _parsed(head)
        parts = [self._cell(log, _name(written, number)) for number in range(count)]
        if None in parts:
            raise DataError(f"a snapshot of {log} lacks a part: it is being replaced, or was damaged")
        return b"".join(part for part in parts if part is not None)

    def write(self, log: str, snapshot: bytes) -> None:
        head = self._cell(log, HEAD)
        free = SETS[1] if head is not None and head[:1] == SETS[0] else SETS[0]
        parts = [snapshot[at : at + CELL_BYTES] for at in range(0, len(snapshot), CELL_BYTES)]
        for number, part in enumerate(parts):
            self._put(log, _name(free, number), part)
        self._put(log, HEAD, free + b"%d" % len(parts))

    def _cell(self, log: str, column: bytes) -> bytes | None:
        cells = self._connections.call(lambda client: client.get(self._table, log.encode(), column, {}))
        return bytes(cells[0].value) if cells else None

    def _put(self, log: str, column: bytes, value: bytes) -> None:
        mutation = Mutation(column=column, value=value)
        self._connections.call(lambda client: client.mutateRow(self._table, log.encode(), [mutation], {}))


def _parsed(head: bytes) -> tuple[bytes, int]:
    if head[:1] not in SETS or not head[1:].isdigit():
        raise DataError(f"the head of a snapshot reads {head!r}")
    return head[:1], int(head[1:])


def _name(of: bytes, number: int) -> bytes:
    return FAMILY + b":" + of + b"%06d" % number
