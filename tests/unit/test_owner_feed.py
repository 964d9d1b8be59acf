"""A caller who feeds batch after batch has them decided in its own thread, beside whoever else submits."""

import threading
from collections.abc import Generator, Iterator, Sequence

import pytest

from api.cli.rest import Rest
from domain.admission import NotRecorded, OutcomeUnknown, QueueFull
from domain.outcomes import Submission
from infra.logs import submission_of
from infra.verification import verify
from tests.office import LEDGER, SECONDS, Office
from tests.rules import booking
from tests.trade_commands import moving


@pytest.fixture
def desk() -> Iterator[Office]:
    opened = Office()
    yield opened
    opened.release()
    opened.owner.stop()


def batches(name: str, count: int, size: int = 3) -> Iterator[Sequence[Submission]]:
    for number in range(count):
        yield [submission_of(booking(f"{name}-{number}-{place}")) for place in range(size)]


def test_outcomes_come_in_order_and_are_durable_when_they_come(desk: Office) -> None:
    fed = 0
    for outcomes in desk.owner.feed(batches("F", 5)):
        assert [outcome.command_id for outcome in outcomes] == [f"book-F-{fed}-{place}" for place in range(3)]
        assert all(outcome.sequence <= desk.size() for outcome in outcomes)
        fed += 1
    assert fed == 5


def test_the_next_batch_is_decided_while_the_last_one_is_written(desk: Office) -> None:
    asked = threading.Event()

    def watched() -> Iterator[Sequence[Submission]]:
        for number, batch in enumerate(batches("F", 2)):
            if number:
                assert desk.kept[LEDGER].waited.wait(SECONDS)
                desk.release()
                asked.set()
            yield batch

    desk.kept[LEDGER].open.clear()
    assert len(list(desk.owner.feed(watched()))) == 2
    assert asked.is_set()


def test_what_others_submit_meanwhile_is_decided_in_between(desk: Office) -> None:
    other = []
    for number, _ in enumerate(desk.owner.feed(batches("F", 6))):
        other.append(desk.submit(booking(f"O-{number}")))
        assert other[-1].result(SECONDS)[0].status == "accepted"
    assert len(other) == 6
    assert verify(LEDGER, desk.kept[LEDGER]).intact


def test_a_batch_that_fails_ends_the_feeding_and_not_the_owner(desk: Office) -> None:
    desk.kept[LEDGER].failures = 1
    with pytest.raises(OutcomeUnknown):
        list(desk.owner.feed(batches("F", 3)))
    assert desk.submit(booking("later")).result(SECONDS)[0].status == "accepted"


def test_who_stops_in_the_middle_leaves_nothing_in_flight(desk: Office) -> None:
    feeding = desk.owner.feed(batches("F", 5))
    assert isinstance(feeding, Generator)
    next(feeding)
    feeding.close()
    size = desk.size()
    assert desk.submit(booking("later")).result(SECONDS)[0].sequence == size + 1


def test_nothing_is_taken_once_the_owner_stops_or_has_died(desk: Office) -> None:
    desk.owner.stop()
    with pytest.raises(QueueFull):
        list(desk.owner.feed(batches("F", 1)))
    desk.owner._ended = True
    with pytest.raises(NotRecorded):
        list(desk.owner.feed(batches("F", 1)))


def test_what_was_fed_leads_on_in_other_logs_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.owner.IDLE_SECONDS", 600)
    desk = Office()
    try:
        for command in (booking("T1", "10"), moving(("T1", "10", "1000"))):
            ((outcome,),) = desk.owner.feed([[submission_of(command)]])
            assert outcome.status == "accepted", outcome
        rest = Rest(desk.logs.recorders)
        assert rest.wait(SECONDS)
    finally:
        desk.owner.stop()
