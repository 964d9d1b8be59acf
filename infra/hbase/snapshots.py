"""Snapshots of logs: a row a log, replaced in one step, in as many cells as it takes."""

from eventsourcing.persistence import DataError

from infra.hbase.connections import Connections
from infra.hbase.tables import FAMILY, SNAPSHOT, create_missing

from Hbase_thrift import Mutation  # isort: skip

COUNT = FAMILY + b":n"
CELL_BYTES = 4 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024


class HBaseSnapshots:
    """``infra.snapshots.SnapshotStore`` on HBase."""

    def __init__(self, connections: Connections, *, create: bool = True) -> None:
        self._connections = connections
        self._table = connections.address.table(SNAPSHOT)
        if create:
            create_missing(connections, (SNAPSHOT,))

    def read(self, log: str) -> bytes | None:
        rows = self._connections.call(lambda client: client.getRow(self._table, log.encode(), {}))
        if not rows:
            return None
        # Cells beyond the count are left of a longer one before.
        cells = rows[0].columns
        return b"".join(cells[_cell(number)].value for number in range(int(cells[COUNT].value)))

    def write(self, log: str, snapshot: bytes) -> None:
        if len(snapshot) > MOST_BYTES:
            raise DataError(f"a snapshot of {len(snapshot)} bytes is more than goes into one row")
        parts = [snapshot[at : at + CELL_BYTES] for at in range(0, len(snapshot), CELL_BYTES)]
        cells = [Mutation(column=_cell(number), value=part) for number, part in enumerate(parts)]
        cells.append(Mutation(column=COUNT, value=b"%d" % len(parts)))
        self._connections.call(lambda client: client.mutateRow(self._table, log.encode(), cells, {}))


def _cell(number: int) -> bytes:
    return FAMILY + b":%04d" % number
