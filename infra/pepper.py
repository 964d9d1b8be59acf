"""Whether a pepper is the one of a ledger, by what its store remembers of it: a digest that nothing is let in by."""

import hmac

from infra.secrets import MissingSecret
from infra.snapshots import SnapshotStore

PLACE = "pepper"
"""Beside the snapshots, which may be lost as it may: then it is kept again by whoever has the administrator's key."""


class PepperProof:
    """Kept by a process whose pepper is known to be right, asked by those of which it is not known."""

    def __init__(self, store: SnapshotStore, ledger_id: str) -> None:
        self._store = store
        self._ledger_id = ledger_id.encode()

    def keep(self, pepper: str) -> None:
        """Remembers that this is the pepper.

        Raises:
            PersistenceError: when the store is away.
        """
        if self._store.read(PLACE) != self._of(pepper):
            self._store.write(PLACE, self._of(pepper))

    def require(self, pepper: str) -> None:
        """Goes on when this is the pepper, or it is not known which is.

        Raises:
            MissingSecret: when it is another one.
            PersistenceError: when the store is away.
        """
        kept = self._store.read(PLACE) or b""
        # What is left of an earlier ledger in this place says nothing.
        if kept.startswith(self._ledger_id) and not hmac.compare_digest(kept, self._of(pepper)):
            raise MissingSecret(
                "the keys of this ledger were issued with another pepper than EVERBOOK_PEPPER, and with this one every "
                "command would be refused for good: set the one that all its processes have"
            )

    def _of(self, pepper: str) -> bytes:
        return self._ledger_id + hmac.digest(pepper.encode(), b"everbook pepper of " + self._ledger_id, "sha256")
