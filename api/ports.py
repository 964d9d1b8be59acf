"""What the API needs of the rest: a gate for commands, the read models, and the logs themselves."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from domain.admission import NotOneLog, NotRecorded, OutcomeUnknown, QueueFull
from domain.events import TransferSent
from domain.outcomes import Outcome, Principal, Submission
from domain.ports import DoesNotAnswer, LogRecorder
from projections.projection import Document

EVENTS, READ_MODELS = "events", "read-models"
"""What the stores are called in questions and metrics."""
T = TypeVar("T")


class Gate(Protocol):
    """Commands in. Every command is authorised again by the owner of its log."""

    def submit(
        self, submissions: Sequence[Submission], *, atomic: bool = False, dry_run: bool = False
    ) -> Future[Sequence[Outcome]]:
        """One outcome a submission, in order, once they are durable. The future may fail with
        ``NotRecorded`` or ``OutcomeUnknown``.

        Raises:
            QueueFull: at once, when the queue has no room.
            NotOneLog: at once, when ``atomic`` commands belong to several logs.
        """

    def feed(self, batches: Iterable[Sequence[Submission]]) -> Iterator[Sequence[Outcome]]:
        """The outcomes of every batch, in order, as they become durable; raises what the first that failed came to."""

    def find_outcome(self, source: str, command_id: str) -> Outcome | None:
        """What a command came to, looked up in every log."""

    def books_of(self, trade_id: str) -> Sequence[str]:
        """The book of every trade of this id, from the logs: an id is one trade in each ledger log."""

    def transfer_sent(self, book: str, transfer_id: str) -> TransferSent | None:
        """The beginning of a transfer of ``book``, from its log."""

    def digest_of(self, secret: str) -> str:
        """What the reference log holds of a key."""

    def authenticate(self, secret: str) -> Principal | None: ...

    def queued(self) -> int: ...

    def trouble(self) -> str:
        """What keeps commands from being decided; empty while all is well."""

    def undecided(self) -> Collection[str]:
        """The logs whose commands are not decided now."""

    def overdue(self, promise: Future[Sequence[Outcome]]) -> OutcomeUnknown:
        """What is known of commands whose outcomes are not there in time."""


class Reads(Protocol):
    """Documents out."""

    def get_many(self, model: str, ids: Sequence[str]) -> Mapping[str, Any]: ...

    def scan(self, model: str, prefix: str) -> Sequence[Any]: ...

    def select(
        self, model: str, *, where: Mapping[str, Any] | None = None, after: str | None = None, limit: int = 1000,
        prefix: str = "", shape: type[Document] | None = None,
    ) -> Sequence[Any]: ...

    def reflected(self, model: str, log: str) -> int: ...

    def wait(self, models: Sequence[str], vector: Mapping[str, int], timeout_seconds: float) -> bool:
        """Whether ``models`` reflect every ``log: sequence`` of ``vector`` within the time."""


class Logs(Protocol):
    """The events themselves, for replay and proof."""

    ledger_id: str

    def names(self) -> Sequence[str]: ...

    def recorder(self, log: str) -> LogRecorder: ...

    def fences(self) -> Mapping[str, int]:
        """By log, how many commits of this process others were ahead of."""

    def signed_checkpoint(self, log: str) -> str:
        """The log's present tree head as a C2SP tlog-checkpoint, signed."""

    def verifier_key(self, log: str) -> str:
        """The public key by which checkpoints of the log are known."""


class Questions(Protocol):
    """Questions to the stores of those who cannot wait."""

    def ask(self, store: str, question: Callable[[], T]) -> T:
        """What ``question`` gives; each store is asked one at a time.

        Raises:
            DoesNotAnswer: when the store fails, or does not answer in time.
        """


__all__ = [
    "EVENTS", "READ_MODELS", "Document", "DoesNotAnswer", "Gate", "LogRecorder", "Logs", "NotOneLog", "NotRecorded",
    "OutcomeUnknown", "Questions", "QueueFull", "Reads",
]
