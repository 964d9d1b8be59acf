"""The owner of one log: decides what came in its partition, commits it with its offset, publishes it, and replies."""

import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from itertools import groupby

import msgspec
from confluent_kafka import KafkaException
from eventsourcing.persistence import IntegrityError, PersistenceError, Tracking

from domain.admission import NotRecorded
from domain.commands import UnreadableCommand
from domain.ledger import Draft, LogBroken, LogDoesNotRest
from domain.ports import LogMoved
from infra.kafka.published import NotReadable, OtherTopic
from infra.kafka.publisher import EventsPublisher
from infra.kafka.records import Asked, BadRecord, refusing
from infra.kafka.replies import Replies
from infra.kafka.sender import NotDelivered
from infra.kafka.shares import Place, Share, shares
from infra.logs import CommandedLogs
from infra.requests import ORDER

MOVES_BEFORE_TAKING_OVER = 20
NOT_NOW = (PersistenceError, KafkaException, NotReadable, NotDelivered)
"""What passes: the store or Kafka is away."""


class RulesBroke(Exception):
    """A defect of ours: the rules could not decide a batch."""


TROUBLES = (*NOT_NOW, OtherTopic, LogBroken, LogDoesNotRest, NotRecorded, RulesBroke)
"""What keeps one log from being decided, until it is mended; the other logs of the worker go on."""


class Flight(msgspec.Struct, frozen=True):
    """A commit on its way to the store, and whom it answers."""

    share: Share
    draft: Draft
    landed: "Future[None]"
    started: float


class LogOwner:
    """Decides for one log, for as long as its partition is assigned.

    After ``LogMoved`` (another owner took commands meanwhile) and store errors it has to ``step_back``, and
    ``take_over`` says from which offset to go on. ``on_commit`` is told how many commands were committed together, and
    the seconds it took to decide and append them.
    """

    def __init__(
        self, log: str, logs: CommandedLogs, publisher: EventsPublisher, *, replies: Replies, appender: Executor,
        batch_limit: int, on_commit: Callable[[int, float], None] = lambda _commands, _seconds: None,
    ) -> None:
        self.log = log
        self.place = Place("", 0)
        self._logs = logs
        self._ledger = logs.by_log[log]
        self._publisher = publisher
        self._replies = replies
        self._appender = appender
        self._batch_limit = batch_limit
        self._on_commit = on_commit
        self._tracked = 0
        self._next = 0
        self._flight: Flight | None = None

    def take_over(self, place: Place) -> int:
        """Reads the log to its end, publishes what is missing, and says at which offset to go on.

        Raises:
            OtherTopic: when the topic has what the log lacks; then nothing was written.
        """
        self.place = place
        self._logs.follow()
        self._ledger.catch_up()
        self._tracked = self._next = self._ledger.recorder.max_tracking_id(place.tracking) or 0
        # A log that its topic is ahead of was restored: nothing of ours may be written behind what is known of it.
        self._publisher.take_over()
        self._turn()
        self._logs.carry(self.log)
        self._publisher.follow()
        return self._next

    def serve(self, asked: Sequence[Asked]) -> None:
        """Decides records in their order; the last commit may still be on its way when it returns."""
        fresh = [each for each in asked if each.offset >= self._next]
        for dry_run, run in groupby(fresh, key=lambda each: each.dry_run):
            for share in shares(list(run), self._batch_limit):
                if dry_run:
                    self._try(share)
                else:
                    self._take_off(share)
                self._next = share[-1].offset + 1

    def land(self, then: Callable[[], None] = lambda: None) -> bool:
        """Waits for the commit in flight; False when it was decided again, and with it goes what stood on it. Else does
        ``then``, before anybody is told of the commit.
        """
        flight, self._flight = self._flight, None
        try:
            if flight is not None:
                flight.landed.result()
        except (LogMoved, IntegrityError):
            assert flight is not None
            try:
                self._decide_again(flight.share)
            except RulesBroke as broken:
                # Those that come behind it are not to blame, nor may they be taken before it.
                self._one_by_one(flight.share.asked, broken)
                self.land()
            return False
        then()
        if flight is not None:
            self._landed(flight.share, flight.draft, flight.started)
        return True

    def flying(self) -> bool:
        return self._flight is not None

    @property
    def next_offset(self) -> int:
        """The offset of the first record that is not decided here."""
        return self._next

    def step_back(self) -> None:
        """Ends what was begun, as it ends: afterwards nothing is open."""
        with contextlib.suppress(LogMoved, *TROUBLES):
            self.land()
        self._ledger.step_back()

    def follow(self) -> None:
        """Now and then: carries over dates and what other logs sent, publishes what others wrote or Kafka lost."""
        self.land()
        self._logs.follow()
        self._turn()
        self._logs.carry(self.log)
        self._publisher.follow()

    def _take_off(self, asked: Sequence[Asked], problems: Sequence[tuple[Asked, str]] = ()) -> None:
        started = time.perf_counter()
        ready, ahead = self._that_may_be_decided(asked)
        share = Share(ready, (*problems, *ahead), asked[-1].offset + 1)
        stands = False
        while not stands:
            try:
                draft = self._prepared(ready)
            except RulesBroke as broken:
                self._one_by_one(asked, broken)
                return
            # The store is to work while the commit before is published and its senders are told.
            stands = self.land(then=partial(self._append, share, draft, started))
        if draft.commit is None:
            self._passed(share, draft)
        elif self.log in ORDER:
            # The ledger logs of this process read on in this one before each batch: nothing of it may be open.
            self.land()

    def _append(self, share: Share, draft: Draft, started: float) -> None:
        if draft.commit is not None:
            landed = self._appender.submit(self._ledger.append, draft, Tracking(self.place.tracking, share.upto))
            self._flight = Flight(share, draft, landed, started)

    def _try(self, asked: Sequence[Asked]) -> None:
        self.land()
        ready, ahead = self._that_may_be_decided(asked)
        for each, problem in ahead:
            self._replies.problem(each, problem)
        try:
            outcomes = self._logs.commit(self.log, [each.unit for each in ready], dry_run=True)
        except Exception as error:  # noqa: BLE001
            # Whatever it was, nothing is recorded of a dry run, and the next may go well.
            for each in ready:
                self._replies.problem(each, f"{type(error).__name__}: {error}")
        else:
            self._replies.outcomes(ready, outcomes)

    def _one_by_one(self, share: Sequence[Asked], broken: RulesBroke) -> None:
        """Finds the record that the rules break on, a defect of ours: it is refused by its place; it may come again."""
        self.land()
        self._ledger.step_back()
        if len(share) > 1:
            for each in share:
                self._take_off([each])
            return
        (bad,) = share
        if isinstance(bad.unit.submissions[0].command, UnreadableCommand):
            raise broken
        refusal = BadRecord("undecidable", str(broken), "", bad.unit.submissions[0].actor)
        unit = refusing(
            self.place.topic_id, f"{self.place.partition}:{bad.offset}", refusal, bad.unit.submissions[0].content
        )
        self._take_off([Asked(bad.offset, unit)], [(bad, f"it could not be decided: {broken}")])

    def _that_may_be_decided(self, asked: Sequence[Asked]) -> tuple[Sequence[Asked], Sequence[tuple[Asked, str]]]:
        """All but those whose senders saw more of the reference log than there is; and these, and what to tell them."""
        most = max(each.seen for each in asked)
        reference = self._logs.reference_ledger
        if most <= reference.sequence or most <= reference.catch_up():
            return asked, ()
        ahead = [
            (each, f"the reference log has not reached {each.seen} yet") for each in asked
            if each.seen > reference.sequence
        ]
        return [each for each in asked if each.seen <= reference.sequence], ahead

    def _prepared(self, ready: Sequence[Asked], *, looked_up: bool = False) -> Draft:
        draft = self._draft(ready, looked_up)
        while draft is None or self._logs.must_turn(self.log):
            # The reference log turned a date, or another meanwhile: it is carried over before anything else is decided.
            self.land()
            self._ledger.step_back()
            self._turn()
            draft = self._draft(ready, looked_up)
        return draft

    def _draft(self, ready: Sequence[Asked], looked_up: bool) -> Draft | None:
        try:
            return self._logs.prepare(self.log, [each.unit for each in ready], looked_up=looked_up)
        except (PersistenceError, NotRecorded):
            raise
        except Exception as error:
            raise RulesBroke(f"{type(error).__name__}: {error}") from error

    def _decide_again(self, share: Share) -> None:
        """Something of it came before, or others wrote the log: it is read on, and repeats are looked up."""
        for _ in range(MOVES_BEFORE_TAKING_OVER):
            started = time.perf_counter()
            self._ledger.step_back()
            self._ledger.catch_up()
            if (self._ledger.recorder.max_tracking_id(self.place.tracking) or 0) != self._tracked:
                break
            draft = self._prepared(share.ready, looked_up=True)
            if draft.commit is None:
                self._passed(share, draft)
                return
            with contextlib.suppress(LogMoved):
                self._ledger.append(draft, Tracking(self.place.tracking, share.upto))
                self._landed(share, draft, started)
                return
        raise LogMoved(f"{self.log} is written by another owner")

    def _passed(self, share: Share, draft: Draft) -> None:
        """Nothing is to be recorded; the offset rides with the next commit, unless somebody is told so."""
        if share.problems:
            try:
                self._ledger.recorder.insert_tracking(Tracking(self.place.tracking, share.upto))
            except IntegrityError as error:
                raise LogMoved(f"commands of {self.log} were taken by another owner") from error
            self._tracked = share.upto
        self._answer(share, draft)

    def _landed(self, share: Share, draft: Draft, started: float) -> None:
        assert draft.commit is not None
        self._ledger.keep(draft)
        self._tracked = share.upto
        self._on_commit(len(draft.outcomes), time.perf_counter() - started)
        # What is not published now is published later: the commit stands, and its senders are told.
        with contextlib.suppress(*NOT_NOW):
            self._publisher.publish(draft.commit.expected_sequence + 1, draft.events)
        self._answer(share, draft)

    def _answer(self, share: Share, draft: Draft) -> None:
        self._replies.outcomes(share.ready, draft.outcomes)
        for each, problem in share.problems:
            self._replies.problem(each, problem)

    def _turn(self) -> None:
        self._logs.turn(self.log)
