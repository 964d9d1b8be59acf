"""Holding served read models against a rebuild, document by document, while commands and workers go on.

A document is determined by the events of its log up to the last that changed it. So what is served is read just after
its tracking: a document that no later event changed is as it was there, and the rebuild is folded to there. Documents
that were changed later are read again; and for those that every batch changes the rebuild is folded to the very event
that changed them last.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from domain.ports import LogRecorder
from infra.event_source import PolledLogs
from infra.log_ends import ends
from infra.projection_worker import ProjectionWorker
from infra.rebuild import folded_beside
from projections.ports import ReadModels, ReadModelsMoved, ReadModelStore
from projections.projection import Document, Projection, families

Progress = Callable[[int], None]
Key = tuple[str, str]
"""A model, and the id of a document."""

_encode = msgspec.json.Encoder(order="deterministic").encode
READ_AT_ONCE = 1_000
LOOK_AGAIN = 3
"""So often is looked whether a document stands still: to fold for each document by itself takes longer."""


class Compared(msgspec.Struct, frozen=True):
    """One read model: the documents (by id) that are not what the log folds to. ``unreadable`` says why they could not
    be read; ``reflected`` is where the model stood in each log when it was looked at first.
    """

    differing: tuple[str, ...]
    reflected: Mapping[str, int]
    unreadable: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.differing or self.unreadable)


def hold_against_rebuild(
    recorders: Mapping[str, LogRecorder], read_models: ReadModelStore, projections: Sequence[Projection],
    on_progress: Progress | None = None,
) -> dict[str, Compared]:
    """Folds the logs into a generation for the purpose, and compares. Nothing that is served is changed.

    Raises:
        ReadModelsMoved: when what is served was built anew meanwhile, and reflects less than before.
    """
    found: dict[str, Compared] = {}
    grouped = families(tuple(projections))
    # As far as every model is served, a log is read once for all of them.
    until = _reflected(read_models, [family[0].name for family in grouped], recorders)
    with folded_beside(recorders, read_models, projections, on_progress, until=until) as beside:
        for family in grouped:
            comparison = _Family(recorders, read_models, beside, family)
            try:
                found |= comparison.result(on_progress)
            finally:
                comparison.stop()
    return {projection.name: found[projection.name] for projection in projections}


class _Family:
    """Projections that are folded together, as they are served and as they are rebuilt."""

    def __init__(
        self, recorders: Mapping[str, LogRecorder], served: ReadModels, rebuilt: ReadModels,
        family: Sequence[Projection],
    ) -> None:
        self._served, self._rebuilt = served, rebuilt
        self._recorders = recorders
        self._models = [projection.name for projection in family]
        self._until: dict[str, int] = {}
        self._worker = ProjectionWorker(recorders, rebuilt, family, source=PolledLogs(recorders, self._until))
        self._differing: dict[str, set[str]] = {model: set() for model in self._models}
        self._moving: list[Key] = []
        self._unreadable: dict[str, str] = {}

    def stop(self) -> None:
        self._worker.stop()

    def result(self, on_progress: Progress | None) -> dict[str, Compared]:
        at = self._where_served_stands()
        self._fold(at, on_progress)
        for model in self._models:
            self._compare_all(model, at)
        self._look_again(on_progress)
        return {
            model: Compared(
                differing=tuple(sorted(self._differing[model])),
                reflected=at, unreadable=self._unreadable.get(model, ""),
            )
            for model in self._models
        }

    def _compare_all(self, model: str, at: Mapping[str, int]) -> None:
        try:
            for served, rebuilt in _side_by_side(_documents(self._served, model), _documents(self._rebuilt, model)):
                if served and _was_changed_after(served, at):
                    self._moving.append((model, served.id))
                else:
                    self._judge(model, served, rebuilt)
        except msgspec.MsgspecError as error:
            self._unreadable[model] = str(error)

    def _look_again(self, on_progress: Progress | None) -> None:
        for _ in range(LOOK_AGAIN):
            again, self._moving = self._moving, []
            for start in range(0, len(again), READ_AT_ONCE):
                keys = again[start : start + READ_AT_ONCE]
                at, read = self._where_served_stands(), self._found(self._served, keys)
                self._fold(at, on_progress)
                for key, rebuilt in self._found(self._rebuilt, keys).items():
                    served = read[key]
                    if served and _was_changed_after(served, at):
                        self._moving.append(key)
                    else:
                        self._judge(key[0], served, rebuilt)
        self._follow(on_progress)

    def _found(self, read_models: ReadModels, wanted: Sequence[Key]) -> dict[Key, Document | None]:
        found = read_models.find({model: [key for of, key in wanted if of == model] for model in self._models})
        return {(model, key): found[model].get(key) for model, key in wanted}

    def _follow(self, on_progress: Progress | None) -> None:
        """Folds to the last event of one document after the other. All of them are read first: the fold does not go
        back.
        """
        read: list[tuple[int, Key, Document | None]] = []
        for start in range(0, len(self._moving), READ_AT_ONCE):
            at = self._where_served_stands()
            found = self._found(self._served, self._moving[start : start + READ_AT_ONCE])
            read += [(max(each.sequence, at.get(each.log, 0)) if each else 0, key, each) for key, each in found.items()]
        last = ends(self._recorders)
        for place, key, served in sorted(read, key=lambda each: each[0]):
            if served and place > last.get(served.log, 0):
                # There is no such event: to fold so far would be to wait for it.
                self._differing[key[0]].add(key[1])
                continue
            if served and place > self._until[served.log]:
                self._fold({served.log: place}, on_progress)
            self._judge(key[0], served, self._found(self._rebuilt, [key])[key])

    def _judge(self, model: str, served: Document | None, rebuilt: Document | None) -> None:
        # Equal bytes, as in digests: 1.0 and 1.00 are not the same figure to who reads them.
        if served is None or rebuilt is None or _encode(served) != _encode(rebuilt):
            self._differing[model].update(each.id for each in (served, rebuilt) if each)

    def _where_served_stands(self) -> dict[str, int]:
        at = _reflected(self._served, self._models, self._recorders)
        if any(place < self._until.get(log, 0) for log, place in at.items()):
            raise ReadModelsMoved(f"{', '.join(self._models)} were built anew meanwhile: compare again")
        return at

    def _fold(self, at: Mapping[str, int], on_progress: Progress | None) -> None:
        self._until.update(at)
        self._worker.catch_up(on_progress)


def _was_changed_after(document: Document, at: Mapping[str, int]) -> bool:
    return document.sequence > at.get(document.log, 0)


def _reflected(read_models: ReadModels, models: Sequence[str], logs: Iterable[str]) -> dict[str, int]:
    return {log: min(read_models.places(models, log)) for log in logs}


def _documents(read_models: ReadModels, model: str) -> Iterator[Document]:
    after: str | None = None
    while page := read_models.select(model, after=after, limit=READ_AT_ONCE):
        yield from page
        after = page[-1].id


def _side_by_side(
    served: Iterator[Document], rebuilt: Iterator[Document]
) -> Iterator[tuple[Document | None, Document | None]]:
    """The documents of two models by id; None where one of them has none."""
    left, right = next(served, None), next(rebuilt, None)
    while left or right:
        if right is None or (left is not None and left.id < right.id):
            yield left, None
            left = next(served, None)
        elif left is None or right.id < left.id:
            yield None, right
            right = next(rebuilt, None)
        else:
            yield left, right
            left, right = next(served, None), next(rebuilt, None)
