"""The ledger of one log: load, decide, evolve, append. One commit a batch; the store says who owns the log."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from eventsourcing.persistence import IntegrityError, OperationalError, Tracking

from domain.batch import MICROSECOND, Batch, Unit
from domain.decider import Decider
from domain.events import Event
from domain.merkle import Frontier
from domain.money import exact
from domain.outcomes import Outcome, Submission
from domain.ports import Commit, CommitRecord, LogMoved, LogRecorder, NewEvent
from domain.reference import ReferenceState
from domain.repeats import first_answer
from domain.schema import Recorded, recorded
from domain.snapshots import Snapshot, Snapshots, decoded, form_of
from domain.trades import TradeDecider

READ_AT_ONCE = 5_000
MOVES_BEFORE_GIVING_UP = 3


class LogDoesNotRest(Exception):
    """Others wrote the log faster than this writer could decide; nothing was recorded."""


class LogBroken(Exception):
    """The log is not what was read of it: it was cut, or lacks the record of its last commit. Restore or restart."""


class Tip(msgspec.Struct, frozen=True):
    """How far a log is known: its last sequence, when that was recorded, and the tree up to it."""

    sequence: int
    recorded_at: datetime | None
    frontier: Frontier


class Draft(msgspec.Struct, frozen=True):
    """A batch that is decided and not yet appended; without a ``commit`` there is nothing to append."""

    outcomes: list[Outcome]
    events: list[NewEvent]
    commit: Commit | None
    tip: Tip
    mark: int


class Ledger:
    """Owns nothing but a state in memory: whoever appends first at a sequence has it, the others read on and decide
    again (``LogMoved``).

    ``follows`` are the ledgers of the reference and market logs under which this one decides. While one draft is being
    appended the next may be prepared on top of it; when the first fails, both step back. ``fences`` counts the commits
    that others were ahead of. With ``snapshots`` the log is read from the last one on, and a new one is made now and
    then.
    """

    def __init__(
        self, log: str, recorder: LogRecorder, decider: Decider, reference: ReferenceState,
        follows: "Sequence[Ledger]" = (), *, snapshots: Snapshots | None = None,
    ) -> None:
        self.log = log
        self.recorder = recorder
        self.decider = decider
        self.reference = reference
        self._follows = follows
        self._kept = self._tip = Tip(0, None, Frontier())
        self._repeats = False
        self._snapshots = snapshots
        self._saved = 0
        self.fences = 0

    @property
    def sequence(self) -> int:
        """The last sequence that the state reflects."""
        return self._tip.sequence

    def commit(self, units: Sequence[Unit], now: datetime, nonce: bytes, dry_run: bool = False) -> list[Outcome]:
        """Decides every unit in order and appends what came of them as one commit; outcomes in their order.

        The outcomes are durable when it returns. ``dry_run`` decides and appends nothing. No draft may be open.

        Raises:
            LogDoesNotRest: retryable, nothing recorded.
            LogBroken: nothing recorded.
            OperationalError: of the store; nothing is recorded unless the reply was lost, which the receipts tell.
        """
        looked_up = dry_run
        for _ in range(MOVES_BEFORE_GIVING_UP):
            if dry_run:
                self.catch_up()
            draft = self.prepare(units, now, nonce, looked_up=looked_up)
            try:
                if draft.commit is not None and not dry_run:
                    self.append(draft)
                    self.keep(draft)
                return draft.outcomes
            except LogMoved:
                self.step_back()
                self.catch_up()
            except IntegrityError:
                # A command came before, or a trade id: the store holds both unique, so only now are they looked up.
                if looked_up:
                    raise
                looked_up = True
            finally:
                self.step_back()
        raise LogDoesNotRest(f"{self.log} moved {MOVES_BEFORE_GIVING_UP} times before a commit could be appended")

    def prepare(self, units: Sequence[Unit], now: datetime, nonce: bytes, *, looked_up: bool = False) -> Draft:
        """Decides every unit on the state as it is. Repeats are ``looked_up`` in the store, or left for it to find."""
        self.begin()
        for followed in self._follows:
            followed.catch_up()
        mark = self.decider.undo.mark()
        try:
            with exact():
                batch = self._decided(units, now, looked_up=looked_up or self._repeats)
        except BaseException:
            self.decider.undo.undo(mark)
            raise
        return self._draft(batch, nonce)

    def append(self, draft: Draft, tracking: Tracking | None = None) -> None:
        """Appends a draft, and with it how far its sender's commands were taken; may run beside ``prepare``, for it
        touches no state.

        Raises:
            LogMoved: the log is not where the draft begins.
            IntegrityError: something of it came before.
        """
        assert draft.commit is not None
        try:
            self.recorder.insert_events(draft.events, tracking=tracking, commit=draft.commit)
        except LogMoved:
            self.fences += 1
            raise
        except OperationalError:
            # The reply may have been lost, not the commit: the nonce tells.
            last = self.recorder.last_commit()
            if last is None or last.nonce != draft.commit.nonce:
                raise

    def keep(self, draft: Draft) -> None:
        """The draft is stored: it steps back no more."""
        self.decider.undo.keep(draft.mark)
        self._kept = draft.tip
        self._forget()
        if draft.commit is not None and self._snapshots is not None:
            self._save(draft.commit, self._snapshots)

    def step_back(self) -> None:
        """Everything that was decided and not kept was never decided."""
        self.decider.undo.undo()
        self._tip = self._kept

    def begin(self) -> None:
        """Reads the log, when nothing of it was read yet; later its end is met by who appends beside it."""
        if self.sequence == 0:
            self.catch_up()

    def catch_up(self) -> int:
        """Reads the log from where this ledger stands to its end; the new last sequence. No draft may be open."""
        if self.sequence == 0 and self._snapshots is not None:
            self._resume(self._snapshots)
        while (last := self.recorder.max_notification_id() or 0) > self.sequence:
            self._read_on()
        if last < self.sequence:
            raise LogBroken(f"{self.log} ends at {last}, though it was read up to {self.sequence}")
        return self.sequence

    def open(self, events: Sequence[tuple[str, Event]], now: datetime, nonce: bytes) -> None:
        """Appends the first events of a new log, stream by stream; does nothing when the log has events already."""
        if self.recorder.max_notification_id():
            return
        batch = self._batch(now)
        for stream, event in events:
            batch.add_event(stream, 1, event)
        draft = self._draft(batch, nonce)
        try:
            self.append(draft)
            self.keep(draft)
        except LogMoved:
            self.step_back()

    def _save(self, commit: Commit, snapshots: Snapshots) -> None:
        if commit.tree_size - self._saved < snapshots.every or not snapshots.ready():
            return
        self._saved = commit.tree_size
        snapshots.save(Snapshot(
            log=self.log, form=form_of(self.decider.state_type), first_sequence=commit.expected_sequence + 1,
            sequence=commit.tree_size, recorded_at=commit.recorded_at, root=commit.root, state=self.decider.kept(),
        ))

    def _resume(self, snapshots: Snapshots) -> None:
        """Goes on from the last snapshot, when the log still has the very commit after which it was taken."""
        data = snapshots.read(self.log)
        snapshot = decoded(data, self.log, self.decider.state_type) if data else None
        if snapshot is None:
            return
        for commit in self.recorder.select_commits(snapshot.first_sequence, 1):
            frontier = Frontier(commit.tree_size, commit.frontier)
            if (commit.tree_size, commit.root, frontier.root()) == (snapshot.sequence, snapshot.root, snapshot.root):
                self.decider.resume(snapshot.state)
                self._kept = self._tip = Tip(snapshot.sequence, snapshot.recorded_at, frontier)
                self._saved = snapshot.sequence

    def _decided(self, units: Sequence[Unit], now: datetime, *, looked_up: bool) -> Batch:
        submissions = [submission for unit in units for submission in unit.submissions]
        batch = self._batch(now)
        if looked_up:
            keys = [(s.command.source, s.command.command_id) for s in submissions]
            batch.receipts_before = self.recorder.select_receipts(keys)
            batch.answer = lambda receipt: first_answer(self.log, self.recorder, receipt)
            # Where commands come again, more of them will: the next batch is looked up at once.
            self._repeats = bool(batch.receipts_before)
        self._load(submissions, bookings=looked_up)
        for unit in units:
            batch.decide(unit)
        return batch

    def _batch(self, now: datetime) -> Batch:
        last = self._tip.recorded_at
        start = now if last is None or now > last else last + MICROSECOND
        return Batch(self.log, self.sequence, start, self.decider, self.reference)

    def _load(self, submissions: Sequence[Submission], *, bookings: bool) -> None:
        if not isinstance(self.decider, TradeDecider):
            return
        commands = [submission.command for submission in submissions]
        asked: set[str] = set()
        # What is loaded may name others, as a net or a block does its trades, which only then are known to be needed.
        while absent := set(self.decider.absent(commands, bookings=bookings)) - asked:
            asked |= absent
            # Some of it may lie beyond what this ledger has read; the append will then say that the log moved.
            found = self.recorder.select_streams(list(absent))
            self.decider.load([recorded(self.log, event.id, event) for event in found])

    def _draft(self, batch: Batch, nonce: bytes) -> Draft:
        mark, tip = self.decider.undo.mark(), self._tip
        if not batch.events:
            return Draft(batch.outcomes, [], None, tip, mark)
        frontier = tip.frontier.copy()
        frontier.extend(batch.leaves)
        commit = Commit(
            expected_sequence=tip.sequence, nonce=nonce, recorded_at=batch.last_recorded_at,
            reference_sequence=self._seen("reference"), market_sequence=self._seen("market"),
            leaves=tuple(batch.leaves), tree_size=frontier.size, root=frontier.root(), frontier=frontier.packed(),
            receipts=tuple(batch.receipts),
        )
        self._tip = Tip(frontier.size, batch.last_recorded_at, frontier)
        return Draft(batch.outcomes, batch.events, commit, self._tip, mark)

    def _seen(self, log: str) -> int:
        return next((followed.sequence for followed in self._follows if followed.log == log), 0)

    def _read_on(self) -> None:
        assert self._tip is self._kept, f"{self.log} is read on under an open draft"
        last_commit = self.recorder.last_commit()
        if last_commit is None or last_commit.tree_size <= self.sequence:
            raise LogBroken(f"{self.log} has events after {self.sequence}, but no record of their commit")
        while self.sequence < last_commit.tree_size:
            self._read_page(last_commit)

    def _read_page(self, last_commit: CommitRecord) -> None:
        sequence, recorded_at = self._tip.sequence, self._tip.recorded_at
        page = self.recorder.select_notifications(sequence + 1, READ_AT_ONCE, stop=last_commit.tree_size)
        if len(page) < min(READ_AT_ONCE, last_commit.tree_size - sequence):
            raise LogBroken(f"{self.log} lacks events between {sequence} and {last_commit.tree_size}")
        with exact():
            for notification in page:
                now_known: Recorded = recorded(self.log, notification.id, notification)
                self.decider.evolve(now_known)
                sequence, recorded_at = notification.id, now_known.event.recorded_at
        self.decider.undo.keep()
        self._kept = self._tip = Tip(sequence, recorded_at, Frontier(last_commit.tree_size, last_commit.frontier))
        self._forget()

    def _forget(self) -> None:
        if isinstance(self.decider, TradeDecider):
            self.decider.forget()
