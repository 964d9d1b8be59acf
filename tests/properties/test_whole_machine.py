"""Two ledger logs, dates, limits and the read models under crashes between any two steps of any of them."""

import tempfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.admission import OutcomeUnknown
from domain.commands import AnyCommand, ClosePeriod, RollBusinessDate, SetLimit
from domain.events import BusinessDateRolled, CommandRefused, LimitSet, PeriodClosed, TradeCancelled, TradeEvent
from domain.outcomes import SYSTEM, Outcome
from domain.routing import log_of
from domain.schema import Recorded, recorded
from infra.logs import CommandedLogs
from infra.projection_worker import ProjectionWorker
from infra.rebuild import compare
from infra.sql.read_models import SqlReadModels
from infra.verification import verify
from projections.projection import Document
from projections.registry import PROJECTIONS
from tests.ledger import send
from tests.naive.facts import facts_of
from tests.naive.positions import NOTHING, positions
from tests.properties.test_ledger_machine import FAULTS, Crash, FaultyRecorder
from tests.properties.test_second_model import shown
from tests.strategies import BOOKS, SHARES, TERMS, bookings, changes, days, numbered
from tests.world import world

LEDGERS = ("ledger-0", "ledger-1")
LOGS = st.sampled_from(["reference", *LEDGERS])
# Four trades of one book, which share its limit, and two of a book in the other log.
FEW = st.sampled_from(["T1", "T4", "T7", "T10", "T2", "T5"])
MOSTLY_SHARES = st.one_of(SHARES, SHARES, SHARES, TERMS)
BOOKINGS, CHANGES = bookings(FEW, MOSTLY_SHARES), changes(FEW, MOSTLY_SHARES)
LIMITS = st.sampled_from([Decimal(amount) for amount in (100, 600, 1500, 5000)])


class FaultyReadModels(SqlReadModels):
    """Fails as it is told, once."""

    fault = "none"

    def write(self, log: str, documents: Mapping[str, Mapping[str, Document]], **kwargs: Any) -> None:
        fault, self.fault = self.fault, "none"
        if fault == "crash before":
            raise Crash
        super().write(log, documents, **kwargs)
        if fault == "crash after":
            raise Crash


class WholeMachine(RuleBasedStateMachine):
    """Two writers and a worker; ``answers`` is what a client was told, ``asked`` what it may send again."""

    @initialize()
    def begin(self) -> None:
        self.kept: dict[str, FaultyRecorder] = {}
        self.writers = [world(logs=self._open(2))]
        self.writers.append(self._open())
        self.folder = tempfile.TemporaryDirectory()
        url = f"sqlite:///{Path(self.folder.name) / 'read-models.db'}"
        self.models = FaultyReadModels.open(url, PROJECTIONS, self.writers[0].ledger_id)
        self.workers = [self._worker()]
        self.answers: dict[str, Outcome] = {}
        self.asked: dict[str, AnyCommand] = {}
        for book in BOOKS:
            self.set_or_lower_a_limit(Decimal(1500), book, "none", 0)

    def _open(self, ledgers: int | None = None) -> CommandedLogs:
        logs = CommandedLogs(lambda log: self.kept.setdefault(log, FaultyRecorder()), ledgers)
        logs.carry_over()
        return logs

    def _worker(self, at_once: int = 5_000) -> ProjectionWorker:
        return ProjectionWorker(self.kept, self.models, PROJECTIONS, at_once)

    @rule(commands=st.lists(BOOKINGS, min_size=1, max_size=4), fault=st.sampled_from(FAULTS),
          writer=st.integers(0, 1))
    def book(self, commands: list[Any], fault: str, writer: int) -> None:
        for log in LEDGERS:
            of_log = [command for command in commands if log_of(command, 2) == log]
            if of_log:
                self._send(of_log, log, fault, writer)

    @rule(command=CHANGES, fault=st.sampled_from(FAULTS), writer=st.integers(0, 1))
    def change(self, command: Any, fault: str, writer: int) -> None:
        self._send([command], log_of(command, 2), fault, writer)

    @rule(amount=LIMITS, book=st.sampled_from(sorted(BOOKS)), fault=st.sampled_from(FAULTS),
          writer=st.integers(0, 1))
    def set_or_lower_a_limit(self, amount: Decimal, book: str, fault: str, writer: int) -> None:
        command = SetLimit(command_id="x", book=book, kind="gross-notional", amount=amount)
        self._send([command], "reference", fault, writer)

    @rule(turns=st.lists(
              st.one_of(
                  st.builds(RollBusinessDate, command_id=st.just("x"), business_date=days(0, 12)),
                  st.builds(ClosePeriod, command_id=st.just("x"), through=days(-2, 9)),
              ), min_size=1, max_size=3,
          ), log=LOGS, fault=st.sampled_from(FAULTS), writer=st.integers(0, 1))
    def turn(self, turns: list[Any], log: str, fault: str, writer: int) -> None:
        """The fault may come in the reference log, or in a ledger log to which the turn is carried."""
        self._send(turns, log, fault, writer)

    @rule(command=st.one_of(BOOKINGS, CHANGES), writer=st.integers(0, 1))
    def try_dry_and_then_for_good(self, command: Any, writer: int) -> None:
        (command,) = self._numbered([command])
        # What a writer first does may be to carry a turn over, which is recorded.
        self.writers[writer].carry_over()
        before = self._lengths()
        (dry,) = send(self.writers[writer], command, dry_run=True)
        assert self._lengths() == before
        self._send([command], "ledger-0", "none", writer, fresh=False)
        assert self.answers[command.command_id] == dry

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), writer=st.integers(0, 1))
    def send_again(self, data: st.DataObject, writer: int) -> None:
        command_id = data.draw(st.sampled_from(sorted(self.asked)))
        (outcome,) = send(self.writers[writer], self.asked[command_id])
        first = self.answers.setdefault(command_id, outcome)
        assert (outcome.status, outcome.sequence, outcome.code) == (first.status, first.sequence, first.code)

    @rule(writer=st.integers(0, 1))
    def restart(self, writer: int) -> None:
        self.writers[writer] = self._open()

    @rule(fault=st.sampled_from(["none", "crash before", "crash after"]), at_once=st.integers(1, 12))
    def project(self, fault: str, at_once: int) -> None:
        self.models.fault = fault
        try:
            self.workers[-1].step()
        except Crash:
            self.workers.append(self._worker(at_once))
        finally:
            self.models.fault = "none"

    def _numbered(self, commands: Sequence[AnyCommand]) -> list[AnyCommand]:
        fresh = numbered(commands, f"c{len(self.asked)}-")
        self.asked.update({command.command_id: command for command in fresh})
        return fresh

    def _send(self, commands: Sequence[Any], log: str, fault: str, writer: int, *, fresh: bool = True) -> None:
        commands = self._numbered(commands) if fresh else commands
        self.kept[log].fault = fault
        try:
            for outcome in send(self.writers[writer], *commands):
                self.answers[outcome.command_id] = outcome
        except Crash:
            self.kept[log].fault = "none"
            self.restart(writer)
        except OutcomeUnknown:
            # Whoever lost the reply finds its own commit and answers.
            assert fault == "store away"
        finally:
            self.kept[log].fault = "none"

    def _lengths(self) -> dict[str, int | None]:
        return {log: recorder.max_notification_id() for log, recorder in self.kept.items()}

    def _events(self, log: str) -> list[Recorded]:
        return [recorded(log, each.id, each) for each in self.kept[log].select_notifications(1, 10_000)]

    @invariant()
    def nothing_acknowledged_is_missing_and_nothing_is_doubled(self) -> None:
        by_command: dict[str, list[Recorded]] = {}
        for log in self.kept:
            for event in self._events(log):
                if event.event.source != SYSTEM.key_id:
                    by_command.setdefault(event.event.command_id, []).append(event)
        assert all(len(events) == 1 for events in by_command.values())
        for command_id, outcome in self.answers.items():
            (event,) = by_command[command_id]
            assert (event.log, event.sequence) == (outcome.log, outcome.sequence)
            assert isinstance(event.event, CommandRefused) == (outcome.status == "refused")

    def teardown(self) -> None:
        if not hasattr(self, "kept"):
            return
        try:
            self._check_the_end()
        finally:
            for worker in self.workers:
                worker.stop()
            self.models.engine.dispose()
            self.folder.cleanup()

    def _check_the_end(self) -> None:
        self.restart(0)
        turns = _turns(self._events("reference"))
        for log in LEDGERS:
            assert _turns(self._events(log)) == turns
            _require_limits(self._events("reference"), self._events(log), self.kept[log])
        assert all(verify(log, recorder).intact for log, recorder in self.kept.items())
        # The last worker may still have to learn that its write failed: it is dead.
        self.workers.append(self._worker())
        self.workers[-1].catch_up()
        assert all(live == rebuilt for live, rebuilt in compare(self.kept, self.models, PROJECTIONS).values())
        expected: dict[str, Any] = {}
        for log in LEDGERS:
            stored = self.kept[log].select_notifications(1, 10_000)
            expected |= positions(facts_of((each.topic, each.state) for each in stored))
        found = {each.id: shown(each) for each in self.models.scan("positions", "")}
        assert found == {key: expected.get(key, NOTHING)._asdict() for key in {*found, *expected}}


def _turns(events: Sequence[Recorded]) -> list[tuple[str, Any]]:
    """Rolled dates and closed periods in order, each kind by itself."""
    facts = [event.event for event in events]
    return [("roll", fact.business_date) for fact in facts if isinstance(fact, BusinessDateRolled)] + [
        ("close", fact.through) for fact in facts if isinstance(fact, PeriodClosed)
    ]


def _require_limits(reference: Sequence[Recorded], events: Sequence[Recorded], recorder: FaultyRecorder) -> None:
    """What took more of a book's gross limit was within the limit as the commit saw it."""
    used: dict[str, Decimal] = {}
    for commit in recorder.select_commits(1, 10_000):
        seen = [each.event for each in reference if each.sequence <= commit.reference_sequence]
        limits = {fact.book: fact.amount for fact in seen if isinstance(fact, LimitSet)}
        for event in events[commit.first_sequence - 1 : commit.tree_size]:
            if isinstance(event.event, TradeEvent):
                _use(used, limits, event.event)


def _use(used: dict[str, Decimal], limits: Mapping[str, Decimal | None], fact: Any) -> None:
    terms, before = fact.terms, used.get(fact.terms.book, Decimal(0))
    after = before
    if type(fact).__name__ in {"TradeBooked", "TradeAmended", "TradeCorrected"}:
        previous = getattr(fact, "previous", None)
        after = before + terms.notional - (previous.notional if previous else 0)
        limit = limits.get(terms.book)
        assert after <= before or limit is None or after <= limit
    elif isinstance(fact, TradeCancelled) or type(fact).__name__ == "TradeSettled":
        frees = isinstance(fact, TradeCancelled) or terms.loan is None or fact.leg == "maturity"
        after = before - (terms.notional if frees else 0)
    used[terms.book] = after


TestWholeMachine = WholeMachine.TestCase
TestWholeMachine.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
