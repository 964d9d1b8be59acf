"""Folding a run of events into documents, event by event, with the documents they need at hand."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
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


class NeedsLater(Exception):
    """A document that this one is made from holds later events already."""


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


Found = Mapping[str, Mapping[str, Document]]
"""Documents by model and id."""


class Store:
    """Where the documents are that are not at hand: ``projections.ports.ReadModels`` without its writing side.
    ``find`` takes ids by model.
    """

    def __init__(
        self, find: Callable[[Mapping[str, Sequence[str]]], Found], scan: Callable[[str, str], Sequence[Document]]
    ) -> None:
        self.find = find
        self.scan = scan


class Fold:
    """Holds the documents of one worker between batches, so that each is read once and not again.

    A store without transactions may hold documents beyond the tracking, whoever wrote them, and then it holds all that
    is made from them too (``dependants_first``). So what a document has applied is not applied again, and what would be
    made from a later document is in the store already.
    """

    def __init__(
        self, projections: Sequence[Projection], store: Store, *, most_documents: int = 200_000,
        dead_letters: Iterable[DeadLetter] = (),
    ) -> None:
        self._families = families(tuple(projections))
        self._store = store
        self._most_documents = most_documents
        self._held: dict[str, dict[str, Document | None]] = {projection.name: {} for projection in projections}
        self._parked: dict[tuple[str, str], tuple[str, int]] = {}
        for letter in dead_letters:
            self._parks(letter.model, letter.key, letter)
        self._changes: Changes = {}
        self._ahead: Changes = {}
        self._scanned: dict[tuple[str, str], dict[str, Document]] = {}
        self._relied_on: set[str] = set()
        self._at: Recorded | None = None
        self._failed = False

    def run(self, events: Sequence[Recorded]) -> Changes:
        """The documents that ``events`` of one log change, by model and id. A model of which the store was found ahead,
        whoever wrote it, is there too, if only with no document.

        Raises:
            ProjectionStopped: naming the projection and the event; nothing of the run counts.
        Exception: of the store; nor does it then.
        """
        self._changes = {name: {} for name in (*self._held, DEAD_LETTERS)}
        self._ahead = {name: {} for name in self._held}
        self._relied_on = set()
        self._scanned.clear()
        self._failed = False
        with exact():
            keyed = {each.name: _keys(each, events) for family in self._families for each in family}
            self._load_missing(keyed, events)
            for family in self._families:
                self._fold(family, [keyed[projection.name] for projection in family], events)
        self._forget()
        self._scanned.clear()
        return {
            model: documents for model, documents in self._changes.items() if documents or model in self._relied_on
        }

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
            self._at = event
            for projection, project, held, changed, keys in members:
                for key in keys[place]:
                    known = held.get(key)
                    if known is not None and known.sequence >= event.sequence and known.log == event.log:
                        self._ahead[projection.name][key] = known
                        self._relied_on.add(projection.name)
                        continue
                    if parked and self._is_parked(projection.name, key, event):
                        self._park(projection.name, key, event, EARLIER)
                        continue
                    try:
                        document = project(key, known, event, self)
                    except NeedsLater:
                        self._take_from_store(projection, key)
                        continue
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
                held[key] = self._store.find({model: [key]}).get(model, {}).get(key)
        document = held[key]
        assert self._at is not None
        if document is not None and document.sequence > self._at.sequence and document.log == self._at.log:
            raise NeedsLater(f"{model} {key} is at {document.sequence}")
        if (document is not None and document.stale) or (self._parked and self._is_parked(model, key, self._at)):
            raise NeedsStale(f"{model} {key} is stale")
        return document

    def scan(self, model: str, prefix: str) -> list[Document]:
        """For projections: the documents whose id begins with ``prefix``, by id, as they stand."""
        found = dict(self._stored(model, prefix))
        for known in (self._ahead[model], self._changes[model]):
            found.update({key: each for key, each in known.items() if key.startswith(prefix)})
        at = self._at
        assert at is not None
        if any(document.sequence > at.sequence and document.log == at.log for document in found.values()):
            raise NeedsLater(f"something of {model} {prefix} is beyond {at.id}")
        if any(document.stale for document in found.values()) or any(
            parked == model and key.startswith(prefix) and self._is_parked(model, key, at)
            for parked, key in self._parked
        ):
            raise NeedsStale(f"something of {model} {prefix} is stale")
        return [found[key] for key in sorted(found)]

    def _stored(self, model: str, prefix: str) -> Mapping[str, Document]:
        """As the store has them; kept for this run, since each back-dated trade of a position reads all of it."""
        if (model, prefix) not in self._scanned:
            with self._asking():
                found = {document.id: document for document in self._store.scan(model, prefix)}
            if len(found) + sum(map(len, self._scanned.values())) > self._most_documents // 4:
                self._scanned.clear()
            self._scanned[model, prefix] = found
        return self._scanned[model, prefix]

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._failed = True
            raise

    def _load_missing(self, keyed: Mapping[str, Sequence[Sequence[str]]], events: Sequence[Recorded]) -> None:
        """Asks the store once for all that is not at hand; what is written once and never changed is not asked for."""
        wanted: dict[str, list[str]] = {}
        for family in self._families:
            for projection in family:
                if not projection.appends:
                    missing = _missing(projection, self._held[projection.name], keyed[projection.name], events)
                    if missing:
                        wanted[projection.name] = missing
        if wanted:
            self._load(wanted)

    def _load(self, wanted: Mapping[str, Sequence[str]]) -> Found:
        found = self._store.find(wanted)
        for model, keys in wanted.items():
            documents = found.get(model, {})
            self._held[model].update({key: documents.get(key) for key in keys})
            for key, document in documents.items():
                if document.stale:
                    self._parks(model, key, document)
        return found

    def _take_from_store(self, projection: Projection, key: str) -> None:
        """What is held here is behind the store, where this event and more was applied to the document."""
        self._relied_on.add(projection.name)
        if not projection.appends:
            self._changes[projection.name].pop(key, None)
            self._ahead[projection.name].update(self._load({projection.name: [key]}).get(projection.name, {}))

    def _parks(self, model: str, key: str, at: Document | Recorded) -> None:
        """A document is parked from the first event that could not be applied, whichever of them is found first."""
        since = self._parked.get((model, key))
        if since is None or (since[0] == at.log and since[1] > at.sequence):
            self._parked[model, key] = (at.log, at.sequence)

    def _is_parked(self, model: str, key: str, event: Recorded) -> bool:
        """Whether ``event`` is, or comes after, one that could not be applied to the document."""
        since = self._parked.get((model, key))
        return since is not None and (since[0] != event.log or since[1] <= event.sequence)

    def _park(self, model: str, key: str, event: Recorded, error: str) -> None:
        """The event waits in the list of dead letters, its document says so, and the rest goes on."""
        self._parks(model, key, event)
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
        """Keeps within bounds: what was read longest ago of the models that hold most, but nothing that this run
        changed, for it may not be stored yet.
        """
        most = _level([len(held) for held in self._held.values()], self._most_documents)
        for model, held in self._held.items():
            changed = self._changes[model]
            for key in list(islice(held, max(0, len(held) - most))):
                if key not in changed:
                    del held[key]


def _keys(projection: Projection, events: Sequence[Recorded]) -> list[Sequence[str]]:
    keyed: list[Sequence[str]] = []
    for event in events:
        try:
            keyed.append(projection.keys(event))
        except Exception as error:
            raise ProjectionStopped(f"{projection.name} cannot place {event.id} ({event.type}): {error}") from error
    return keyed


def _missing(
    projection: Projection, held: Container[str], keyed: Sequence[Sequence[str]], events: Sequence[Recorded]
) -> list[str]:
    """What is neither at hand nor begun by these events. In a store without transactions it may be there all the same,
    as it was folded before; folded again from its beginning, it comes to the same.
    """
    missing: dict[str, None] = {}
    begun: set[str] = set()
    for keys, event in zip(keyed, events, strict=True):
        for key in keys:
            if key not in held and key not in begun and key not in missing:
                if projection.is_new(event):
                    begun.add(key)
                else:
                    missing[key] = None
    return list(missing)


def _level(sizes: Sequence[int], room: int) -> int:
    """How many each may keep so that all fit into ``room``: those below leave theirs to the others."""
    level = 0
    for place, size in enumerate(sorted(sizes)):
        level = room // (len(sizes) - place)
        if size > level:
            break
        room -= size
    return level
