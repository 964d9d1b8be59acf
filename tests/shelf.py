"""A store of documents without transactions, and workers on it that can stop between any two of their writes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

import msgspec

from domain.schema import Recorded
from projections.fold import DEAD_LETTERS, Changes, DeadLetter, Fold, Found, Store
from projections.projection import Document, Projection, dependants_first

_encode = msgspec.json.Encoder(order="deterministic").encode


class Shelf:
    """Keeps of each document the highest version. A scan sees what there was at the last refresh, a read by id all."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._kinds: dict[str, type[Document]] = {each.name: each.document_type for each in projections}
        self._kinds[DEAD_LETTERS] = DeadLetter
        self._written: dict[tuple[str, str], Document] = {}
        self._seen: dict[tuple[str, str], Document] = {}
        self.tracking = 0

    def put(self, model: str, document: Document) -> None:
        known = self._written.get((model, document.id))
        if known is None or _version(known) < _version(document):
            self._written[model, document.id] = self._stored(model, document)

    def refresh(self) -> None:
        self._seen = dict(self._written)

    def find(self, wanted: Mapping[str, Sequence[str]]) -> Found:
        return {model: self.get_many(model, ids) for model, ids in wanted.items()}

    def get_many(self, model: str, ids: Sequence[str]) -> Mapping[str, Document]:
        return {key: self._written[model, key] for key in ids if (model, key) in self._written}

    def scan(self, model: str, prefix: str) -> list[Document]:
        return [each for (of, key), each in sorted(self._seen.items()) if of == model and key.startswith(prefix)]

    def documents(self) -> dict[str, bytes]:
        """All of them, a stale one as no more than that, and of dead letters no more than which there are."""
        return {
            f"{model} {key}": b"stale" if each.stale else b"" if model == DEAD_LETTERS else _encode(each)
            for (model, key), each in self._written.items()
        }

    def _stored(self, model: str, document: Document) -> Document:
        kind: Any = Document if document.stale else self._kinds[model]
        return msgspec.json.decode(_encode(document), type=kind)  # type: ignore[no-any-return]


class Hand:
    """A worker on a shelf; ``steps`` writes one thing at a time, in the order that ``ReadModels.write`` demands, and
    ``meanwhile`` says what others do before each of its reads.
    """

    def __init__(
        self, shelf: Shelf, projections: Sequence[Projection], events: Sequence[Recorded], *, at_once: int,
        random: Random, meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._meanwhile = meanwhile
        self._shelf = shelf
        self._projections = projections
        self._events = events
        self._at_once = at_once
        self._random = random

    def steps(self) -> Iterator[None]:
        """Until all is folded; whoever stops calling kills it."""
        fold, place = self._afresh(), self._shelf.tracking
        while place < len(self._events):
            events = self._events[place : place + self._at_once]
            changes = fold.run(events)
            yield
            if self._shelf.tracking == place:
                yield from self._write(changes)
                place += len(events)
            if self._shelf.tracking < place:
                self._shelf.tracking = place
            else:
                fold, place = self._afresh(), self._shelf.tracking

    def _write(self, changes: Changes) -> Iterator[None]:
        for group in [(DEAD_LETTERS,), *dependants_first(self._projections)]:
            entries = [(model, each) for model in group for each in changes.get(model, {}).values()]
            self._random.shuffle(entries)
            for model, each in entries:
                self._shelf.put(model, each)
                yield
        self._shelf.refresh()
        yield

    def _afresh(self) -> Fold:
        self._shelf.refresh()
        letters = [each for each in self._shelf.scan(DEAD_LETTERS, "") if isinstance(each, DeadLetter)]
        return Fold(self._projections, Store(self._find, self._scan), dead_letters=letters)

    def _find(self, wanted: Mapping[str, Sequence[str]]) -> Found:
        found: dict[str, Mapping[str, Document]] = {}
        for model, ids in wanted.items():
            # One request, but not one moment: others write in between.
            self._meanwhile()
            found[model] = self._shelf.get_many(model, ids)
        return found

    def _scan(self, model: str, prefix: str) -> Sequence[Document]:
        self._meanwhile()
        return self._shelf.scan(model, prefix)


def _version(document: Document) -> int:
    return document.sequence << 1 | (not document.stale)
