"""The one thread that decides: commands wait in a bounded queue, and what waits together is committed together."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor

import msgspec
from eventsourcing.persistence import IntegrityError

from domain.admission import NotRecorded, OutcomeUnknown, QueueFull
from domain.batch import Unit
from domain.commands import ReferenceCommand
from domain.ledger import Draft
from domain.outcomes import Outcome, Submission
from domain.ports import LogMoved
from infra.logs import CANNOT_READ, CommandedLogs
from infra.requests import ORDER, Request, logs_of, runs, shares

IDLE_SECONDS = 1.0


class Flight(msgspec.Struct, frozen=True):
    """A commit on its way to the store, and whom it answers."""

    log: str
    group: Sequence[Request]
    units: Sequence[Unit]
    draft: Draft
    landed: "Future[None]"
    started: float


class Owner:
    """Commits for every log from one thread, so that the deciders' states need no lock.

    ``on_commit`` is told how many commands were committed together, and the seconds it took. ``trouble`` says what
    keeps the logs from being followed, or what ended the thread; it is empty while all is well.
    """

    def __init__(self, logs: CommandedLogs, *, batch_limit: int, queue_limit: int) -> None:
        self._logs = logs
        self._batch_limit = batch_limit
        self._queue_limit = queue_limit
        self.on_commit: Callable[[int, float], None] | None = None
        self._waiting: deque[Request] = deque()
        self._count = 0
        self._taken: list[Request] = []
        self._flight: Flight | None = None
        self._appender = ThreadPoolExecutor(1, "append")
        self._changed = threading.Condition()
        self._deciding = threading.Lock()
        self._stopping = self._ended = False
        self._sent, self._next_carry = 0, 0.0
        self.trouble = ""
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
        self._appender.shutdown()
        while self._waiting:
            promise = self._waiting.popleft().promise
            if promise.set_running_or_notify_cancel():
                promise.set_exception(NotRecorded("Everbook is stopping"))

    def submit(
        self, submissions: Sequence[Submission], *, atomic: bool = False, dry_run: bool = False
    ) -> "Future[Sequence[Outcome]]":
        """A promise of one outcome a submission, in order.

        Raises:
            QueueFull, NotOneLog, NotRecorded: at once; nothing was taken.
        """
        request = self._request(submissions, atomic=atomic, dry_run=dry_run)
        with self._changed:
            self._require_running()
            # A request larger than the whole queue is let in when it would be alone.
            if self._count and self._count + len(submissions) > self._queue_limit:
                raise QueueFull(1)
            self._waiting.append(request)
            self._count += len(submissions)
            self._changed.notify()
        return request.promise

    def feed(self, batches: Iterable[Sequence[Submission]]) -> Iterator[Sequence[Outcome]]:
        """The outcomes of every batch, in order, decided in the caller's thread; nothing of it is in flight afterwards.
        What others submit meanwhile is decided in between.

        Raises:
            QueueFull, NotRecorded, OutcomeUnknown: of the first batch that failed.
        """
        waiting: deque[Request] = deque()
        try:
            for batch in batches:
                request = self._request(batch, atomic=False, dry_run=False)
                self._require_running()
                with self._deciding:
                    self._serve([request])
                waiting.append(request)
                while waiting and waiting[0].promise.done():
                    yield waiting.popleft().promise.result()
        finally:
            with self._deciding:
                self._land()
            self._hurry()
        for request in waiting:
            yield request.promise.result()

    def queued(self) -> int:
        return self._count

    def _hurry(self) -> None:
        """What was sent while others waited for nothing goes on at once."""
        if self._logs.sent() != self._sent:
            with self._changed:
                self._changed.notify()

    def _request(self, submissions: Sequence[Submission], *, atomic: bool, dry_run: bool) -> Request:
        names = logs_of(submissions, self._logs.ledgers, atomic=atomic)
        return Request(submissions, atomic, dry_run, next(iter(names)) if len(names) == 1 else "", Future())

    def _require_running(self) -> None:
        if self._ended:
            raise NotRecorded(f"commands are no longer decided: {self.trouble}")
        if self._stopping:
            raise QueueFull(1)

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._end(error)
            raise

    def _end(self, error: BaseException) -> None:
        """An error of ours ends the thread, but nobody is left to wait for it."""
        self.trouble = _told(error)
        with self._changed:
            self._ended = True
            waiting = list(self._waiting)
            self._waiting.clear()
            self._count = 0
        for request in waiting:
            _give_up(request, NotRecorded(f"commands are no longer decided: {self.trouble}"))
        for request in self._taken:
            _give_up(request, OutcomeUnknown(self.trouble))

    def _work(self) -> None:
        with self._deciding:
            self._attend(self._logs.carry_over)
        while not self._stopping:
            # With little waiting, what is in flight is answered first, and more gathers meanwhile.
            if self._count <= self._batch_limit // 2:
                with self._deciding:
                    self._land()
            requests = self._take()
            with self._deciding:
                if requests:
                    self._taken = [*(each for each in self._taken if not each.promise.done()), *requests]
                    self._serve(requests)
                elif not self._stopping:
                    self._attend(self._logs.follow)
                self._carry()
        with self._deciding:
            self._land()
            self._carry(at_once=True)

    def _take(self) -> list[Request]:
        with self._changed:
            if not self._waiting and not self._stopping:
                self._changed.wait(IDLE_SECONDS)
            if self._stopping:
                return []
            taken: list[Request] = []
            count = 0
            while self._waiting and (not taken or count + len(self._waiting[0].submissions) <= self._batch_limit):
                request = self._waiting.popleft()
                count += len(request.submissions)
                taken.append(request)
            self._count -= count
            return taken

    def _attend(self, read: Callable[[], None]) -> None:
        """Reads the logs. When that fails for now, the next command will say so to whoever sent it."""
        try:
            read()
        except Exception as error:  # noqa: BLE001
            self.trouble = _told(error)
        else:
            self.trouble = ""

    def _carry(self, *, at_once: bool = False) -> None:
        """Carries on between the ledger logs: at once when something was sent, and now and then what others sent."""
        sent, moment = self._logs.sent(), time.monotonic()
        if not at_once and sent == self._sent and moment < self._next_carry:
            return
        self._sent, self._next_carry = sent, moment + IDLE_SECONDS
        self._land()
        try:
            self._logs.carry_all()
        except Exception as error:  # noqa: BLE001
            self.trouble = _told(error)

    def _serve(self, requests: Sequence[Request]) -> None:
        """Requests that share a log share a commit; those that were waiting together have no order among them."""
        shared: dict[tuple[str, bool, int], list[Request]] = {}
        for request in requests:
            if request.promise.set_running_or_notify_cancel() and self._has_seen(request):
                # One over several logs is several commits: it shares none, and fails alone.
                alone = 0 if request.log else id(request)
                shared.setdefault((request.log, request.dry_run, alone), []).append(request)
        for (log, dry_run, _), group in sorted(shared.items(), key=lambda item: ORDER.get(item[0][0], 2)):
            cut = shares(group, self._batch_limit) if log else []
            if len(cut) == 1 and log not in ORDER and not dry_run:
                self._take_off(log, group, cut[0])
            else:
                self._land()
                self._commit(log, group, cut, dry_run=dry_run)

    def _has_seen(self, request: Request) -> bool:
        """Whether the reference log is where this sender has seen it; if not, that is its own trouble alone."""
        coming = 0
        if not request.log:
            # What stands in one request among reference data may rest on what stands before it.
            coming = sum(isinstance(submission.command, ReferenceCommand) for submission in request.submissions)
        try:
            self._logs.require_seen(request.submissions, coming)
        except (NotRecorded, *CANNOT_READ) as error:
            self._fail([request], error)
            return False
        return True

    def _take_off(self, log: str, group: Sequence[Request], units: Sequence[Unit]) -> None:
        """Decides a group on top of the commit in flight, lands that one, and lets the new one fly."""
        if self._flight is not None and self._flight.log != log:
            self._land()
        started = time.perf_counter()
        stands = False
        while not stands:
            try:
                draft = self._logs.prepare(log, units)
            except BaseException as error:  # noqa: BLE001
                self._land()
                self._fail(group, error)
                return
            stands = self._land()
        if draft is None:
            self._commit(log, group, [units], dry_run=False)
        elif draft.commit is None:
            self._answer(group, draft.outcomes, started)
        else:
            landed = self._appender.submit(self._logs.by_log[log].append, draft)
            self._flight = Flight(log, group, units, draft, landed, started)

    def _land(self) -> bool:
        """Waits for the commit in flight; False when it failed, and with it what was decided on top of it."""
        flight, self._flight = self._flight, None
        if flight is None:
            return True
        ledger = self._logs.by_log[flight.log]
        try:
            flight.landed.result()
        except (LogMoved, IntegrityError):
            ledger.step_back()
            # Decided without what overtook it, it would be refused once more; a log that cannot be read says so there.
            with contextlib.suppress(*CANNOT_READ):
                ledger.catch_up()
            self._commit(flight.log, flight.group, [flight.units], dry_run=False)
            return False
        except BaseException as error:  # noqa: BLE001
            ledger.step_back()
            self._fail(flight.group, error)
            return False
        ledger.keep(flight.draft)
        self._answer(flight.group, flight.draft.outcomes, flight.started)
        return True

    def _commit(self, log: str, group: Sequence[Request], cut: Sequence[Sequence[Unit]], *, dry_run: bool) -> None:
        """Commits a group and answers it; nothing is in flight."""
        outcomes: list[Outcome] = []
        started = time.perf_counter()
        try:
            for units in cut:
                outcomes += self._logs.commit(log, units, dry_run)
            if not log:
                for request in group:
                    outcomes += self._commit_in_order(request.submissions, dry_run)
        except BaseException as error:  # noqa: BLE001
            self._fail(group, _in_part(error) if outcomes else error)
        else:
            self._answer(group, outcomes, None if dry_run else started)

    def _commit_in_order(self, submissions: Sequence[Submission], dry_run: bool) -> list[Outcome]:
        """Of one request, trades see the reference data and prices that stand before them, and no later ones."""
        outcomes: dict[int, Outcome] = {}
        for run in runs(submissions, self._logs.ledgers, self._batch_limit):
            for log, places in run.items():
                unit = Unit(tuple(submissions[place] for place in places))
                try:
                    decided = self._logs.commit(log, [unit], dry_run)
                except NotRecorded as error:
                    raise (_in_part(error) if outcomes else error) from error
                outcomes.update(zip(places, decided, strict=True))
        return [outcomes[place] for place in range(len(submissions))]

    def _answer(self, group: Sequence[Request], outcomes: Sequence[Outcome], started: float | None) -> None:
        try:
            if started is not None:
                self.trouble = ""
                if self.on_commit:
                    self.on_commit(len(outcomes), time.perf_counter() - started)
        finally:
            at = 0
            for request in group:
                request.promise.set_result(outcomes[at : at + len(request.submissions)])
                at += len(request.submissions)

    @staticmethod
    def _fail(group: Sequence[Request], error: BaseException) -> None:
        retryable = error if isinstance(error, NotRecorded) else OutcomeUnknown(_told(error))
        retryable.__cause__ = error if retryable is not error else None
        for request in group:
            request.promise.set_exception(retryable)


def _in_part(error: BaseException) -> BaseException:
    """Who is told that nothing was recorded may send it under another key: then what was recorded would be doubled."""
    return OutcomeUnknown(f"only a part was recorded: {error}") if isinstance(error, NotRecorded) else error


def _give_up(request: Request, error: Exception) -> None:
    """Answers a request, unless it is answered or was taken back."""
    with contextlib.suppress(InvalidStateError):
        request.promise.set_exception(error)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
