"""The one thread that decides: commands wait in a bounded queue, and what waits together is committed together."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

import msgspec

from domain.admission import NotOneLog, NotRecorded, OutcomeUnknown, QueueFull
from domain.batch import Unit
from domain.outcomes import Outcome, Submission
from domain.routing import MARKET, REFERENCE, log_of
from infra.logs import CommandedLogs

IDLE_SECONDS = 1.0
_ORDER = {REFERENCE: 0, MARKET: 1}


class Request(msgspec.Struct):
    """What one caller handed in, and the promise of its outcomes. ``log`` is where all of it belongs, or ""."""

    submissions: Sequence[Submission]
    atomic: bool
    dry_run: bool
    log: str
    promise: "Future[Sequence[Outcome]]"


class Owner:
    """Commits for every log from one thread, so that the deciders' states need no lock."""

    def __init__(
        self, logs: CommandedLogs, *, batch_limit: int, queue_limit: int, on_commit: Callable[[], None] = lambda: None
    ) -> None:
        self._logs = logs
        self._batch_limit = batch_limit
        self._queue_limit = queue_limit
        self._on_commit = on_commit
        self._waiting: deque[Request] = deque()
        self._count = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="owner", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after what is being committed; what still waits is answered as not recorded."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        while self._waiting:
            promise = self._waiting.popleft().promise
            if promise.set_running_or_notify_cancel():
                promise.set_exception(NotRecorded("Everbook is stopping"))

    def submit(
        self, submissions: Sequence[Submission], *, atomic: bool = False, dry_run: bool = False
    ) -> "Future[Sequence[Outcome]]":
        """A promise of one outcome a submission, in order.

        Raises:
            QueueFull, NotOneLog: at once; nothing was taken.
        """
        names = {log_of(submission.command, self._logs.ledgers) for submission in submissions}
        if atomic and len(names) > 1:
            raise NotOneLog("an atomic unit belongs to one log: " + ", ".join(sorted(names)) + " are several")
        log = next(iter(names)) if len(names) == 1 else ""
        request = Request(submissions, atomic, dry_run, log, Future())
        with self._changed:
            if self._stopping:
                raise QueueFull(1)
            # A request larger than the whole queue is let in when it would be alone.
            if self._count and self._count + len(submissions) > self._queue_limit:
                raise QueueFull(1)
            self._waiting.append(request)
            self._count += len(submissions)
            self._changed.notify()
        return request.promise

    def queued(self) -> int:
        return self._count

    def _run(self) -> None:
        while not self._stopping:
            if requests := self._take():
                self._serve(requests)
            elif not self._stopping:
                self._follow()

    def _take(self) -> list[Request]:
        with self._changed:
            if not self._waiting:
                self._changed.wait(IDLE_SECONDS)
            taken: list[Request] = []
            count = 0
            while self._waiting and (not taken or count + len(self._waiting[0].submissions) <= self._batch_limit):
                request = self._waiting.popleft()
                count += len(request.submissions)
                taken.append(request)
            self._count -= count
            return taken

    def _follow(self) -> None:
        try:
            self._logs.follow()
        except Exception:  # noqa: BLE001
            # The store is away or a log is broken: the next command will say so to whoever sent it.
            return

    def _serve(self, requests: Sequence[Request]) -> None:
        """Requests that share a log share a commit; those that were waiting together have no order among them."""
        shared: dict[tuple[str, bool], list[Request]] = {}
        for request in requests:
            if request.promise.set_running_or_notify_cancel():
                shared.setdefault((request.log, request.dry_run), []).append(request)
        for (log, dry_run), group in sorted(shared.items(), key=lambda item: _ORDER.get(item[0][0], 2)):
            try:
                outcomes = self._commit_group(log, group, dry_run)
            except BaseException as error:  # noqa: BLE001
                self._fail(group, error)
                continue
            self._on_commit()
            for request in group:
                request.promise.set_result([next(outcomes) for _ in request.submissions])

    def _commit_group(self, log: str, group: Sequence[Request], dry_run: bool) -> Iterator[Outcome]:
        outcomes: list[Outcome] = []
        if log:
            units = [unit for request in group for unit in self._units(request)]
            for share in self._shares(units):
                outcomes += self._logs.commit(log, share, dry_run)
            return iter(outcomes)
        for request in group:
            outcomes += self._commit_in_order(request.submissions, dry_run)
        return iter(outcomes)

    def _units(self, request: Request) -> Iterator[Unit]:
        if request.atomic:
            yield Unit(tuple(request.submissions), atomic=True)
            return
        for at in range(0, len(request.submissions), self._batch_limit):
            yield Unit(tuple(request.submissions[at : at + self._batch_limit]))

    def _shares(self, units: Sequence[Unit]) -> Iterator[list[Unit]]:
        share: list[Unit] = []
        count = 0
        for unit in units:
            if share and count + len(unit.submissions) > self._batch_limit:
                yield share
                share, count = [], 0
            share.append(unit)
            count += len(unit.submissions)
        yield share

    def _commit_in_order(self, submissions: Sequence[Submission], dry_run: bool) -> list[Outcome]:
        """Of one request, trades see the reference data and prices that stand before them, and no later ones."""
        outcomes: list[Outcome] = [None] * len(submissions)  # type: ignore[list-item]
        for run in _runs(submissions, self._logs.ledgers, self._batch_limit):
            for log, places in run.items():
                unit = Unit(tuple(submissions[place] for place in places))
                for place, outcome in zip(places, self._logs.commit(log, [unit], dry_run), strict=True):
                    outcomes[place] = outcome
        return outcomes

    @staticmethod
    def _fail(group: Sequence[Request], error: BaseException) -> None:
        retryable = error if isinstance(error, NotRecorded) else OutcomeUnknown(f"{type(error).__name__}: {error}")
        retryable.__cause__ = error if retryable is not error else None
        for request in group:
            request.promise.set_exception(retryable)


def _runs(submissions: Sequence[Submission], ledgers: int, limit: int) -> Iterator[dict[str, list[int]]]:
    """Places by log: a new run begins whenever the kind of log changes, or a run is full."""
    run: dict[str, list[int]] = {}
    kind, count = "", 0
    for place, submission in enumerate(submissions):
        log = log_of(submission.command, ledgers)
        this = log if log in _ORDER else "ledger"
        if run and (this != kind or count == limit):
            yield run
            run, count = {}, 0
        kind = this
        run.setdefault(log, []).append(place)
        count += 1
    if run:
        yield run
