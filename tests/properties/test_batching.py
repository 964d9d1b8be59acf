"""However commands are cut into requests and commits, each comes to the same."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnyCommand, RollBusinessDate
from domain.outcomes import Outcome
from infra.logs import CommandedLogs, submission_of
from infra.owner import Owner
from tests.action_histories import with_actions
from tests.ledger import send
from tests.rules import DAY
from tests.strategies import histories
from tests.world import world

FIRST_DAY = RollBusinessDate(command_id="first", business_date=DAY)
"""Before the first roll the business date is that of the clock, and two runs may stand on two sides of midnight."""


def through_the_owner(
    logs: CommandedLogs, requests: Sequence[Sequence[AnyCommand]], batch_limit: int, *, waits: bool
) -> list[Outcome]:
    """What requests come to that were all handed in before the first was decided, or one after the other."""
    owner = Owner(logs, batch_limit=batch_limit, queue_limit=1_000)
    if waits:
        owner.start()
    promises = []
    for request in requests:
        promises.append(owner.submit([submission_of(command) for command in request]))
        if waits:
            promises[-1].result(30)
    if not waits:
        owner.start()
    outcomes = [outcome for promise in promises for outcome in promise.result(30)]
    owner.stop()
    return outcomes


def contents(logs: CommandedLogs) -> dict[str, list[Any]]:
    """Every event but for when it was recorded, which is also when it holds if nothing else was said."""
    found: dict[str, list[Any]] = {}
    for log, recorder in logs.recorders.items():
        decided_at: dict[str, str] = {}
        for each in recorder.select_notifications(1, 10_000)[1:]:
            state = json.loads(each.state)
            # What one trade hands over to another holds from when the first event of the command was recorded.
            own = state.pop("recorded_at")
            first = decided_at.setdefault(state["command_id"], own)
            effective_at = None if state["effective_at"] in (own, first) else state["effective_at"]
            for dealt in _dealt(state):
                for moment in MOMENTS_OF_RECORDING:
                    dealt.pop(moment, None)
            del state["effective_at"]
            content = (each.id, each.originator_id, each.originator_version, each.topic, effective_at, state)
            found.setdefault(log, []).append(content)
    return found


MOMENTS_OF_RECORDING = ("executed_at", "held_from")


def _dealt(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Whatever of an event says when it was dealt, and from when on it holds."""
    for terms in (state.get("terms"), state.get("previous")):
        if isinstance(terms, dict):
            yield terms
            yield from terms.get("parts", ())
    if "change" in state:
        yield state["change"]


def cut(commands: Sequence[AnyCommand], lengths: Sequence[int]) -> list[Sequence[AnyCommand]]:
    requests: list[Sequence[AnyCommand]] = []
    at = 0
    while at < len(commands):
        length = lengths[len(requests) % len(lengths)]
        requests.append(commands[at : at + length])
        at += length
    return requests


@settings(max_examples=60, deadline=None)
@given(
    with_actions(histories()).map(lambda history: [FIRST_DAY, *history]),
    st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(1, 12), st.sampled_from([1, 2]),
)
def test_requests_and_commits_of_any_length_give_the_same_outcomes_and_events(
    history: list[AnyCommand], lengths: list[int], batch_limit: int, ledgers: int
) -> None:
    alone, together = world(ledgers), world(ledgers)
    expected = [send(alone, command)[0] for command in history]
    assert through_the_owner(together, cut(history, lengths), batch_limit, waits=True) == expected
    assert contents(together) == contents(alone)


@settings(max_examples=30, deadline=None)
@given(histories(surroundings=False), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 12))
def test_requests_of_one_log_that_wait_together_come_to_what_they_would_alone(
    history: list[AnyCommand], lengths: list[int], batch_limit: int
) -> None:
    alone, together = world(), world()
    for logs in (alone, together):
        send(logs, FIRST_DAY)
    expected = [send(alone, command)[0] for command in history]
    assert through_the_owner(together, cut(history, lengths), batch_limit, waits=False) == expected
    assert contents(together) == contents(alone)
