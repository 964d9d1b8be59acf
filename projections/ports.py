"""What a worker needs of a store of read models."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Protocol

from projections.fold import DeadLetter, Found, Parked
from projections.projection import Document, Projection


class ReadModelsMoved(Exception):
    """Another worker has already written these events: read the tracking again and go on from there."""


class ReadModels(Protocol):
    """Documents by model and id, with the sequence of each log that they reflect. Errors of drivers come out as
    ``eventsourcing.persistence`` errors. A stale document comes as a bare ``Document``.
    """

    def get_many(self, model: str, ids: Sequence[str]) -> Mapping[str, Document]: ...

    def find(self, wanted: Mapping[str, Sequence[str]]) -> Found:
        """Documents of several models at once, by model; those that there are not are left out."""

    def scan(self, model: str, prefix: str) -> Sequence[Document]:
        """Documents whose id begins with ``prefix``, by id."""

    def write(
        self, log: str, documents: Mapping[str, Mapping[str, Document]], *, expected: int, reflected: int,
        models: Sequence[str], leaf: bytes = b"", parked: Set[Parked] | None = None,
    ) -> None:
        """Documents by model and id, and the tracking of ``models`` from ``expected`` to ``reflected`` (``leaf`` is the
        leaf hash of that event): in one transaction; or, where the store has none, documents before those they were
        made from (``dependants_first``), then the tracking, so that folding the same events again heals what was cut
        off. ``parked`` are the parked documents of ``models`` in this log that whoever folded knew of.

        Raises:
            ReadModelsMoved: when the tracking of one of ``models`` is not at ``expected``, or other documents are
                parked: some were mended meanwhile.
        """

    def mend(
        self, documents: Mapping[Parked, Document | None], letters: Sequence[DeadLetter], *, at: int,
        models: Sequence[str],
    ) -> None:
        """Puts parked documents of one log as they are to be (None: there is none), and ``letters`` in place of their
        dead letters, in one transaction; or, where the store has none, the letters last, so that mending again heals
        what was cut off.

        Raises:
            ReadModelsMoved: when the tracking of one of ``models`` is not at ``at``.
        """

    def reflected(self, model: str, log: str) -> int:
        """The last sequence of ``log`` that every read of ``model`` reflects; 0 for none."""

    def places(self, models: Sequence[str], log: str) -> Set[int]:
        """Where ``models``, a family, stand in ``log``, all read at one moment: one place, unless one of them is new. A
        store without transactions says the last of the places where those stand that one who was cut off left apart.
        """

    def heads(self, logs: Iterable[str]) -> Set[tuple[str, int, bytes]]:
        """Log, sequence and leaf hash of every last event of these logs that a model reflects."""

    def select(
        self, model: str, *, where: Mapping[str, Any] | None = None, after: str | None = None, limit: int = 1000,
        prefix: str = "", shape: type[Document] | None = None,
    ) -> Sequence[Document]:
        """Documents whose columns equal ``where`` (a sequence of values means any of them), by id, after ``after``;
        with only the fields of ``shape`` where one is given: what is not decoded costs nothing.
        """

    def clear(self, models: Sequence[str]) -> None:
        """Forgets the documents and the tracking of ``models``."""

    def digest(self, model: str, on_document: Callable[[int], None] | None = None) -> str:
        """SHA-256 over every document of ``model`` by id: equal digests, equal read models."""


class ReadModelStore(ReadModels, Protocol):
    """Read models in generations: one is served, others are built beside it."""

    def beside(self, projections: Sequence[Projection]) -> "ReadModelStore":
        """A new generation of ``projections`` (whole families), empty, that nobody reads yet."""

    def serve(self) -> None:
        """Serves this generation from now on, and drops the one that was served; readers see one or the other, of all
        its models at once.
        """

    def drop(self) -> None:
        """Drops this generation, which was never served."""

    def close(self) -> None: ...
