"""The worker that keeps read models up with the logs."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress

from eventsourcing.persistence import PersistenceError

from domain.ledger import LogBroken
from domain.ports import LogRecorder
from domain.schema import Recorded
from infra.batches import EVENTS_AT_FIRST, EVENTS_AT_ONCE, GivenUp, UntilEnding, decoded, events_after, leaf_of
from infra.event_source import EventSource, FeedStopped, PolledLogs
from infra.reflected import require_same_history
from projections.fold import DEAD_LETTERS, DeadLetter, Fold, Parked, ProjectionStopped, Store
from projections.ports import ReadModels, ReadModelsMoved
from projections.projection import Document, Projection, families

LOOK_AGAIN_SECONDS = 0.01
# A batch has its own price, whatever is in it: while little comes, it gathers for a moment.
WORTH_A_BATCH = 500
GATHER_SECONDS = 0.03
WAIT_AFTER_TROUBLE_SECONDS = 1.0
LOOK_AT_HISTORY_SECONDS = 1.0
LET_GO_SECONDS = 5.0
LOOK_AT_WRITER_SECONDS = 0.5


class ProjectionWorker:
    """Folds every log into every read model, a batch at a time; while one is written the next is folded. Several
    workers may run: the store lets one win. The events come from ``source``, by default from the logs themselves;
    ``writer`` writes, by default a thread of its own.
    """

    def __init__(
        self, recorders: Mapping[str, LogRecorder], read_models: ReadModels, projections: Sequence[Projection],
        events_at_once: int = EVENTS_AT_ONCE, *, source: EventSource | None = None,
        writer: Executor | None = None, gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self._recorders = recorders
        self._read_models = read_models
        self._source = source or PolledLogs(recorders)
        self._families = [*families(tuple(projections))]
        self._all = tuple(projections)
        self._events_at_most = events_at_once
        self._events_at_once: dict[str, int] = {}
        self._gather_seconds = gather_seconds
        self._places: dict[tuple[str, str], int] = {}
        self._folds: dict[tuple[str, ...], Fold] = {}
        self._parked: set[Parked] = set()
        self._look_at_history = 0.0
        self._writer = writer
        self._own_writer: ThreadPoolExecutor | None = None
        self._written: tuple[Future[None], str] | None = None
        self._last_written: Future[None] | None = None
        self._writing: tuple[str, ...] = ()
        self._stopping = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="projections", daemon=True)
        self.documents = 0
        self.events = 0
        self.trouble = ""
        self._source.begin(self._let_go)

    @property
    def filled(self) -> int:
        """How many events were lacking when its feed brought later ones."""
        return self._source.filled

    @property
    def ahead(self) -> int:
        """How many events it read from their log before its feed brought them."""
        return self._source.ahead

    @property
    def heads(self) -> tuple[str, ...]:
        """One model of each family; those of a family stand at the same event."""
        return tuple(family[0].name for family in self._families)

    def logs(self) -> Sequence[str]:
        """The logs that are this worker's at present."""
        return self._source.logs()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends within seconds: what is being folded is given up, and what is being written is not waited for long."""
        self._stopping.set()
        if self._thread.is_alive():
            self._ending.set()
            self._thread.join()
            self._ending.clear()
        self._rest()
        self._source.close()

    def catch_up(self, on_progress: Callable[[int], None] | None = None) -> None:
        """Folds until every read model reflects every log to its end.

        Raises:
            ReadModelsAhead, ProjectionStopped, LogBroken: the read models go no further.
        """
        try:
            while done := self.step():
                if on_progress:
                    on_progress(done)
        finally:
            self._rest()

    def step(self, wait_seconds: float = 0.0) -> int:
        """Folds one batch of each log; how many events that were. None: everything is folded, and written.

        Raises:
            ProjectionStopped, FeedStopped, LogBroken: of the first log that goes no further, once the others have no
                more.
        """
        self._source.gather(wait_seconds)
        self._require_same_history()
        try:
            done, stopped = self._step_each()
            if not done:
                self._finish_writing()
        except ReadModelsMoved:
            self._begin_again()
            return 1
        except BaseException:
            self._begin_again()
            raise
        self.trouble = f"{type(stopped).__name__}: {stopped}" if stopped else self._source.trouble()
        if stopped and not done:
            raise stopped
        return done

    def _step_each(self) -> tuple[int, Exception | None]:
        done = 0
        stopped: Exception | None = None
        for log in self._source.logs():
            try:
                done += self._step(log)
            except (ProjectionStopped, FeedStopped, LogBroken) as error:
                # It is the trouble of this log alone: the others go on.
                stopped = stopped or error
                self._finish_writing()
        return done, stopped

    def _run(self) -> None:
        done = 0
        while not self._stopping.is_set():
            try:
                done = self.step(0.0 if done >= WORTH_A_BATCH else self._gather_seconds if done else LOOK_AGAIN_SECONDS)
            except GivenUp:
                return
            except PersistenceError as error:
                self._trouble(error)
            except Exception as error:  # noqa: BLE001
                # What stops one log's projection is said in /readyz, and tried again when the store may be mended.
                self._trouble(error)

    def recover(self, error: Exception) -> None:
        """Says what kept a step from being made, and begins again from what is stored."""
        self.trouble = f"{type(error).__name__}: {error}"
        self._begin_again()

    def _trouble(self, error: Exception) -> None:
        self.recover(error)
        self._stopping.wait(WAIT_AFTER_TROUBLE_SECONDS)

    def _require_same_history(self) -> None:
        """Whenever it begins again, and now and then, since nobody tells it that a log was restored."""
        if time.monotonic() >= self._look_at_history:
            require_same_history(self._recorders, self._read_models)
            self._look_at_history = time.monotonic() + LOOK_AT_HISTORY_SECONDS

    def _step(self, log: str) -> int:
        places = [self._place(family, log) for family in self._families]
        start = min(places)
        # Those behind stop where the others stand, and go on together with them.
        stop = min((place for place in places if place > start), default=None)
        at_once = self._events_at_once.get(log, min(EVENTS_AT_FIRST, self._events_at_most))
        page = self._source.read(log, start, at_once, stop)
        if not page:
            return 0
        began = time.monotonic()
        behind = [family for family, place in zip(self._families, places, strict=True) if place == start]
        members = [projection for family in behind for projection in family]
        if page[-1].id - start != len(page):
            raise LogBroken(f"{log} lacks events after {start}")
        self._advance(log, members, start, decoded(log, page), leaf_of(page[-1]))
        for family in behind:
            self._places[family[0].name, log] = page[-1].id
        taken = time.monotonic() - began
        self._events_at_once[log] = events_after(at_once, taken, self._events_at_most, was_full=len(page) == at_once)
        return len(page)

    def _advance(
        self, log: str, members: Sequence[Projection], start: int, events: Sequence[Recorded], leaf: bytes
    ) -> None:
        names = tuple(projection.name for projection in members)
        # A fold holds what it wrote itself; what another one is writing must be in the store before it is read there.
        if names != self._writing:
            self._finish_writing()
            self._writing = names
        if names not in self._folds:
            self._folds[names] = self._fold(names)
        parked = {each for each in self._parked if each.log == log and each.model in names}
        try:
            changes = self._folds[names].run(UntilEnding(events, self._ending))
        except BaseException:
            del self._folds[names]
            raise
        self._finish_writing()
        self._written = self._executor().submit(
            self._read_models.write, log, changes, expected=start, reflected=events[-1].sequence, models=names,
            leaf=leaf, parked=parked,
        ), log
        self._last_written = self._written[0]
        self._parked |= _parked(changes.get(DEAD_LETTERS, {}).values())
        self.documents += sum(map(len, changes.values()))
        self.events += len(events)

    def _executor(self) -> Executor:
        if self._writer is None and self._own_writer is None:
            self._own_writer = ThreadPoolExecutor(1, "read-models")
        return self._writer or self._own_writer  # type: ignore[return-value]

    def _fold(self, names: Sequence[str]) -> Fold:
        store = Store(self._read_models.find, self._scan)
        letters = [each for each in self._read_models.scan(DEAD_LETTERS, "") if isinstance(each, DeadLetter)]
        self._parked |= _parked(letters)
        return Fold([each for each in self._all if each.name in names], store, dead_letters=letters)

    def _scan(self, model: str, prefix: str) -> Sequence[Document]:
        self._finish_writing()
        return self._read_models.scan(model, prefix)

    def _finish_writing(self) -> None:
        """Waits for what is being written; its error is raised here."""
        if self._written is None:
            return
        written, log = self._written
        while not self._is_done(written):
            if self._ending.is_set():
                raise GivenUp("the worker ends")
        self._written = None
        written.result()
        self._report(log)

    @staticmethod
    def _is_done(written: "Future[None]") -> bool:
        with suppress(Exception):
            written.result(LOOK_AT_WRITER_SECONDS)
        return written.done()

    def _report(self, log: str) -> None:
        self._source.reflected(log, min(self._place(family, log) for family in self._families))

    def _rest(self) -> None:
        """Leaves no thread behind, but one whose store does not answer: that ends with its connection."""
        if self._own_writer is not None:
            last = self._last_written
            is_done = last is None or bool(wait([last], LET_GO_SECONDS).done)
            self._own_writer.shutdown(wait=is_done)
            self._own_writer = None

    def _let_go(self) -> None:
        """Finishes the batch, for so long, and forgets everything: someone else goes on. Were its end not waited for,
        the store would still let one win.
        """
        if self._written is not None:
            written, log = self._written
            if wait([written], LET_GO_SECONDS).done and not written.exception():
                self._report(log)
        self._forget()

    def _begin_again(self) -> None:
        """Forgets what was folded beyond the store: it may not be there."""
        if self._written is not None:
            wait([self._written[0]], LET_GO_SECONDS if self._ending.is_set() else None)
        self._forget()

    def _forget(self) -> None:
        self._written = None
        self._places.clear()
        self._folds.clear()
        self._parked.clear()
        self._look_at_history = 0.0

    def _place(self, family: Sequence[Projection], log: str) -> int:
        """Where a family stands; with a new member (or a new version of one) it begins again."""
        key = (family[0].name, log)
        if key not in self._places:
            names = [projection.name for projection in family]
            places = self._read_models.places(names, log)
            if len(places) > 1:
                self._begin_again()
                self._read_models.clear(names)
                places = {0}
            (self._places[key],) = places
        return self._places[key]


def _parked(letters: Iterable[Document]) -> set[Parked]:
    return {letter.parked for letter in letters if isinstance(letter, DeadLetter)}
