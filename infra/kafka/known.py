"""What a process of a cluster knows from the logs alone: keys, outcomes, and where trades are."""

import threading

from domain.outcomes import Outcome, Principal
from domain.reference.authority import principal_of
from infra.logs import CommandedLogs
from infra.secrets import digest_of


class Known:
    """Follows the reference log; everything else is read when it is asked for."""

    def __init__(self, logs: CommandedLogs, pepper: str) -> None:
        self.logs = logs
        self._pepper = pepper
        self._following = threading.Lock()

    def follow(self) -> None:
        """Reads the reference log to its end: keys issued and revoked anywhere."""
        with self._following:
            self.logs.reference_ledger.catch_up()

    def reference_seen(self) -> int:
        return self.logs.reference_ledger.sequence

    def find_outcome(self, source: str, command_id: str) -> Outcome | None:
        return self.logs.find_outcome(source, command_id)

    def book_of(self, trade_id: str) -> str | None:
        place = self.logs.trade_place(trade_id)
        return place[0] if place else None

    def trade_version(self, trade_id: str) -> int | None:
        place = self.logs.trade_place(trade_id)
        return place[1] if place else None

    def digest_of(self, secret: str) -> str:
        return digest_of(self._pepper, secret)

    def authenticate(self, secret: str) -> Principal | None:
        key_id = self.logs.reference.digests.get(self.digest_of(secret))
        return principal_of(self.logs.reference, key_id) if key_id else None
