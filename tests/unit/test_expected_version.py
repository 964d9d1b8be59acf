"""The version that a sender has seen: a conflict names the present one only to who may know of the stream."""

from typing import Any

import pytest

from domain.batch import Unit
from domain.commands import AffirmTrade, CancelTrade, IssueKey
from domain.outcomes import Outcome
from infra.logs import CommandedLogs, submission_of
from tests.ledger import logs_in_memory, send
from tests.rules import booking

SEEN: dict[str, Any] = {"trade_id": "T2", "expected_version": 7}


@pytest.fixture
def logs() -> CommandedLogs:
    found = logs_in_memory()
    send(found, booking("T2", book="EQ-2"))
    for key_id, roles, books in (("one", ("trader",), ("EQ-1",)), ("two", ("trader",), ("EQ-2",)),
                                 ("reads", ("reporting",), ())):
        send(found, IssueKey(
            command_id=key_id, key_id=key_id, name="K", digest=(key_id * 64)[:64].encode().hex()[:64],
            roles=roles, books=books,  # type: ignore[arg-type]
        ))
    return found


def refused(logs: CommandedLogs, command: Any, actor: str) -> Outcome:
    (outcome,) = logs.commit("ledger-0", [Unit((submission_of(command, actor),))])
    assert outcome.status == "refused"
    return outcome


@pytest.mark.parametrize(("command", "actor", "code"), [
    (AffirmTrade(command_id="x", book="EQ-2", **SEEN), "one", "not-permitted"),
    (AffirmTrade(command_id="x", book="EQ-1", **SEEN), "one", "unknown-trade"),
    (booking("T2", command_id="x", expected_version=7), "one", "trade-exists"),
    (AffirmTrade(command_id="x", book="EQ-2", **SEEN), "reads", "not-permitted"),
])
def test_who_may_not_see_a_trade_is_not_told_its_version(
    logs: CommandedLogs, command: Any, actor: str, code: str
) -> None:
    outcome = refused(logs, command, actor)
    assert outcome.code == code
    assert "version" not in outcome.detail


def test_a_conflict_is_said_before_what_else_is_wrong(logs: CommandedLogs) -> None:
    send(logs, CancelTrade(command_id="c", trade_id="T2", book="EQ-2"))
    outcome = refused(logs, AffirmTrade(command_id="x", book="EQ-2", **SEEN), "two")
    assert (outcome.code, outcome.field) == ("version-conflict", "$.expected_version")
    assert outcome.detail == "trade:T2 is at version 2, not 7"
    fresh = AffirmTrade(command_id="y", book="EQ-2", trade_id="T2", expected_version=2)
    assert refused(logs, fresh, "two").code == "wrong-state"
