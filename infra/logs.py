"""Every log of one ledger, opened: the recorders, the rules that decide on them, and the first events of a new one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from uuid import uuid4

import msgspec
from eventsourcing.persistence import PersistenceError

from domain.admission import NotRecorded, OutcomeUnknown, ReferenceNotReached
from domain.batch import Unit
from domain.commands import AnyCommand
from domain.decider import Decider
from domain.events import Event, LogOpened, TransferSent
from domain.ledger import Draft, Ledger, LogBroken, LogDoesNotRest
from domain.market import MarketDecider, MarketState
from domain.outcomes import SYSTEM, Outcome, Submission
from domain.ports import LogRecorder
from domain.reference import ReferenceDecider, ReferenceState
from domain.reference.state import Turn
from domain.repeats import first_answer
from domain.routing import MARKET, REFERENCE, ledger_of, log_names
from domain.schema import UnknownEventType, business_content, decode, recorded
from domain.snapshots import Snapshots
from domain.trades import TradeDecider
from domain.trades.turns import turns
from infra.carrier import Carrier
from infra.contention import Contention
from infra.nonces import Nonces

CANNOT_READ = (PersistenceError, LogBroken, UnknownEventType, msgspec.DecodeError)
"""What a log raises that is away, cut, altered, or written by a later version."""


class OtherLedger(Exception):
    """The store holds another ledger than the one that is asked for."""


OpenLog = Callable[[str], LogRecorder]


def now() -> datetime:
    return datetime.now(UTC)


def submission_of(command: AnyCommand, actor: str = SYSTEM.key_id) -> Submission:
    return Submission(command, business_content(command), actor)


class CommandedLogs:
    """``ledgers`` is their number when the ledger is new; a ledger that exists has its own, fixed for ever.

    With ``snapshots`` every log is read from its last one on.
    """

    def __init__(self, open_log: OpenLog, ledgers: int | None = None, snapshots: Snapshots | None = None) -> None:
        self.reference = ReferenceState()
        self.market = MarketState()
        self._nonces = Nonces()
        self._contention = Contention(self._nonces)
        self._taken_over: dict[str, tuple[Turn | None, date | None, date | None]] = {}
        recorder = open_log(REFERENCE)
        self.snapshots = snapshots
        self.reference_ledger = Ledger(
            REFERENCE, recorder, ReferenceDecider(self.reference), self.reference, snapshots=snapshots
        )
        self._open(self.reference_ledger, ledgers or 1, str(uuid4()))
        self.reference_ledger.begin()
        self.opened = self.reference.opened[REFERENCE]
        if ledgers is not None and ledgers != self.opened.ledgers:
            raise OtherLedger(f"this ledger has {self.opened.ledgers} ledger logs for ever, not {ledgers}")
        self.ledger_id, self.ledgers = self.opened.ledger_id, self.opened.ledgers
        self.recorders: dict[str, LogRecorder] = {REFERENCE: recorder}
        self.by_log: dict[str, Ledger] = {REFERENCE: self.reference_ledger}
        for log in log_names(self.ledgers)[1:]:
            self.recorders[log] = open_log(log)
            self.by_log[log] = self._ledger(log)
            self._open(self.by_log[log], self.ledgers, self.ledger_id)
            self._require_ours(log)
        self._ledger_logs: Mapping[str, Ledger] = {
            log: ledger for log, ledger in self.by_log.items() if isinstance(ledger.decider, TradeDecider)
        }
        self._carriers = {
            log: Carrier(log, self.ledgers, self._ledger_logs, self.recorders, partial(self._command, ledger))
            for log, ledger in self._ledger_logs.items()
        }

    def carry_over(self) -> None:
        """Reads every log to its end, and carries over dates that a crash kept from a ledger log."""
        self.follow()
        for ledger in self._ledger_logs.values():
            ledger.catch_up()
            self._turn(ledger)
        self.carry_all()

    def carry_all(self) -> None:
        """Carries on between the ledger logs until nothing follows any more: what is sent arrives, or comes back."""
        while sum(self.carry(log) for log in self._ledger_logs):
            pass

    def carry(self, log: str) -> int:
        """Carries into a log what the ledger logs lead to; how many commands that were. Nothing may be in flight."""
        return self._carriers[log].carry() if log in self._carriers else 0

    def sent(self) -> int:
        """How many transfers were sent, as far as the logs are read: another number says that one waits."""
        return sum(
            ledger.decider.sent for ledger in self._ledger_logs.values() if isinstance(ledger.decider, TradeDecider)
        )

    def transfer_sent(self, book: str, transfer_id: str) -> TransferSent | None:
        """The beginning of a transfer of ``book``, if it was sent."""
        log = ledger_of(book, self.ledgers)
        for each in self.recorders[log].select_events(f"transfer:{transfer_id}", limit=1):
            event = decode(each.topic, each.state)
            assert isinstance(event, TransferSent)
            return event if event.moved.book == book else None
        return None

    def commit(self, log: str, units: Sequence[Unit], dry_run: bool = False) -> list[Outcome]:
        """Decides and appends; a turn of the business date or period is carried into every ledger log.

        Raises:
            NotRecorded: nothing was recorded.
            OutcomeUnknown: the store failed in between.
        """
        ledger = self.by_log[log]
        try:
            for unit in units:
                self.require_seen(unit.submissions)
            if log in self._ledger_logs:
                ledger.begin()
                self._turn(ledger)
            outcomes = self._contention.commit(ledger, units, dry_run)
        except (LogDoesNotRest, LogBroken) as error:
            raise NotRecorded(str(error)) from error
        except PersistenceError as error:
            raise OutcomeUnknown(f"{type(error).__name__}: {error}") from error
        if log == REFERENCE and not dry_run:
            self._carry_on()
        return outcomes

    def prepare(self, log: str, units: Sequence[Unit], *, looked_up: bool = False) -> Draft | None:
        """Decides units for a log on top of what is in flight; None when a date is to be carried over first, by
        ``commit`` or ``turn``.

        Raises:
            NotRecorded: nothing was recorded.
        """
        ledger = self.by_log[log]
        try:
            ledger.begin()
            if self.must_turn(log):
                return None
            return ledger.prepare(units, now(), self._nonces.new(), looked_up=looked_up)
        except LogBroken as error:
            raise NotRecorded(str(error)) from error

    def must_turn(self, log: str) -> bool:
        """Whether a date or an action of the reference log is to be carried over into a ledger log."""
        return log in self._ledger_logs and bool(self._turns(self.by_log[log]))

    def turn(self, log: str) -> None:
        """Carries over what the reference log turned. Nothing may be in flight."""
        if self.must_turn(log):
            self._turn(self.by_log[log])

    def follow(self) -> None:
        """Reads what other processes wrote to the reference and market logs: keys, limits, prices."""
        self.reference_ledger.catch_up()
        self.by_log[MARKET].catch_up()

    def fences(self) -> dict[str, int]:
        """By log, how many commits of this process others were ahead of."""
        return {log: ledger.fences for log, ledger in self.by_log.items()}

    def find_outcome(self, source: str, command_id: str) -> Outcome | None:
        """What a command came to, in whichever log it is."""
        for log, recorder in self.recorders.items():
            if receipt := recorder.select_receipts([(source, command_id)]).get((source, command_id)):
                return first_answer(log, recorder, receipt)
        return None

    def books_of(self, trade_id: str) -> list[str]:
        """The book of every trade of this id: an id is one trade in each ledger log."""
        found = []
        for log in self._ledger_logs:
            if stored := self.recorders[log].select_events(f"trade:{trade_id}", desc=True, limit=1):
                event = decode(stored[0].topic, stored[0].state)
                found.append(event.terms.book)  # type: ignore[attr-defined]
        return found

    def _ledger(self, log: str) -> Ledger:
        if log == MARKET:
            decider: Decider = MarketDecider(self.market, self.reference)
            return Ledger(
                log, self.recorders[log], decider, self.reference, (self.reference_ledger,),
                snapshots=self.snapshots,
            )
        decider = TradeDecider(log, self.reference, self.market)
        follows = (self.reference_ledger, self.by_log[MARKET])
        return Ledger(log, self.recorders[log], decider, self.reference, follows, snapshots=self.snapshots)

    def _open(self, ledger: Ledger, ledgers: int, ledger_id: str) -> None:
        moment = now()
        first: Event = LogOpened(
            effective_at=moment, business_date=moment.date(), recorded_at=moment, actor=SYSTEM.key_id,
            source=SYSTEM.key_id, command_id=f"open-{ledger.log}", ledger_id=ledger_id, log=ledger.log, ledgers=ledgers,
        )
        ledger.open([(f"log:{ledger.log}", first)], moment, self._nonces.new())

    def _require_ours(self, log: str) -> None:
        (first,) = self.recorders[log].select_notifications(1, 1)
        opened = recorded(log, 1, first).event
        if not isinstance(opened, LogOpened) or opened.ledger_id != self.ledger_id:
            raise OtherLedger(f"{log} belongs to another ledger than the reference log ({self.ledger_id})")

    def require_seen(self, submissions: Sequence[Submission], coming: int = 0) -> None:
        """A sender may have seen more of the reference log than its owner has: then that is read first. So many events
        as are ``coming`` are still to be written there.

        Raises:
            ReferenceNotReached: when the log does not reach there.
        """
        seen = max([submission.command.reference_sequence or 0 for submission in submissions], default=0)
        if seen > self.reference_ledger.sequence + coming and self.reference_ledger.catch_up() + coming < seen:
            raise ReferenceNotReached(f"the reference log has not reached {seen} yet")

    def _command(self, ledger: Ledger, commands: Sequence[AnyCommand]) -> None:
        """Records what Everbook commands by itself in a ledger log, whoever else writes it."""
        try:
            ledger.begin()
            self._turn(ledger)
            self._contention.commit(ledger, [Unit(tuple(submission_of(command) for command in commands))])
        except LogDoesNotRest as error:
            raise NotRecorded(str(error)) from error

    def _carry_on(self) -> None:
        """A date just turned goes on into every ledger log; what it comes from is recorded, whatever becomes of it."""
        try:
            for ledger in self._ledger_logs.values():
                ledger.begin()
                self._turn(ledger)
        except (LogDoesNotRest, LogBroken, PersistenceError) as error:
            raise OutcomeUnknown(f"{type(error).__name__}: {error}") from error

    def _turn(self, ledger: Ledger) -> None:
        """Dates are turned in the reference log; what a crash kept from a ledger log is carried over here."""
        if not self._turns(ledger):
            return
        # Somebody else may have carried it over: as a repeat it would append nothing, and not show that the log moved.
        ledger.catch_up()
        if commands := self._turns(ledger):
            unit = Unit(tuple(submission_of(command) for command in commands))
            self._contention.commit(ledger, [unit])

    def _turns(self, ledger: Ledger) -> list[AnyCommand]:
        decider = ledger.decider
        assert isinstance(decider, TradeDecider)
        last, today, closed = self.reference.last_turn(), decider.business_date(), decider.closed_through()
        known = self._taken_over.get(ledger.log)
        if known is not None and known[0] is last and known[1:] == (today, closed):
            return []
        commands = turns(self.reference, decider)
        if not commands:
            self._taken_over[ledger.log] = (last, today, closed)
        return commands
