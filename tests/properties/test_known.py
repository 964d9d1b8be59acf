"""A known time is final once nothing can be recorded any more that belongs to it, whatever clocks and owners do."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.batch import Unit
from domain.commands import BookTrade
from domain.ledger import Draft, Ledger
from domain.ports import LogMoved, LogRecorder
from domain.routing import ledger_of
from domain.schema import recorded
from infra.logs import CommandedLogs, submission_of
from infra.memory.recorder import MemoryRecorder
from projections.known import Known, known_by, last_recorded_by
from tests.ledger import founded
from tests.rules import booking

LEDGERS = 4
BOOKS = {ledger_of(book, LEDGERS): book for book in ("EQ-1", "EQ-2")}
ONE, OTHER = sorted(BOOKS)
Step = tuple[str, str, str, int, int]
# What founds a ledger takes its time from the clock: the drawn ones begin after that.
START = datetime(2100, 1, 1, tzinfo=UTC)
STEPS = st.lists(st.tuples(
    st.sampled_from(sorted(BOOKS)), st.sampled_from(["first", "second"]), st.sampled_from(["commit", "hold", "let go"]),
    st.integers(-6, 6), st.integers(1, 3),
), min_size=1, max_size=14)
MOMENTS = [START + timedelta(seconds=number) / 2 for number in range(-13, 14)]


class Owners:
    """Two owners of the same two logs, each with a clock of its own; one commit of each may be held in flight."""

    def __init__(self) -> None:
        self.recorders: dict[str, LogRecorder] = {}
        self._owners = {name: self._opened() for name in ("first", "second")}
        self._held: dict[tuple[str, str], tuple[Ledger, Draft]] = {}
        self._count = 0

    def _opened(self) -> CommandedLogs:
        logs = CommandedLogs(lambda log: self.recorders.setdefault(log, MemoryRecorder()), LEDGERS)
        return founded(logs)

    def ledgers(self) -> dict[str, LogRecorder]:
        return {log: self.recorders[log] for log in sorted(BOOKS)}

    def step(self, log: str, owner: str, what: str, seconds: int, size: int) -> None:
        ledger, now = self._owners[owner].by_log[log], START + timedelta(seconds=seconds)
        held = self._held.pop((log, owner), None)
        if held is not None:
            self._append(*held)
        if what == "let go":
            return
        units = [Unit((submission_of(self._booking(log)),)) for _ in range(size)]
        self._count += 1
        nonce = self._count.to_bytes(16, "big")
        if what == "commit":
            ledger.commit(units, now, nonce)
        else:
            ledger.catch_up()
            self._held[log, owner] = ledger, ledger.prepare(units, now, nonce)

    def _append(self, ledger: Ledger, draft: Draft) -> None:
        try:
            ledger.append(draft)
            ledger.keep(draft)
        except LogMoved:
            ledger.step_back()

    def _booking(self, log: str) -> BookTrade:
        self._count += 1
        return booking(f"T{self._count}", book=BOOKS[log])


def told(owners: Owners) -> dict[datetime, Known]:
    return {moment: known_by(moment, owners.ledgers()) for moment in MOMENTS}


def counted(log: str, recorder: LogRecorder, moment: datetime) -> int:
    """How many events were recorded by then, one after the other."""
    events = [recorded(log, each.id, each).event for each in recorder.select_notifications(1, 10_000)]
    return sum(event.recorded_at <= moment for event in events)


@settings(max_examples=60, deadline=None)
@given(STEPS)
@example([(ONE, "first", "hold", 0, 1), (OTHER, "first", "commit", 3, 1), (ONE, "first", "let go", 0, 1),
          (ONE, "second", "commit", -5, 2)])
def test_what_was_final_is_never_told_otherwise(steps: list[Step]) -> None:
    owners = Owners()
    before = told(owners)
    for step in steps:
        owners.step(*step)
        after = told(owners)
        for moment, known in before.items():
            assert all(after[moment].vector[log] >= sequence for log, sequence in known.vector.items())
            if known.final:
                assert after[moment] == known
        before = after
    for log, recorder in owners.ledgers().items():
        for moment, known in before.items():
            assert known.vector[log] == counted(log, recorder, moment)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_time_that_an_idle_log_has_not_passed_is_not_final(steps: list[Step]) -> None:
    owners = Owners()
    for step in steps:
        if step[0] == ONE:
            owners.step(*step)
    assert not any(known.final for known in told(owners).values())


def test_the_last_sequence_by_a_time_is_found_wherever_it_lies() -> None:
    owners = Owners()
    for number in range(40):
        owners.step(ONE, "first", "commit", number, 1)
    recorder = owners.recorders[ONE]
    last = recorder.max_notification_id() or 0
    for number in range(-1, 41):
        moment = START + timedelta(seconds=number)
        found = last_recorded_by(moment, ONE, recorder, last)
        assert found == counted(ONE, recorder, moment)
        assert last_recorded_by(moment, ONE, recorder, 7) == min(found, 7)
    assert last_recorded_by(START, ONE, recorder, 0) == 0
