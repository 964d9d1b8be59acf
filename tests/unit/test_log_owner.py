"""What the owner of a log does in which order, on logs in memory."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any, cast

import pytest

from domain.batch import Unit
from domain.ports import NewEvent
from infra.kafka.log_owner import LogOwner
from infra.kafka.published import OtherTopic
from infra.kafka.publisher import EventsPublisher
from infra.kafka.records import Asked, Return
from infra.kafka.replies import Replies
from infra.kafka.shares import Place
from infra.logs import CommandedLogs, submission_of
from tests.ledger import logs_in_memory
from tests.rules import booking

LOG = "ledger-0"


class AtOnce(Executor):
    """Appends in the thread that asks for it, and writes down when."""

    def __init__(self, said: list[str]) -> None:
        self._said = said

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self._said.append("appended")
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001
            done.set_exception(error)
        return done


class Told:
    """Stands where Kafka does: what was published, and who was told."""

    def __init__(self, said: list[str]) -> None:
        self.said = said
        self.trouble: Exception | None = None

    def publish(self, _first: int, _events: Sequence[NewEvent]) -> None:
        if self.trouble:
            raise self.trouble
        self.said.append("published")

    def take_over(self) -> None:
        if self.trouble:
            raise self.trouble

    def follow(self) -> None: ...

    def send(self, _topic: str, _partition: int, _value: bytes) -> None:
        self.said.append("told")


def owner_of(told: Told) -> tuple[LogOwner, CommandedLogs]:
    logs = logs_in_memory()
    owner = LogOwner(
        LOG, logs, cast(EventsPublisher, told), replies=Replies(told, "replies", 1), appender=AtOnce(told.said),
        batch_limit=1,
    )
    owner.take_over(Place("topic", 0))
    return owner, logs


def asked(offset: int) -> Asked:
    return Asked(offset, Unit((submission_of(booking(f"T{offset}")),)), back=Return(0, "sender", offset))


def test_the_next_commit_is_on_its_way_before_the_last_is_published_and_told() -> None:
    told = Told([])
    owner, _ = owner_of(told)
    owner.serve([asked(0), asked(1), asked(2)])
    owner.land()
    assert told.said == [
        "appended", "appended", "published", "told", "appended", "published", "told", "published", "told",
    ]


def test_an_owner_whose_topic_is_ahead_of_the_log_steps_back_with_what_it_has_in_flight() -> None:
    told = Told([])
    owner, logs = owner_of(told)
    before = logs.by_log[LOG].sequence
    owner.serve([asked(0)])
    told.trouble = OtherTopic("it has what the log lacks")
    owner.step_back()
    assert not owner.flying()
    assert logs.by_log[LOG].catch_up() == before + 1


def test_an_owner_whose_topic_is_ahead_of_the_log_carries_nothing_into_it() -> None:
    told = Told([])
    owner, logs = owner_of(told)
    # As when another process had turned the date, or sent something, and ended before it was carried over.
    def write(_log: str) -> int:
        told.said.append("written")
        return 0

    logs.turn = logs.carry = write  # type: ignore[method-assign, assignment]
    told.trouble = OtherTopic("it has what the log lacks")
    with pytest.raises(OtherTopic):
        owner.take_over(Place("topic", 0))
    assert told.said == []
    told.trouble = None
    owner.take_over(Place("topic", 0))
    assert told.said == ["written", "written"]
