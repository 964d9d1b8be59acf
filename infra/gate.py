"""The way in for commands: what the logs know of keys, trades and outcomes, and in one process the owner's queue."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future

from domain.admission import NotDecidedYet, OutcomeUnknown, QueueFull
from domain.events import TransferSent
from domain.outcomes import Outcome, Principal, Submission
from domain.reference.authority import principal_of
from infra.logs import CommandedLogs
from infra.owner import Owner
from infra.secrets import digest_of

IN_FLIGHT = 4


class Gate(ABC):
    """``api.ports.Gate``, but for how commands reach their owner."""

    def __init__(self, logs: CommandedLogs, pepper: str) -> None:
        self.logs = logs
        self._pepper = pepper

    @abstractmethod
    def submit(
        self, submissions: Sequence[Submission], *, atomic: bool = False, dry_run: bool = False
    ) -> "Future[Sequence[Outcome]]": ...

    def feed(self, batches: Iterable[Sequence[Submission]]) -> Iterator[Sequence[Outcome]]:
        """The outcomes of every batch, in order, as they become durable; the next ones are on their way meanwhile."""
        flying: deque[Future[Sequence[Outcome]]] = deque()
        for batch in batches:
            while (promise := self._taken(batch, alone=not flying)) is None:
                yield flying.popleft().result()
            flying.append(promise)
            if len(flying) >= IN_FLIGHT:
                yield flying.popleft().result()
        while flying:
            yield flying.popleft().result()

    def _taken(self, batch: Sequence[Submission], *, alone: bool) -> "Future[Sequence[Outcome]] | None":
        """None when the queue is full of what this process sent before: that makes room."""
        try:
            return self.submit(batch)
        except QueueFull:
            if alone:
                raise
            return None

    @abstractmethod
    def queued(self) -> int: ...

    @abstractmethod
    def trouble(self) -> str: ...

    def undecided(self) -> Collection[str]:
        """The logs whose commands are not decided now."""
        return tuple(self.logs.recorders) if self.trouble() else ()

    def overdue(self, promise: "Future[Sequence[Outcome]]") -> OutcomeUnknown:  # noqa: ARG002
        """What is known of commands whose outcomes are not there in time."""
        return NotDecidedYet("it is not decided yet")

    def find_outcome(self, source: str, command_id: str) -> Outcome | None:
        return self.logs.find_outcome(source, command_id)

    def books_of(self, trade_id: str) -> Sequence[str]:
        return self.logs.books_of(trade_id)

    def transfer_sent(self, book: str, transfer_id: str) -> TransferSent | None:
        return self.logs.transfer_sent(book, transfer_id)

    def digest_of(self, secret: str) -> str:
        return digest_of(self._pepper, secret)

    def authenticate(self, secret: str) -> Principal | None:
        reference = self.logs.reference
        key_id = reference.digests.get(self.digest_of(secret))
        return principal_of(reference, key_id) if key_id else None


class LocalGate(Gate):
    """On logs of this process."""

    def __init__(self, owner: Owner, logs: CommandedLogs, pepper: str) -> None:
        super().__init__(logs, pepper)
        self._owner = owner

    def submit(
        self, submissions: Sequence[Submission], *, atomic: bool = False, dry_run: bool = False
    ) -> "Future[Sequence[Outcome]]":
        return self._owner.submit(submissions, atomic=atomic, dry_run=dry_run)

    def feed(self, batches: Iterable[Sequence[Submission]]) -> Iterator[Sequence[Outcome]]:
        return self._owner.feed(batches)

    def queued(self) -> int:
        return self._owner.queued()

    def trouble(self) -> str:
        return self._owner.trouble
