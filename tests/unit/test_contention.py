"""Who decides much at once is overtaken by who decides little: then it decides less, and lands all the same."""

from collections.abc import Sequence
from typing import Any

import pytest
from eventsourcing.persistence import StoredEvent

from domain.admission import NotRecorded, OutcomeUnknown
from domain.batch import Unit
from domain.ports import NewEvent
from infra.logs import CommandedLogs, submission_of
from infra.memory.recorder import MemoryRecorder
from infra.verification import verify
from tests.ledger import founded, send
from tests.rules import booking


class Overtaken(MemoryRecorder):
    """Another writer gets in before any commit of more than five events."""

    other: CommandedLogs | None = None
    overtakings = 0

    def insert_events(self, stored_events: Sequence[StoredEvent | NewEvent], **kwargs: Any) -> Sequence[int] | None:
        if self.other is not None and len(stored_events) > 5:
            self.overtakings += 1
            send(self.other, booking(f"other-{self.overtakings}", "1", "1"))
        return super().insert_events(stored_events, **kwargs)


@pytest.fixture
def kept() -> dict[str, Overtaken]:
    return {}


@pytest.fixture
def logs(kept: dict[str, Overtaken]) -> CommandedLogs:
    found = founded(CommandedLogs(lambda log: kept.setdefault(log, Overtaken())))
    kept["ledger-0"].other = CommandedLogs(lambda log: kept[log])
    return found


def test_a_large_batch_lands_in_smaller_commits_and_in_its_order(
    logs: CommandedLogs, kept: dict[str, Overtaken]
) -> None:
    outcomes = send(logs, *[booking(f"T{number}", "1", "1") for number in range(100)])
    log = kept["ledger-0"]
    assert [each.status for each in outcomes] == ["accepted"] * 100
    assert [each.stream for each in outcomes] == [f"trade:T{number}" for number in range(100)]
    assert [each.sequence for each in outcomes] == sorted(each.sequence for each in outcomes)
    assert log.max_notification_id() == 1 + 100 + log.overtakings
    assert verify("ledger-0", log).intact


def test_an_atomic_unit_is_never_cut(logs: CommandedLogs, kept: dict[str, Overtaken]) -> None:
    with pytest.raises(NotRecorded):
        send(logs, *[booking(f"T{number}", "1", "1") for number in range(6)], atomic=True)
    assert kept["ledger-0"].select_streams([f"trade:T{number}" for number in range(6)]) == []
    assert [each.status for each in send(logs, *[booking(f"S{n}", "1", "1") for n in range(5)], atomic=True)] == [
        "accepted"
    ] * 5


def test_of_a_batch_that_lands_in_part_the_outcome_is_said_to_be_unknown(
    logs: CommandedLogs, kept: dict[str, Overtaken]
) -> None:
    loose, atomic = (
        tuple(submission_of(booking(f"{name}{number}", "1", "1")) for number in range(size))
        for name, size in (("L", 2), ("A", 6))
    )
    with pytest.raises(OutcomeUnknown, match="only a part was recorded"):
        logs.commit("ledger-0", [Unit(loose), Unit(atomic, atomic=True)])
    assert len(kept["ledger-0"].select_streams(["trade:L0", "trade:L1"])) == 2
    assert kept["ledger-0"].select_streams([f"trade:A{number}" for number in range(6)]) == []


def test_where_nobody_interferes_it_is_one_commit(logs: CommandedLogs, kept: dict[str, Overtaken]) -> None:
    kept["ledger-0"].other = None
    send(logs, *[booking(f"T{number}", "1", "1") for number in range(100)])
    assert len(kept["ledger-0"].select_commits(2, 10)) == 1
