"""What a read model is: a pure function from events to documents, the same wherever it runs."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Protocol, Self

import msgspec

from domain.events import TradeBooked
from domain.schema import Recorded


class Document(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """One read-model entry. ``sequence`` is the last event of ``log`` that changed it, both set by whoever folds;
    ``stale`` says that an event which belongs to it could not be applied.
    """

    id: str
    log: str = ""
    sequence: int = 0
    stale: bool = False

    def copy(self) -> Self:
        """A copy to change; what it holds is shared, and never changed."""
        return msgspec.structs.replace(self)


class View(Protocol):
    """The documents of the models a projection needs, as they stand at the event being projected."""

    def get(self, model: str, key: str) -> Any | None: ...

    def scan(self, model: str, prefix: str) -> Iterable[Any]:
        """The documents whose id begins with ``prefix``, in the order of their ids."""


class Projection(Protocol):
    """A name, and a pure fold. ``needs`` names the models it reads; they are folded before it, event by event, and
    its own as it stood before this key.

    ``columns`` are the document attributes a store keeps beside the document for filtering.
    ``project`` returns the new document for ``key``: a fresh one or a changed copy, never its argument changed.
    None leaves it as it was. ``appends`` says that an id is written once: there is nothing to load.
    ``is_new`` says that of one event: none of its documents can have been there before it.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def appends(self) -> bool: ...
    @property
    def document_type(self) -> type[Document]: ...

    def keys(self, event: Recorded, /) -> Sequence[str]:
        """The ids of the documents this event belongs to; the id begins with the book (audit: the log)."""

    def is_new(self, event: Recorded, /) -> bool:
        """False wherever another event may have begun one of the documents."""

    def project(self, key: str, document: Any | None, event: Recorded, view: View, /) -> Any | None: ...


def nothing_new(_projection: object, _event: Recorded) -> bool:
    """``Projection.is_new`` where any document may have been before any event."""
    return False


def trades_are_new(_projection: object, event: Recorded) -> bool:
    """``Projection.is_new`` where a document is of one trade."""
    return type(event.event) is TradeBooked


def families_of(projections: Sequence[Projection], models: Sequence[str]) -> tuple[Projection, ...]:
    """The projections of the families that ``models`` belong to, in their order; all of them when none are named.

    Raises:
        KeyError: for a model that there is not.
    """
    unknown = set(models) - {projection.name for projection in projections}
    if unknown:
        raise KeyError(*sorted(unknown))
    chosen = {
        member.name for family in families(projections) for member in family
        if not models or any(each.name in models for each in family)
    }
    return tuple(projection for projection in projections if projection.name in chosen)


def families(projections: Sequence[Projection]) -> list[tuple[Projection, ...]]:
    """The projections in groups that need each other, and so must stand at the same event."""
    grouped: list[list[Projection]] = []
    for projection in projections:
        joined = [group for group in grouped if any(member.name in projection.needs for member in group)]
        grouped = [group for group in grouped if group not in joined]
        grouped.append([*(member for group in joined for member in group), projection])
    return [tuple(group) for group in grouped]


def dependants_first(projections: Sequence[Projection]) -> list[tuple[str, ...]]:
    """The names in groups, each after every model that is made from it."""
    heights: dict[str, int] = {}
    for projection in reversed(projections):
        made_from_it = [each.name for each in projections if projection.name in each.needs and each is not projection]
        heights[projection.name] = max((heights[name] for name in made_from_it), default=-1) + 1
    return [
        tuple(each.name for each in projections if heights[each.name] == height)
        for height in sorted(set(heights.values()))
    ]


def reader_of(columns: Sequence[str]) -> Callable[[Document], tuple[Any, ...]]:
    """What gives a document's values of ``columns``, which a store keeps beside it for filtering."""
    if not columns:
        return lambda _document: ()
    if len(columns) == 1:
        return lambda document: (getattr(document, columns[0]),)
    return attrgetter(*columns)
