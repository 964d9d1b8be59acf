"""Folding a run of events into documents, event by event, with the documents they need at hand."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from domain.money import exact
from domain.schema import Recorded
from projections.projection import Document, Projection, families

Changes = dict[str, dict[str, Document]]
DEAD_LETTERS = "dead-letters"
EARLIER = "an earlier event of this document could not be applied"


class ProjectionStopped(Exception):
    """A projection could not even say which documents an event belongs to: its log goes no further."""


class NeedsStale(Exception):
    """A document that this one is made from is stale itself."""


class DeadLetter(Document, kw_only=True):
    """An event that could not be applied to ``key`` of ``model``, and the later ones of that key, in order."""

    model: str
    key: str
    event: str
    error: str
    recorded_at: datetime

    @property
    def parked(self) -> "Parked":
        return Parked(self.log, self.model, self.key)


class Parked(NamedTuple):
    """A document that waits for its dead letters."""

    log: str
    model: str
    key: str


def letter_prefix(parked: Parked) -> str:
    """With what the ids of a parked document's letters begin; the sequence follows."""
    return f"{parked.model}/{parked.key}/{parked.log}-"


class Store:
    """Where the documents are that are not at hand: ``projections.ports.ReadModels`` without its writing side."""

    def __init__(
        self, get_many: Callable[[str, Sequence[str]], Mapping[str, Document]],
        scan: Callable[[str, str], Sequence[Document]],
    ) -> None:
        self.get_many = get_many
        self.scan = scan


class Fold:
    """Holds the documents of one worker between batches, so that each is read once and not again."""

    def __init__(
        self, projections: Sequence[Projection], store: Store, *, most_documents: int = 200_000,
        dead_letters: Iterable[DeadLetter] = (),
    ) -> None:
        self._families = families(tuple(projections))
        self._store = store
        self._most_documents = most_documents
        self._held: dict[str, dict[str, Document | None]] = {projection.name: {} for projection in projections}
        self._parked = {(letter.model, letter.key) for letter in dead_letters}
        self._changes: Changes = {}
        self._failed = False

    def run(self, events: Sequence[Recorded]) -> Changes:
        """The documents that ``events`` of one log change, by model and id.

        Raises:
            ProjectionStopped: naming the projection and the event; nothing of the run counts.
        Exception: of the store; nor does it then.
        """
        self._changes = {name: {} for name in (*self._held, DEAD_LETTERS)}
        self._failed = False
        with exact():
            for family in self._families:
                keyed = [self._keys(projection, events) for projection in family]
                self._fold(family, keyed, events)
        self._forget()
        return {model: documents for model, documents in self._changes.items() if documents}

    def _fold(
        self, family: Sequence[Projection], keyed: Sequence[Sequence[Sequence[str]]], events: Sequence[Recorded]
    ) -> None:
        """Event by event through the members of a family, each of which sees the ones before it at that event."""
        members = [
            (projection, projection.project, self._held[projection.name], self._changes[projection.name], keys)
            for projection, keys in zip(family, keyed, strict=True)
        ]
        parked = self._parked
        for place, event in enumerate(events):
            for projection, project, held, changed, keys in members:
                for key in keys[place]:
                    if parked and (projection.name, key) in parked:
                        self._park(projection.name, key, event, EARLIER)
                        continue
                    try:
                        document = project(key, held.get(key), event, self)
                    except Exception as error:
                        # That the store failed is no fault of the event.
                        if self._failed:
                            raise
                        self._park(projection.name, key, event, f"{type(error).__name__}: {error}")
                        continue
                    if document is None:
                        continue
                    document.log, document.sequence = event.log, event.sequence
                    changed[key] = document
                    if not projection.appends:
                        held[key] = document

    def get(self, model: str, key: str) -> Document | None:
        """For projections: a document as it stands at the event being projected."""
        held = self._held[model]
        if key not in held:
            with self._asking():
                held[key] = self._store.get_many(model, [key]).get(key)
        document = held[key]
        if (document is not None and document.stale) or (self._parked and (model, key) in self._parked):
            raise NeedsStale(f"{model} {key} is stale")
        return document

    def scan(self, model: str, prefix: str) -> list[Document]:
        """For projections: the documents whose id begins with ``prefix``, by id, as they stand."""
        with self._asking():
            found = {document.id: document for document in self._store.scan(model, prefix)}
        found.update({key: each for key, each in self._changes[model].items() if key.startswith(prefix)})
        if any(document.stale for document in found.values()) or any(
            parked == model and key.startswith(prefix) for parked, key in self._parked
        ):
            raise NeedsStale(f"something of {model} {prefix} is stale")
        return [found[key] for key in sorted(found)]

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._failed = True
            raise

    def _keys(self, projection: Projection, events: Sequence[Recorded]) -> list[Sequence[str]]:
        keyed: list[Sequence[str]] = []
        for event in events:
            try:
                keyed.append(projection.keys(event))
            except Exception as error:
                raise ProjectionStopped(f"{projection.name} cannot place {event.id} ({event.type}): {error}") from error
        if not projection.appends:
            held = self._held[projection.name]
            wanted = list({key: None for keys in keyed for key in keys if key not in held})
            if wanted:
                found = self._store.get_many(projection.name, wanted)
                held.update({key: found.get(key) for key in wanted})
        return keyed

    def _park(self, model: str, key: str, event: Recorded, error: str) -> None:
        """The event waits in the list of dead letters, its document says so, and the rest goes on."""
        self._parked.add((model, key))
        letter = f"{letter_prefix(Parked(event.log, model, key))}{event.sequence:012d}"
        self._changes[DEAD_LETTERS][letter] = DeadLetter(
            id=letter, log=event.log, sequence=event.sequence, model=model, key=key, event=event.id, error=error,
            recorded_at=event.event.recorded_at,
        )
        held = self._held[model].get(key)
        stale: Any = held.copy() if held is not None else Document(id=key)
        stale.log, stale.sequence, stale.stale = event.log, event.sequence, True
        self._changes[model][key] = stale
        self._held[model][key] = stale

    def _forget(self) -> None:
        """Keeps within bounds what was read longest ago, but all that this run changed: it may not be stored yet."""
        share = self._most_documents // len(self._held)
        for model, held in self._held.items():
            changed = self._changes[model]
            for key in list(islice(held, max(0, len(held) - share))):
                if key not in changed:
                    del held[key]
