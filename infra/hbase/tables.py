"""The tables, created when they are missing, by however many processes at once."""

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from eventsourcing.persistence import OperationalError, ProgrammingError
from Hbase_thrift import ColumnDescriptor
from Hbase_thrift import IOError as RefusedByHBase

from infra.hbase.connections import Connections

FAMILY = b"d"
LOG, INDEX, TRACKING, SNAPSHOT = "log", "index", "tracking", "snapshot"
NO_ROW = b"\x00"


def create_missing(connections: Connections, names: Sequence[str] = (LOG, INDEX, TRACKING)) -> None:
    """Thrift cannot pre-split: whoever wants regions from the beginning creates the tables before, by HBase's shell."""
    there = set(connections.call(lambda client: client.getTableNames()))
    for name in names:
        table = connections.address.table(name)
        if table not in there:
            _create(connections, table)


def drop_tables(connections: Connections, names: Sequence[str] = (SNAPSHOT, TRACKING, INDEX, LOG)) -> None:
    """Drops those that are there, with all that is in them.

    The log goes last: while it is there the ledger still opens, so that what was left half done can be done again.
    """
    for name in names:
        table = connections.address.table(name)
        connections.call(partial(_drop, table=table))


def _create(connections: Connections, table: bytes) -> None:
    family = ColumnDescriptor(
        name=FAMILY + b":", maxVersions=1, bloomFilterType="ROW", blockCacheEnabled=True, inMemory=False
    )
    # Another process may be creating it, or the reply was lost: what counts is that it can be read in the end.
    with contextlib.suppress(OperationalError, ProgrammingError):
        connections.call_once(lambda client: client.createTable(table, [family]))
    connections.call(lambda client: _probe(client, table))


def _drop(client: Any, table: bytes) -> None:
    if table in client.getTableNames():
        if client.isTableEnabled(table):
            client.disableTable(table)
        client.deleteTable(table)


def _probe(client: Any, table: bytes) -> None:
    try:
        client.getRow(table, NO_ROW, {})
    except RefusedByHBase as error:
        raise OperationalError(f"{table.decode()} is not ready") from error
