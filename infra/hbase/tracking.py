"""What an application has processed of another, for the library's projections: strictly forward, whoever writes."""

import os

from eventsourcing.persistence import IntegrityError, Tracking, TrackingRecorder

from infra.hbase.claim import Place, claim
from infra.hbase.connections import Connections
from infra.hbase.tables import FAMILY, TRACKING, create_missing

COLUMN = FAMILY + b":n"
NUMBER_BYTES = 8
NONCE_BYTES = 8


class HBaseTrackingRecorder(TrackingRecorder):
    """One row an application, moved by check-and-put."""

    def __init__(self, connections: Connections, *, create: bool = True) -> None:
        super().__init__()
        self._connections = connections
        self._table = connections.address.table(TRACKING)
        if create:
            create_missing(connections, (TRACKING,))

    def insert_tracking(self, tracking: Tracking) -> None:
        name, wanted = tracking.application_name.encode(), tracking.notification_id
        value = wanted.to_bytes(NUMBER_BYTES) + os.urandom(NONCE_BYTES)
        while True:
            before = self._stored(name)
            if before is not None and _number(before) >= wanted:
                raise IntegrityError(f"{tracking.application_name} has processed {wanted} or more already")
            if claim(self._connections, Place(self._table, name, COLUMN), value, before):
                return

    def max_tracking_id(self, application_name: str) -> int | None:
        stored = self._stored(application_name.encode())
        return None if stored is None else _number(stored)

    def _stored(self, name: bytes) -> bytes | None:
        rows = self._connections.call(lambda client: client.getRow(self._table, name, {}))
        stored: bytes | None = rows[0].columns[COLUMN].value if rows else None
        return stored


def _number(stored: bytes) -> int:
    return int.from_bytes(stored[:NUMBER_BYTES])
