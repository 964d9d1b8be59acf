"""The way in for commands, in one process: the queue in front of the owner, and what the logs know of outcomes."""

from collections.abc import Sequence
from concurrent.futures import Future

from domain.outcomes import Outcome, Principal, Submission
from domain.reference.authority import principal_of
from infra.logs import CommandedLogs
from infra.owner import Owner
from infra.secrets import digest_of


class LocalGate:
    """``api.ports.Gate`` on logs of this process."""

    def __init__(self, owner: Owner, logs: CommandedLogs, pepper: str) -> None:
        self._owner = owner
        self._logs = logs
        self._pepper = pepper

    def submit(
        self, submissions: Sequence[Submission], *, atomic: bool = False, dry_run: bool = False
    ) -> "Future[Sequence[Outcome]]":
        return self._owner.submit(submissions, atomic=atomic, dry_run=dry_run)

    def find_outcome(self, source: str, command_id: str) -> Outcome | None:
        return self._logs.find_outcome(source, command_id)

    def books_of(self, trade_id: str) -> Sequence[str]:
        return self._logs.books_of(trade_id)

    def digest_of(self, secret: str) -> str:
        return digest_of(self._pepper, secret)

    def authenticate(self, secret: str) -> Principal | None:
        reference = self._logs.reference
        key_id = reference.digests.get(self.digest_of(secret))
        return principal_of(reference, key_id) if key_id else None

    def queued(self) -> int:
        return self._owner.queued()

    def trouble(self) -> str:
        return self._owner.trouble
