"""The owner thread: what waits shares a commit, what fails fails alone, and nothing is left when it stops."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from decimal import Decimal
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent

from domain.admission import NotOneLog, NotRecorded, OutcomeUnknown, QueueFull
from domain.batch import Unit
from domain.commands import DefineBook, DefineDesk, RecordPrice, RollBusinessDate
from domain.ports import LogMoved, NewEvent
from infra.logs import CommandedLogs, submission_of
from infra.memory.recorder import MemoryRecorder
from infra.owner import Owner
from infra.verification import verify
from tests.ledger import founded
from tests.office import LEDGER, SECONDS, HeldRecorder, Office, Promise
from tests.rules import DAY, booking


@pytest.fixture
def office() -> Iterator[Callable[..., Office]]:
    opened: list[Office] = []

    def open_office(**limits: int) -> Office:
        opened.append(Office(**limits))
        return opened[-1]

    yield open_office
    for each in opened:
        each.release()
        each.owner.stop()


def statuses(promise: Promise) -> list[str]:
    return [outcome.status for outcome in promise.result(SECONDS)]


def test_requests_that_wait_together_share_a_commit_and_get_their_own_outcomes(office: Callable[..., Office]) -> None:
    desk = office()
    held = desk.hold()
    waiting = [desk.submit(*[booking(f"T{number}-{place}") for place in range(number)]) for number in range(1, 5)]
    desk.release()
    assert statuses(held) == ["accepted"]
    for number, promise in enumerate(waiting, 1):
        assert [each.stream for each in promise.result(SECONDS)] == [f"trade:T{number}-{n}" for n in range(number)]
    assert desk.commits() == [(2, 2), (3, 12)]


def test_a_commit_is_no_larger_than_the_batch_limit(office: Callable[..., Office]) -> None:
    desk = office(batch_limit=4)
    desk.hold()
    waiting = [desk.submit(*[booking(f"T{number}-{place}") for place in range(3)]) for number in range(3)]
    large = desk.submit(*[booking(f"L{place}") for place in range(10)])
    desk.release()
    assert [statuses(promise) for promise in waiting] == [["accepted"] * 3] * 3
    assert statuses(large) == ["accepted"] * 10
    assert max(last - first + 1 for first, last in desk.commits()) <= 4
    assert desk.size() == 1 + 1 + 9 + 10


def test_the_queue_is_bounded_and_opens_again(office: Callable[..., Office]) -> None:
    desk = office(queue_limit=3)
    desk.hold()
    waiting = [desk.submit(booking(f"T{number}")) for number in range(3)]
    assert desk.owner.queued() == 3
    with pytest.raises(QueueFull):
        desk.submit(booking("one-too-many"))
    desk.release()
    wait(waiting, SECONDS)
    assert statuses(desk.submit(booking("one-too-many"))) == ["accepted"]
    assert desk.owner.queued() == 0


def test_a_request_larger_than_the_queue_is_taken_when_it_is_alone(office: Callable[..., Office]) -> None:
    desk = office(queue_limit=3)
    assert statuses(desk.submit(*[booking(f"T{number}") for number in range(9)])) == ["accepted"] * 9


def test_a_request_is_decided_in_its_order_across_logs(office: Callable[..., Office]) -> None:
    desk = office()
    outcomes = desk.submit(
        booking("T1", book="EQ-9"), DefineBook(command_id="b9", book="EQ-9", name="Ninth", desk="EQ"),
        booking("T2", book="EQ-9"), RecordPrice(command_id="p", instrument="SAN", price=Decimal(200)),
        booking("T3", book="EQ-2"),
    ).result(SECONDS)
    assert [(each.status, each.code) for each in outcomes] == [
        ("refused", "unknown-book"), ("accepted", ""), ("accepted", ""), ("accepted", ""), ("accepted", "")
    ]
    assert [each.command_id for each in outcomes] == ["book-T1", "b9", "book-T2", "p", "book-T3"]


def test_an_atomic_unit_is_recorded_whole_or_not_at_all(office: Callable[..., Office]) -> None:
    desk = office()
    refused = desk.submit(booking("T1"), booking("T2", "-5"), booking("T3"), atomic=True)
    beside = desk.submit(booking("T4"))
    assert statuses(refused) == ["refused"] * 3
    assert statuses(beside) == ["accepted"]
    assert statuses(desk.submit(booking("T5"), booking("T6"), atomic=True)) == ["accepted"] * 2
    assert desk.kept[LEDGER].select_streams(["trade:T1", "trade:T2", "trade:T3"]) == []


def test_an_atomic_unit_of_several_logs_is_not_taken(office: Callable[..., Office]) -> None:
    desk = office()
    with pytest.raises(NotOneLog, match="are several"):
        desk.submit(booking("T1"), DefineDesk(command_id="d", desk="FX", name="FX", entity="BANK"), atomic=True)
    assert desk.owner.queued() == 0


def test_a_dry_run_appends_nothing_though_it_waits_beside_others(office: Callable[..., Office]) -> None:
    desk = office()
    desk.hold()
    dry, wet = desk.submit(booking("T1"), dry_run=True), desk.submit(booking("T2"))
    desk.release()
    assert statuses(dry) == statuses(wet) == ["accepted"]
    assert desk.kept[LEDGER].select_streams(["trade:T1"]) == []
    assert desk.size() == 3


def test_a_store_that_fails_fails_only_those_who_wait_for_it(office: Callable[..., Office]) -> None:
    desk = office()
    desk.hold()
    waiting = [desk.submit(booking(f"T{number}")) for number in range(3)]
    elsewhere = desk.submit(DefineDesk(command_id="d", desk="FX", name="FX", entity="BANK"))
    desk.kept[LEDGER].failures = 2
    desk.release()
    for promise in waiting:
        with pytest.raises(OutcomeUnknown, match="the store is away"):
            promise.result(SECONDS)
    assert statuses(elsewhere) == ["accepted"]
    assert statuses(desk.submit(booking("T1"))) == ["accepted"]
    assert desk.size() == 2
    assert verify(LEDGER, desk.kept[LEDGER]).intact


def test_a_log_that_was_cut_is_said_to_whoever_asks_and_the_owner_lives(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.owner.IDLE_SECONDS", 0.01)
    desk = office()
    assert statuses(desk.submit(booking("T1"))) == ["accepted"]
    market = desk.kept["market"]
    kept, market.__dict__ = market.__dict__, HeldRecorder().__dict__
    with pytest.raises(NotRecorded, match="market ends at 0"):
        desk.submit(booking("T2")).result(SECONDS)
    time.sleep(0.1)
    market.__dict__ = kept
    assert statuses(desk.submit(booking("T2"))) == ["accepted"]


def test_what_was_recorded_in_part_is_not_said_to_be_unrecorded(office: Callable[..., Office]) -> None:
    desk = office(batch_limit=2)
    assert statuses(desk.submit(booking("T1"))) == ["accepted"]
    desk.kept[LEDGER].lost = True
    with pytest.raises(OutcomeUnknown, match="only a part was recorded"):
        desk.submit(*[booking(f"S{number}") for number in range(4)]).result(SECONDS)
    with pytest.raises(OutcomeUnknown, match="only a part was recorded"):
        desk.submit(RecordPrice(command_id="p", instrument="SAN", price=Decimal(7)), booking("T2")).result(SECONDS)
    assert desk.logs.find_outcome("api", "p") is not None
    with pytest.raises(NotRecorded):
        desk.submit(booking("T3")).result(SECONDS)


def test_a_date_is_recorded_though_a_ledger_log_cannot_take_it(office: Callable[..., Office]) -> None:
    desk = office()
    desk.kept[LEDGER].lost = True
    assert statuses(desk.submit(booking("T1"))) == ["accepted"]
    with pytest.raises(OutcomeUnknown, match="ends at 0"):
        desk.submit(RollBusinessDate(command_id="roll", business_date=DAY)).result(SECONDS)
    assert desk.logs.find_outcome("api", "roll") is not None


def test_one_overtaking_is_one_fence(office: Callable[..., Office]) -> None:
    desk = office()
    beside = CommandedLogs(lambda log: desk.kept[log])
    for number in range(3):
        assert statuses(desk.submit(booking(f"T{number}"))) == ["accepted"]
        beside.commit(LEDGER, [Unit((submission_of(booking(f"B{number}")),))])
    assert statuses(desk.submit(booking("last"))) == ["accepted"]
    assert desk.logs.by_log[LEDGER].fences == 3


def test_what_was_cancelled_before_it_was_taken_is_not_decided(office: Callable[..., Office]) -> None:
    desk = office()
    desk.hold()
    dropped, kept = desk.submit(booking("T1")), desk.submit(booking("T2"))
    assert dropped.cancel()
    desk.release()
    assert statuses(kept) == ["accepted"]
    assert desk.kept[LEDGER].select_streams(["trade:T1"]) == []


def test_stopping_ends_the_thread_after_the_commit_and_answers_what_waits(office: Callable[..., Office]) -> None:
    desk = office()
    held = desk.hold()
    waiting, cancelled = desk.submit(booking("T1")), desk.submit(booking("T2"))
    cancelled.cancel()
    stopping = threading.Thread(target=desk.owner.stop)
    stopping.start()
    stopping.join(0.1)
    assert stopping.is_alive()
    desk.release()
    stopping.join(SECONDS)
    assert statuses(held) == ["accepted"]
    with pytest.raises(NotRecorded):
        waiting.result(SECONDS)
    assert [thread for thread in threading.enumerate() if thread.name == "owner"] == []
    assert desk.size() == 2
    with pytest.raises(QueueFull):
        desk.submit(booking("T3"))
    desk.owner.stop()


def test_an_owner_that_never_began_is_stopped_too() -> None:
    owner = Owner(CommandedLogs(lambda _log: MemoryRecorder(), 1), batch_limit=1, queue_limit=1)
    promise = owner.submit([submission_of(booking())])
    owner.stop()
    with pytest.raises(NotRecorded):
        promise.result(SECONDS)


def until(said: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_log_that_cannot_be_followed_is_trouble_until_it_can(
    office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.owner.IDLE_SECONDS", 0.01)
    desk = office()
    assert statuses(desk.submit(RecordPrice(command_id="p", instrument="SAN", price=Decimal(7)))) == ["accepted"]
    market = desk.kept["market"]
    kept, market.__dict__ = market.__dict__, HeldRecorder().__dict__
    until(lambda: "market ends at 0" in desk.owner.trouble)
    market.__dict__ = kept
    until(lambda: not desk.owner.trouble)


class RestlessRecorder(HeldRecorder):
    """A log that others keep moving while it ``moves``."""

    moves = False

    def insert_events(self, stored_events: Sequence[StoredEvent | NewEvent], **kwargs: Any) -> Sequence[int] | None:
        if self.moves:
            raise LogMoved("somebody was faster")
        return super().insert_events(stored_events, **kwargs)


def test_a_log_that_does_not_rest_at_the_start_is_trouble_and_the_owner_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.owner.IDLE_SECONDS", 0.01)
    kept: dict[str, RestlessRecorder] = {}
    logs = founded(CommandedLogs(lambda log: kept.setdefault(log, RestlessRecorder()), 1))
    kept["ledger-0"].moves = True
    with pytest.raises(OutcomeUnknown):
        logs.commit("reference", [Unit((submission_of(RollBusinessDate(command_id="r", business_date=DAY)),))])
    owner = Owner(logs, batch_limit=10, queue_limit=10)
    owner.start()
    try:
        until(lambda: bool(owner.trouble))
        assert owner.trouble.startswith("LogDoesNotRest")
        kept["ledger-0"].moves = False
        assert statuses(owner.submit([submission_of(booking("T1"))])) == ["accepted"]
        assert not owner.trouble
    finally:
        owner.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_owner_that_dies_says_so_and_leaves_nobody_waiting(office: Callable[..., Office]) -> None:
    desk = office(batch_limit=1)

    def wrong(_count: int, _seconds: float) -> None:
        raise ZeroDivisionError("an error of ours")

    held = desk.hold()
    waiting = [desk.submit(booking(f"T{number}")) for number in range(4)]
    desk.owner.on_commit = wrong
    desk.release()
    assert statuses(held) == ["accepted"]
    errors = [promise.exception(SECONDS) for promise in waiting]
    assert {type(error) for error in errors} <= {NotRecorded, OutcomeUnknown}
    assert isinstance(errors[-1], NotRecorded)
    assert desk.owner.trouble == "ZeroDivisionError: an error of ours"
    assert desk.owner.queued() == 0
    with pytest.raises(NotRecorded, match="no longer decided"):
        desk.submit(booking("later"))
