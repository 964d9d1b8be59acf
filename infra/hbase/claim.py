"""One cell written by one of many writers: HBase's only conditional step, and enough."""

from typing import Any, NamedTuple

from Hbase_thrift import Mutation

from infra.hbase.connections import Connections


class Place(NamedTuple):
    table: bytes
    row: bytes
    column: bytes


def claim(connections: Connections, place: Place, value: bytes, before: bytes | None) -> bool:
    """Writes a cell if it still holds ``before`` (None: if there is none); False when it does not.

    A lost reply is no matter, for ``value`` is to be unique: finding it there means that it was written.
    """

    def claim_or_find(client: Any) -> bool:
        if client.checkAndPut(*place, before, Mutation(column=place.column, value=value), {}):
            return True
        found = client.getRowWithColumns(place.table, place.row, [place.column], {})
        return bool(found) and found[0].columns[place.column].value == value

    return connections.call(claim_or_find)
