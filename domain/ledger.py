"""The ledger of one log: load, decide, evolve, append. One commit a batch; the store says who owns the log."""

from collections.abc import Sequence
from datetime import datetime

from eventsourcing.persistence import OperationalError

from domain.batch import MICROSECOND, Batch, Unit
from domain.decider import Decider
from domain.events import Event
from domain.merkle import Frontier
from domain.money import exact
from domain.outcomes import Outcome, Submission
from domain.ports import Commit, CommitRecord, LogMoved, LogRecorder
from domain.reference import ReferenceState
from domain.repeats import first_answer
from domain.schema import Recorded, recorded
from domain.trades import TradeDecider

READ_AT_ONCE = 5_000
MOVES_BEFORE_GIVING_UP = 1_000


class LogDoesNotRest(Exception):
    """Others wrote the log faster than this writer could decide; nothing was recorded."""


class LogBroken(Exception):
    """The log is not what was read of it: it was cut, or lacks the record of its last commit. Restore or restart."""


class Ledger:
    """Owns nothing but a state in memory: whoever appends first at a sequence has it, the others read on and decide
    again (``LogMoved``).

    ``follows`` are the ledgers of the reference and market logs under which this one decides.
    """

    def __init__(
        self, log: str, recorder: LogRecorder, decider: Decider, reference: ReferenceState,
        follows: "Sequence[Ledger]" = (),
    ) -> None:
        self.log = log
        self.recorder = recorder
        self.decider = decider
        self.reference = reference
        self.sequence = 0
        self.recorded_at: datetime | None = None
        self._follows = follows
        self._frontier = Frontier()

    def commit(self, units: Sequence[Unit], now: datetime, nonce: bytes, dry_run: bool = False) -> list[Outcome]:
        """Decides every unit in order and appends what came of them as one commit; outcomes in their order.

        The outcomes are durable when it returns. ``dry_run`` decides and appends nothing.

        Raises:
            LogDoesNotRest: retryable, nothing recorded.
            LogBroken: nothing recorded.
            OperationalError: of the store; nothing is recorded unless the reply was lost, which the receipts tell.
        """
        for followed in self._follows:
            followed.catch_up()
        for _ in range(MOVES_BEFORE_GIVING_UP):
            if self.sequence == 0 or dry_run:
                self.catch_up()
            with exact():
                batch = self._decided(units, now)
            if dry_run or not batch.events:
                self._step_back()
                return batch.outcomes
            try:
                return self._append(batch, nonce)
            except LogMoved:
                self._step_back()
                self.catch_up()
            except BaseException:
                self._step_back()
                raise
        raise LogDoesNotRest(f"{self.log} moved {MOVES_BEFORE_GIVING_UP} times before a commit could be appended")

    def catch_up(self) -> int:
        """Reads the log from where this ledger stands to its end; the new last sequence."""
        while (last := self.recorder.max_notification_id() or 0) > self.sequence:
            self._read_on()
        if last < self.sequence:
            raise LogBroken(f"{self.log} ends at {last}, though it was read up to {self.sequence}")
        return self.sequence

    def open(self, events: Sequence[tuple[str, Event]], now: datetime, nonce: bytes) -> None:
        """Appends the first events of a new log, stream by stream; does nothing when the log has events already."""
        if self.catch_up():
            return
        batch = self._batch(now)
        for stream, event in events:
            batch.add_event(stream, 1, event)
        try:
            self._append(batch, nonce)
        except LogMoved:
            self._step_back()
            self.catch_up()

    def _decided(self, units: Sequence[Unit], now: datetime) -> Batch:
        submissions = [submission for unit in units for submission in unit.submissions]
        keys = [(s.command.source, s.command.command_id) for s in submissions]
        batch = self._batch(now)
        batch.receipts_before = self.recorder.select_receipts(keys)
        batch.answer = lambda receipt: first_answer(self.log, self.recorder, receipt)
        self._load(submissions)
        for unit in units:
            batch.decide(unit)
        return batch

    def _batch(self, now: datetime) -> Batch:
        last = self.recorded_at
        start = now if last is None or now > last else last + MICROSECOND
        return Batch(self.log, self.sequence, start, self.decider, self.reference)

    def _load(self, submissions: Sequence[Submission]) -> None:
        if not isinstance(self.decider, TradeDecider):
            return
        absent = self.decider.absent(submission.command for submission in submissions)
        if not absent:
            return
        # Some of it may lie beyond what this ledger has read; the append will then say that the log moved.
        self.decider.load([recorded(self.log, event.id, event) for event in self.recorder.select_streams(absent)])

    def _append(self, batch: Batch, nonce: bytes) -> list[Outcome]:
        frontier = self._frontier.copy()
        frontier.extend(batch.leaves)
        commit = Commit(
            expected_sequence=self.sequence, nonce=nonce, recorded_at=batch.last_recorded_at,
            reference_sequence=self._seen("reference"), market_sequence=self._seen("market"),
            leaves=tuple(batch.leaves), tree_size=frontier.size, root=frontier.root(), frontier=frontier.packed(),
            receipts=tuple(batch.receipts),
        )
        try:
            self.recorder.insert_events(batch.events, commit=commit)
        except OperationalError:
            # The reply may have been lost, not the commit: the nonce tells.
            if not self._is_ours(nonce):
                raise
        self.decider.undo.keep()
        self.sequence, self.recorded_at, self._frontier = frontier.size, batch.last_recorded_at, frontier
        if isinstance(self.decider, TradeDecider):
            self.decider.forget()
        return batch.outcomes

    def _seen(self, log: str) -> int:
        return next((followed.sequence for followed in self._follows if followed.log == log), 0)

    def _is_ours(self, nonce: bytes) -> bool:
        last = self.recorder.last_commit()
        return last is not None and last.nonce == nonce

    def _step_back(self) -> None:
        self.decider.undo.undo()

    def _read_on(self) -> None:
        last_commit = self.recorder.last_commit()
        if last_commit is None or last_commit.tree_size <= self.sequence:
            raise LogBroken(f"{self.log} has events after {self.sequence}, but no record of their commit")
        while self.sequence < last_commit.tree_size:
            self._read_page(last_commit)
        self._frontier = Frontier(last_commit.tree_size, last_commit.frontier)

    def _read_page(self, last_commit: CommitRecord) -> None:
        page = self.recorder.select_notifications(self.sequence + 1, READ_AT_ONCE, stop=last_commit.tree_size)
        if len(page) < min(READ_AT_ONCE, last_commit.tree_size - self.sequence):
            raise LogBroken(f"{self.log} lacks events between {self.sequence} and {last_commit.tree_size}")
        with exact():
            for notification in page:
                now_known: Recorded = recorded(self.log, notification.id, notification)
                self.decider.evolve(now_known)
                self.recorded_at = now_known.event.recorded_at
                self.sequence = notification.id
        self.decider.undo.keep()
        if isinstance(self.decider, TradeDecider):
            self.decider.forget()
