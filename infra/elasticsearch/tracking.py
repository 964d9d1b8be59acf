"""What models reflect of a log: one entry a model and log, which nobody writes who has not seen what stands there.

It also counts how often the model was mended there, and says while it is. A mending holds up whoever writes: what was
read before it cannot become what is reflected any more, and what is read after it is whole. Who holds others up for too
long, for it was killed or is cut off, is passed over: the number of mendings goes on, and what it still writes is lost
wherever somebody wrote since.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from uuid import uuid4

import msgspec

from infra.elasticsearch.bulk import Bulk
from infra.elasticsearch.connection import Connection
from infra.elasticsearch.documents import Action, Entry, Target, Unchanged, reflects_id, written_as
from infra.elasticsearch.search import Got, got_many, whole
from projections.ports import ReadModelsMoved

LOOK_AGAIN_SECONDS = 0.05
FIRST_VERSION = 1


class Mendings(msgspec.Struct, gc=False):
    """How many there were, and whose is under way; in the field of documents, which takes anything: indices that are
    there already need no new field.
    """

    count: int = 0
    by: str = ""


class Reflects(msgspec.Struct, gc=False):
    """``visible``: up to where every search sees the events of the log ``reflects``; ``leaf``: the last one's hash."""

    reflects: str
    visible: int
    leaf: bytes
    document: Mendings


class Tracked(NamedTuple):
    """What a model reflects of a log, and which writing that was."""

    sequence: int
    leaf: bytes
    mendings: Mendings
    number: int
    term: int


class Tracking:
    """``read`` and ``written`` say by which index a model is read and written."""

    def __init__(
        self, connection: Connection, bulk: Bulk, read: Callable[[str], str], written: Callable[[str], str]
    ) -> None:
        self._connection = connection
        self._bulk = bulk
        self._read = read
        self._written = written

    def of(self, models: Sequence[str], log: str) -> Mapping[str, Tracked]:
        """What each of ``models`` reflects of a log."""
        found = whole(lambda: got_many(self._connection, [(self._read(name), reflects_id(log)) for name in models]))
        return {name: _tracked(each) for name, each in zip(models, found, strict=True)}

    def settled(self, models: Sequence[str], log: str, patience_seconds: float) -> Mapping[str, Tracked]:
        """As ``of``, once none of them is being mended.

        Raises:
            ReadModelsMoved: when a mending went on for longer than ``patience_seconds``, and was passed over.
        """
        deadline = time.monotonic() + patience_seconds
        while True:
            found = self.of(models, log)
            mended = {name: each for name, each in found.items() if each.mendings.by}
            if not mended:
                return found
            if time.monotonic() >= deadline:
                self._move(log, mended)
                raise ReadModelsMoved(f"{', '.join(mended)} were being mended for too long: {log} goes on without it")
            time.sleep(LOOK_AGAIN_SECONDS)

    def move(self, log: str, found: Mapping[str, Tracked], sequence: int, leaf: bytes) -> None:
        """Lets models reflect a log up to ``sequence``.

        Raises:
            ReadModelsMoved: when somebody wrote what one of them reflects since it was ``found``.
        """
        # Who was cut off may have left some beyond: what was reflected once is not to be less.
        after = {
            name: Reflects(log, sequence, leaf, Mendings(each.mendings.count))
            for name, each in found.items() if each.sequence <= sequence
        }
        if self._write(found, after):
            raise ReadModelsMoved(f"another worker wrote events of {log} up to {sequence} or beyond, or mended some")

    @contextmanager
    def mending(
        self, log: str, models: Sequence[str], at: int, patience_seconds: float
    ) -> Iterator[Mapping[str, int]]:
        """Holds up whoever writes what ``models`` reflect, which is ``at``; by model, which mending this is.

        Raises:
            ReadModelsMoved: when they reflect something else, or this was passed over: then it may be undone.
        """
        found = self.settled(models, log, patience_seconds)
        if {each.sequence for each in found.values()} != {at}:
            raise ReadModelsMoved(f"{', '.join(models)} do not all reflect {log} up to {at}")
        by = uuid4().hex
        self._move(log, found, by)
        held = {name: each for name, each in self.of(models, log).items() if each.mendings.by == by}
        try:
            if len(held) < len(models):
                raise ReadModelsMoved(f"somebody else writes or mends {', '.join(models)} of {log}")
            yield {name: each.mendings.count for name, each in held.items()}
        finally:
            passed_over = self._move(log, held)
        if passed_over:
            raise ReadModelsMoved(f"mending {', '.join(models)} of {log} took too long: others went on")

    def _move(self, log: str, found: Mapping[str, Tracked], by: str = "") -> int:
        """Begins a mending, or ends one; either counts. How many were written by others since."""
        after = {
            name: Reflects(log, each.sequence, each.leaf, Mendings(each.mendings.count + 1, by))
            for name, each in found.items()
        }
        return self._write(found, after)

    def _write(self, found: Mapping[str, Tracked], after: Mapping[str, Reflects]) -> int:
        return self._bulk.send([
            Entry(Action(_unchanged(written_as(self._written(name)), entry.reflects, found[name])), entry)
            for name, entry in after.items()
        ])


def _unchanged(index: str, log: str, found: Tracked) -> Target | Unchanged:
    if found.number < 0:
        return Target(index, reflects_id(log), FIRST_VERSION)
    return Unchanged(index, reflects_id(log), found.number, found.term)


def _tracked(got: Got) -> Tracked:
    stored = got.source
    if stored is None:
        return Tracked(0, b"", Mendings(), -1, -1)
    mendings = msgspec.json.decode(stored.document, type=Mendings) if bytes(stored.document) else Mendings()
    return Tracked(stored.visible, stored.leaf, mendings, got.number, got.term)
