"""A fold of no more than some documents need: those of their books, or they alone when they are made from no others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from domain.schema import Recorded
from projections.fold import DEAD_LETTERS, DeadLetter, Fold, Found, Parked, Store
from projections.projection import Document, Projection, View


class OutsideScope(Exception):
    """A projection reads a document of another book: what it makes cannot be derived from its own book."""


class ScopedFold:
    """Holds every document of its scope from the log's beginning on; nothing of it is stored."""

    def __init__(self, projections: Sequence[Projection], scopes: frozenset[str]) -> None:
        self.names = tuple(each.name for each in projections)
        self._kept: dict[str, dict[str, Document]] = {name: {} for name in (*self.names, DEAD_LETTERS)}
        self._scopes = scopes
        self._of_books = any(each.needs for each in projections)
        self._projections = [_Scoped(each, self.holds) for each in projections]
        self._fold = Fold(self._projections, Store(self._find, self._scan))

    def run(self, events: Sequence[Recorded]) -> None:
        for model, documents in self._fold.run(events).items():
            self._kept[model].update(documents)

    def document(self, parked: Parked) -> Document | None:
        return self._kept[parked.model].get(parked.key)

    def letters(self, parked: Parked) -> list[DeadLetter]:
        """The dead letters of a document, in order; none when every event of it could be applied."""
        found = [each for each in self._kept[DEAD_LETTERS].values() if isinstance(each, DeadLetter)]
        return [each for each in found if each.parked == parked]

    def holds(self, key: str) -> bool:
        """Whether a document is of the scope."""
        return (key.partition("/")[0] if self._of_books else key) in self._scopes

    def _find(self, wanted: Mapping[str, Sequence[str]]) -> Found:
        return {
            model: {key: self._kept[model][key] for key in ids if key in self._kept[model]}
            for model, ids in wanted.items()
        }

    def _scan(self, model: str, prefix: str) -> Sequence[Document]:
        return [each for key, each in self._kept[model].items() if key.startswith(prefix)]


def scopes_of(family: Sequence[Projection], keys: Iterable[str]) -> frozenset[str]:
    """What has to be folded for documents of a family: their books, or these documents alone."""
    of_books = any(each.needs for each in family)
    return frozenset(key.partition("/")[0] if of_books else key for key in keys)


class _Scoped:
    """A projection that has only the documents of a scope."""

    def __init__(self, projection: Projection, holds: Callable[[str], bool]) -> None:
        self._projection = projection
        self._holds = holds
        self.name, self.version, self.needs = projection.name, projection.version, projection.needs
        self.columns, self.appends, self.document_type = (
            projection.columns, projection.appends, projection.document_type
        )

    def keys(self, event: Recorded) -> Sequence[str]:
        return [key for key in self._projection.keys(event) if self._holds(key)]

    def is_new(self, event: Recorded) -> bool:
        return self._projection.is_new(event)

    def project(self, key: str, document: Any | None, event: Recorded, view: View) -> Any | None:
        return self._projection.project(key, document, event, _ScopedView(view, self._holds))


class _ScopedView:
    """A view that shows no document outside the scope."""

    def __init__(self, view: View, holds: Callable[[str], bool]) -> None:
        self._view = view
        self._holds = holds

    def get(self, model: str, key: str) -> Any | None:
        self._require_held(model, key)
        return self._view.get(model, key)

    def scan(self, model: str, prefix: str) -> Iterable[Any]:
        self._require_held(model, prefix)
        return self._view.scan(model, prefix)

    def _require_held(self, model: str, key: str) -> None:
        if not self._holds(key):
            raise OutsideScope(f"{model} {key} is of another book")
