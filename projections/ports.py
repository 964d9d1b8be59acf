"""What a worker needs of a store of read models."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, Protocol

from projections.fold import DeadLetter, Parked
from projections.projection import Document


class ReadModelsMoved(Exception):
    """Another worker has already written these events: read the tracking again and go on from there."""


class ReadModels(Protocol):
    """Documents by model and id, with the sequence of each log that they reflect. Errors of drivers come out as
    ``eventsourcing.persistence`` errors. A stale document comes as a bare ``Document``.
    """

    def get_many(self, model: str, ids: Sequence[str]) -> Mapping[str, Document]: ...

    def scan(self, model: str, prefix: str) -> Sequence[Document]:
        """Documents whose id begins with ``prefix``, by id."""

    def write(
        self, log: str, documents: Mapping[str, Mapping[str, Document]], *, expected: int, reflected: int,
        models: Sequence[str], leaf: bytes = b"", parked: Set[Parked] | None = None,
    ) -> None:
        """Documents by model and id, and the tracking of ``models`` from ``expected`` to ``reflected`` (``leaf`` is the
        leaf hash of that event), in one transaction. ``parked`` are the parked documents of ``models`` in this log that
        whoever folded knew of.

        Raises:
            ReadModelsMoved: when the tracking of one of ``models`` is not at ``expected``, or other documents are
                parked: some were mended meanwhile.
        """

    def mend(
        self, documents: Mapping[Parked, Document | None], letters: Sequence[DeadLetter], *, at: int,
        models: Sequence[str],
    ) -> None:
        """Puts parked documents of one log as they are to be (None: there is none), and ``letters`` in place of their
        dead letters, in one transaction.

        Raises:
            ReadModelsMoved: when the tracking of one of ``models`` is not at ``at``.
        """

    def reflected(self, model: str, log: str) -> int:
        """The last sequence of ``log`` that ``model`` reflects; 0 for none."""

    def places(self, models: Sequence[str], log: str) -> Set[int]:
        """Where ``models`` stand in ``log``, all read at one moment: one place, unless one of them is new."""

    def heads(self) -> Set[tuple[str, int, bytes]]:
        """Log, sequence and leaf hash of every last event that a model reflects."""

    def select(
        self, model: str, *, where: Mapping[str, Any] | None = None, after: str | None = None, limit: int = 1000,
        prefix: str = "",
    ) -> Sequence[Document]:
        """Documents whose columns equal ``where`` (a sequence of values means any of them), by id, after ``after``."""

    def clear(self, models: Sequence[str]) -> None:
        """Forgets the documents and the tracking of ``models``."""

    def digest(self, model: str, on_document: Callable[[int], None] | None = None) -> str:
        """SHA-256 over every document of ``model`` by id: equal digests, equal read models."""
