"""One batch in the making: what each command came to, with the events, leaves and receipts that will be one commit."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from domain.commands import AnyCommand, UnreadableCommand
from domain.commands.weights import weight_of
from domain.decider import Apart, Decider, Envelope, envelope_of
from domain.events import CommandRefused, Event, TradeBooked
from domain.events.lifecycle import hands_over
from domain.merkle import leaf_hash
from domain.outcomes import SYSTEM, Outcome, Principal, Submission
from domain.ports import NewEvent, Receipt
from domain.reference import ReferenceState
from domain.reference.authority import principal_of
from domain.refusals import Refused
from domain.routing import is_log, part_of_stream
from domain.schema import Recorded, content_hash, encode, event_type

FIRST_YEAR, LAST_YEAR = 1970, 2200
MICROSECOND = timedelta(microseconds=1)
TELLING_NOTHING = frozenset({"not-permitted", "unknown-book", "unknown-trade", "trade-exists"})
"""Why a command is refused of which its sender may have no business to know the stream."""


class Unit(msgspec.Struct, frozen=True):
    """Submissions that are decided together: all or nothing when ``atomic``, else each by itself."""

    submissions: tuple[Submission, ...]
    atomic: bool = False

    @property
    def weight(self) -> int:
        """What its commands count for in a commit."""
        return sum([weight_of(submission.command) for submission in self.submissions])


class UnsatisfiedUnit(Exception):
    """A command of an atomic unit was refused, so all of it is."""

    def __init__(self, culprit: Submission, refusal: Refused) -> None:
        super().__init__(refusal.detail)
        self.culprit = culprit
        self.refusal = refusal


class Batch:
    """Collects from ``sequence`` on; the decider's state already holds what was decided, until it is undone."""

    def __init__(
        self, log: str, sequence: int, first_recorded_at: datetime, decider: Decider, reference: ReferenceState
    ) -> None:
        self.events: list[NewEvent] = []
        self.leaves: list[bytes] = []
        self.receipts: list[Receipt] = []
        self.outcomes: list[Outcome] = []
        self.receipts_before: Mapping[tuple[str, str], Receipt] = {}
        self.answer: Callable[[Receipt], Outcome]
        self._log = log
        self._sequence = sequence
        self._next_recorded_at = first_recorded_at
        self._decider = decider
        self._reference = reference
        self._answers: dict[tuple[str, str], tuple[bytes, Outcome]] = {}

    @property
    def last_recorded_at(self) -> datetime:
        return self._next_recorded_at - MICROSECOND

    def decide(self, unit: Unit) -> None:
        """Adds the outcomes of a unit, in order."""
        if not unit.atomic:
            self.outcomes.extend([self._outcome(submission) for submission in unit.submissions])
            return
        place, mark = self._place(), self._decider.undo.mark()
        try:
            outcomes = [self._outcome(submission, atomic=True) for submission in unit.submissions]
        except UnsatisfiedUnit as unsatisfied:
            self._back_to(place)
            self._decider.undo.undo(mark)
            outcomes = [self._unit_refused(submission, unsatisfied) for submission in unit.submissions]
        self.outcomes.extend(outcomes)

    def add_event(self, stream: str, version: int, event: Event) -> None:
        """Takes an event as the next of the log, and into the state."""
        self._sequence = sequence = self._sequence + 1
        self._next_recorded_at += MICROSECOND
        kind, state = event_type(event), encode(event)
        self._decider.evolve(Recorded(self._log, sequence, stream, version, kind, event))
        self.events.append(NewEvent(stream, version, kind, state))
        self.leaves.append(leaf_hash(sequence, stream, version, kind, state))

    def _outcome(self, submission: Submission, atomic: bool = False) -> Outcome:
        command = submission.command
        key, content = (command.source, command.command_id), content_hash(submission.content)
        if foreign := self._foreign(submission):
            if atomic:
                raise UnsatisfiedUnit(submission, Refused(foreign.code, foreign.detail, foreign.field))
            return foreign
        if (key in self._answers or key in self.receipts_before) and (repeat := self._repeat(key, content)):
            if atomic and repeat.status == "refused":
                raise UnsatisfiedUnit(submission, Refused(repeat.code, repeat.detail, repeat.field))
            return repeat
        try:
            outcome = self._accept(submission)
        except Refused as refusal:
            if atomic:
                raise UnsatisfiedUnit(submission, refusal) from refusal
            outcome = self._refuse(submission, refusal)
        return self._receive(key, content, outcome)

    def _receive(self, key: tuple[str, str], content: bytes, outcome: Outcome) -> Outcome:
        self.receipts.append(Receipt(key[0], key[1], content, outcome.sequence, outcome.count))
        self._answers[key] = (content, outcome)
        return outcome

    def _repeat(self, key: tuple[str, str], content: bytes) -> Outcome | None:
        if key in self._answers:
            first_content, first = self._answers[key]
        elif receipt := self.receipts_before.get(key):
            first_content, first = receipt.content, self.answer(receipt)
            self._answers[key] = (first_content, first)
        else:
            return None
        if first_content == content:
            return msgspec.structs.replace(first, repeated=True)
        return Outcome(
            status="refused", source=key[0], command_id=key[1], log=self._log, code="key-reused",
            detail=f"command {key[1]} of {key[0]} came before with other content", field="$.command_id",
        )

    def _foreign(self, submission: Submission) -> Outcome | None:
        """The refusal of a source that is another's own. It has no receipt, which would use up what the owner is to
        send, such as the date that Everbook carries over.
        """
        command, actor = submission.command, submission.actor
        if actor == command.source or actor == SYSTEM.key_id:  # noqa: PLR1714
            return None
        own = command.source == SYSTEM.key_id or is_log(command.source)
        if not own and command.source not in self._reference.keys:
            return None
        owner = "Everbook's" if own else "another key's"
        return Outcome(
            status="refused", source=command.source, command_id=command.command_id, log=self._log, code="reserved",
            detail=f"the source {command.source!r} is {owner} own", field="$.source",
        )

    def _accept(self, submission: Submission) -> Outcome:
        command, decider = submission.command, self._decider
        if isinstance(command, UnreadableCommand):
            raise Refused(command.code, command.detail, command.field)
        principal = SYSTEM if submission.actor == SYSTEM.key_id else principal_of(self._reference, submission.actor)
        if principal is None:
            raise Refused("not-permitted", "the key is not known, or revoked")
        stream, version = decider.stream(command), decider.version(command)
        if command.effective_at is not None and not FIRST_YEAR <= command.effective_at.year < LAST_YEAR:
            raise Refused("date-out-of-range", "effective_at must lie between 1970 and 2200", "$.effective_at")
        envelope = envelope_of(command, submission.actor, self._next_recorded_at, decider.business_date())
        first = self._sequence + 1
        for decided in self._decided(command, envelope, principal, version):
            if isinstance(decided, Apart):
                place, event = (decided.stream, decided.version), decided.event
            else:
                version += 1
                place, event = (stream, version), decided
            if self._sequence >= first:
                event = _later(event, self._next_recorded_at, said=command.effective_at is not None)
            self.add_event(*place, event)
        return Outcome(
            status="accepted", source=command.source, command_id=command.command_id, log=self._log, sequence=first,
            count=self._sequence - first + 1, stream=stream, version=version,
        )

    def _decided(
        self, command: AnyCommand, envelope: Envelope, principal: Principal, version: int
    ) -> Sequence[Event | Apart]:
        """A version that has moved on is said before what else is wrong, but only to who may know of the stream."""
        expected = command.expected_version
        if expected is None or expected == version:
            return self._decider.decide(command, envelope, principal)
        conflict = Refused(
            "version-conflict", f"{self._decider.stream(command)} is at version {version}, not {expected}",
            "$.expected_version",
        )
        try:
            self._decider.decide(command, envelope, principal)
        except Refused as refusal:
            if refusal.code in TELLING_NOTHING:
                raise
            raise conflict from refusal
        raise conflict

    def _refuse(self, submission: Submission, refusal: Refused) -> Outcome:
        command = submission.command
        envelope = envelope_of(command, submission.actor, self._next_recorded_at, self._decider.business_date())
        stream = f"refused:{part_of_stream(command.source)}:{command.command_id}"
        event = CommandRefused(
            **envelope, command=type(command).__name__, code=refusal.code, detail=refusal.detail, field=refusal.field,
            subject="" if isinstance(command, UnreadableCommand) else self._decider.stream(command),
            book=getattr(command, "book", None), trader=getattr(command, "trader", None), limit=refusal.limit,
        )
        self.add_event(stream, 1, event)
        return Outcome(
            status="refused", source=command.source, command_id=command.command_id, log=self._log,
            sequence=self._sequence, count=1, stream=stream, version=1, code=refusal.code, detail=refusal.detail,
            field=refusal.field,
        )

    def _unit_refused(self, submission: Submission, unsatisfied: UnsatisfiedUnit) -> Outcome:
        command = submission.command
        if foreign := self._foreign(submission):
            return foreign
        key, content = (command.source, command.command_id), content_hash(submission.content)
        repeat = self._repeat(key, content)
        if repeat is not None:
            return repeat
        refusal = unsatisfied.refusal
        if submission is not unsatisfied.culprit:
            culprit = unsatisfied.culprit.command
            refusal = Refused("unit-refused", f"{culprit.command_id} of the same unit was refused: {refusal.detail}")
        return self._receive(key, content, self._refuse(submission, refusal))

    def _place(self) -> tuple[int, int, int, datetime, dict[tuple[str, str], tuple[bytes, Outcome]]]:
        return self._sequence, len(self.events), len(self.receipts), self._next_recorded_at, dict(self._answers)

    def _back_to(self, place: tuple[int, int, int, datetime, dict[tuple[str, str], tuple[bytes, Outcome]]]) -> None:
        self._sequence, events, receipts, self._next_recorded_at, self._answers = place
        del self.events[events:], self.leaves[events:], self.receipts[receipts:]


def _later(event: Event, moment: datetime, *, said: bool) -> Event:
    """Another event of the same command: recorded after the first, and what is held since now since then, but what one
    trade hands over to another is held by one of them at every moment.
    """
    now = event.recorded_at
    if said or hands_over(event):
        return msgspec.structs.replace(event, recorded_at=moment)
    if isinstance(event, TradeBooked) and event.terms.executed_at == now:
        event = msgspec.structs.replace(event, terms=msgspec.structs.replace(event.terms, executed_at=moment))
    effective_at = moment if event.effective_at == now else event.effective_at
    return msgspec.structs.replace(event, recorded_at=moment, effective_at=effective_at)
