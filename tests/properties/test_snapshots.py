"""A log's state from a snapshot and what follows it is the state from all of it, or the snapshot is not used."""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.batch import Unit
from domain.commands import AnyCommand
from domain.ports import LogRecorder
from domain.routing import log_of
from domain.snapshots import Snapshot, decoded, encoded, form_of
from domain.trades.decider import KeptTrades
from infra.logs import CommandedLogs, submission_of
from infra.memory.recorder import MemoryRecorder
from tests.action_histories import with_actions
from tests.ledger import send
from tests.strategies import histories, numbered
from tests.world import world

Stored = dict[str, LogRecorder]
LEDGERS = 2
NEVER = 1 << 60


class AtOnce:
    """``domain.snapshots.Snapshots`` that are kept at once, and are never too many."""

    def __init__(self, every: int = 1) -> None:
        self.every = every
        self.kept: dict[str, bytes] = {}

    def ready(self) -> bool:
        return True

    def save(self, snapshot: Snapshot[Any]) -> None:
        self.kept[snapshot.log] = encoded(snapshot)

    def read(self, log: str) -> bytes | None:
        return self.kept.get(log)


def opened(stored: Stored, snapshots: AtOnce | None) -> CommandedLogs:
    return CommandedLogs(lambda log: stored.setdefault(log, MemoryRecorder()), LEDGERS, snapshots)


def grown(stored: Stored, history: Sequence[AnyCommand], snapshots: AtOnce | None) -> CommandedLogs:
    logs = world(logs=opened(stored, snapshots))
    for command in history:
        send(logs, command)
    return logs


def states(logs: CommandedLogs) -> dict[str, Any]:
    """What the rules know of every log; the order of tables means nothing."""
    return {log: _sorted(msgspec.to_builtins(ledger.decider.kept())) for log, ledger in logs.by_log.items()}


def again(stored: Stored, snapshots: AtOnce | None) -> CommandedLogs:
    """Opened once more; what is carried over then makes no new snapshot."""
    if snapshots is not None:
        snapshots.every = NEVER
    logs = opened(stored, snapshots)
    logs.carry_over()
    return logs


@settings(max_examples=60, deadline=None)
@given(with_actions(histories()), with_actions(histories(12)), st.integers(1, 9), st.data())
def test_the_state_from_a_snapshot_and_the_tail_is_the_state_from_all_events(
    history: list[AnyCommand], later: list[AnyCommand], every: int, data: st.DataObject
) -> None:
    stored: Stored = {}
    snapshots = AtOnce(every)
    logs = grown(stored, history, snapshots)
    # What comes afterwards is in no snapshot.
    snapshots.every = NEVER
    tail = data.draw(st.integers(0, len(later)))
    for command in numbered(later[:tail], "tail"):
        send(logs, command)
    resumed, replayed = again(stored, snapshots), again(stored, None)
    assert {log for log, ledger in resumed.by_log.items() if ledger._saved} == snapshots.kept.keys()
    assert states(resumed) == states(replayed) == states(logs)
    for command in numbered(later, "dry"):
        assert send(resumed, command, dry_run=True) == send(replayed, command, dry_run=True)
    for command in numbered(later, "more"):
        send(resumed, command)
    assert states(resumed) == states(again(stored, None))


@settings(max_examples=40, deadline=None)
@given(with_actions(histories()), with_actions(histories()))
def test_a_snapshot_of_another_history_is_not_used(history: list[AnyCommand], other: list[AnyCommand]) -> None:
    stored: Stored = {}
    snapshots = AtOnce()
    grown({}, history, snapshots)
    grown(stored, other, None)
    found = again(stored, snapshots)
    assert not any(ledger._saved for ledger in found.by_log.values())
    assert states(found) == states(again(stored, None))


@settings(max_examples=30, deadline=None)
@given(with_actions(histories(6)), st.data())
def test_a_snapshot_that_was_altered_in_what_names_its_log_is_not_used(
    history: list[AnyCommand], data: st.DataObject
) -> None:
    stored: Stored = {}
    snapshots = AtOnce()
    logs = grown(stored, history, snapshots)
    log = log_of(history[0], LEDGERS)
    decider = logs.by_log[log].decider
    snapshot = decoded(snapshots.kept[log], log, decider.state_type)
    assert snapshot is not None
    other: Any = data.draw(st.sampled_from([
        {"form": "0-of-long-ago"}, {"log": "ledger-9"}, {"root": b"\x00" * 32}, {"sequence": snapshot.sequence + 1},
        {"sequence": snapshot.sequence - 1}, {"first_sequence": snapshot.first_sequence + 1}, {"state": {"used": 1}},
    ]))
    snapshots.kept[log] = data.draw(st.sampled_from([
        encoded(msgspec.structs.replace(snapshot, **other)), b"", b"nonsense", snapshots.kept[log][:-9],
    ]))
    found = again(stored, snapshots)
    assert found.by_log[log]._saved == 0
    assert states(found) == states(logs)


@settings(max_examples=30, deadline=None)
@given(with_actions(histories()), st.integers(1, 5))
def test_a_snapshot_ahead_of_a_log_that_was_cut_is_not_used(history: list[AnyCommand], cut: int) -> None:
    stored: Stored = {}
    snapshots = AtOnce()
    logs = grown(stored, history, snapshots)
    log = log_of(history[0], LEDGERS)
    whole: Any = stored[log]
    last = whole.max_notification_id()
    shorter = MemoryRecorder()
    for commit in whole.select_commits(1, last)[:-cut]:
        events = whole._stored_events[commit.first_sequence - 1 : commit.tree_size]
        shorter.insert_events(events)
    stored[log] = shorter
    if shorter.max_notification_id():
        found = again(stored, snapshots)
        assert found.by_log[log]._saved == 0
        assert states(found)[log] == states(again(stored, None))[log]
    assert logs.by_log[log].sequence == last


@settings(max_examples=40, deadline=None)
@given(with_actions(histories(8)), with_actions(histories(8)))
def test_a_snapshot_holds_nothing_of_what_is_decided_on_top_of_its_commit(
    history: list[AnyCommand], flying: list[AnyCommand]
) -> None:
    """As when one commit is written while the next is decided."""
    stored: Stored = {}
    snapshots = AtOnce()
    logs = grown(stored, history, None)
    log = log_of(flying[0], LEDGERS)
    logs.carry_over()
    ledger = logs.by_log[log]
    ledger._snapshots = snapshots
    of_log = [each for each in numbered(flying, "f") if log_of(each, LEDGERS) == log]
    half = len(of_log) // 2
    first = logs.prepare(log, [Unit(tuple(map(submission_of, of_log[:half])))], looked_up=True)
    second = logs.prepare(log, [Unit(tuple(map(submission_of, of_log[half:])))], looked_up=True)
    assert first is not None
    assert second is not None
    if first.commit is not None:
        ledger.append(first)
        ledger.keep(first)
        assert states(again(stored, snapshots))[log] == states(again(stored, None))[log]
        assert again(stored, snapshots).by_log[log]._saved == first.commit.tree_size
    ledger.step_back()


def test_another_shape_of_the_state_is_another_form() -> None:
    wider = msgspec.defstruct("KeptTrades", [("used", dict[str, str])], frozen=True)
    assert form_of(wider) != form_of(KeptTrades)
    assert form_of(KeptTrades) == form_of(KeptTrades)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    return sorted(map(_sorted, value), key=repr) if isinstance(value, list | tuple) else value
