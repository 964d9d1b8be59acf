"""Snapshots kept in a store, out of the way of whoever decides."""

import contextlib
import hmac
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import Any, Protocol

from eventsourcing.persistence import PersistenceError

from domain.snapshots import Snapshot, encoded

EVENTS_BETWEEN = 20_000
SHARE_OF_TIME = 0.05
SEAL_BYTES = 32


class SnapshotStore(Protocol):
    """One snapshot of each log: the last that was written."""

    def read(self, log: str) -> bytes | None: ...

    def write(self, log: str, snapshot: bytes) -> None: ...


class SnapshotKeeper:
    """``domain.snapshots.Snapshots``: one is written at a time, and as many as take a twentieth of the time.

    Each is sealed by a ``secret`` that is not in the store: whoever can write there cannot make the rules believe what
    the log does not say. Without it none is read or written.
    """

    def __init__(
        self, store: SnapshotStore, secret: str, every: int = EVENTS_BETWEEN,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.secret = secret
        self.every = every
        self.store = store
        self._monotonic = monotonic
        self._rest_until = 0.0
        self._writing: Future[None] | None = None
        self._executor = ThreadPoolExecutor(1, "snapshots")

    def ready(self) -> bool:
        is_writing = self._writing is not None and not self._writing.done()
        return bool(self.secret) and not is_writing and self._monotonic() >= self._rest_until

    def save(self, snapshot: Snapshot[Any]) -> None:
        self._writing = self._executor.submit(self._write, snapshot)

    def read(self, log: str) -> bytes | None:
        if not self.secret:
            return None
        try:
            stored = self.store.read(log) or b""
        except PersistenceError:
            return None
        seal, data = stored[:SEAL_BYTES], stored[SEAL_BYTES:]
        return data if data and hmac.compare_digest(seal, self._seal(data)) else None

    def rest(self) -> None:
        """Waits until nothing is being written."""
        if self._writing is not None:
            self._writing.result()

    def close(self) -> None:
        self._executor.shutdown()

    def _write(self, snapshot: Snapshot[Any]) -> None:
        began = self._monotonic()
        data = encoded(snapshot)
        # It only helps: the next one is due anyway.
        with contextlib.suppress(PersistenceError):
            self.store.write(snapshot.log, self._seal(data) + data)
        now = self._monotonic()
        self._rest_until = now + (now - began) / SHARE_OF_TIME

    def _seal(self, data: bytes) -> bytes:
        key = hmac.digest(self.secret.encode(), b"everbook snapshot", sha256)
        return hmac.digest(key, data, sha256)
