"""A transfer between two logs comes to its end, once, whichever call of a process was the last before a crash."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from domain.commands import EngageKillSwitch
from domain.ports import LogRecorder
from domain.routing import ledger_of
from infra.logs import CommandedLogs
from infra.memory.recorder import MemoryRecorder
from tests.feeds import BOOKS, LEDGERS, OTHER_BOOK
from tests.ledger import founded, logs_in_memory, opener, send
from tests.rules import booking
from tests.trade_commands import moving
from tests.transfers import events_in

OpenLog = Callable[[str], LogRecorder]
FROM, TO = (ledger_of(book, LEDGERS) for book in BOOKS)
MOST_CALLS = 200


class Killed(BaseException):
    """The process is gone."""


class Mortal:
    """The recorders of one process, which dies at its n-th call of any, before or after the store has done it."""

    def __init__(self, calls: int, *, after: bool) -> None:
        self._left, self._after = calls, after

    def of(self, recorder: LogRecorder) -> Any:
        mortal = self

        class Dying:
            def __getattr__(self, name: str) -> Any:
                return mortal.called(getattr(recorder, name))

        return Dying()

    def called(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            found = method(*arguments, **named)
            if self._left == 0:
                raise Killed
            return found

        return call


@contextmanager
def store(kind: str, folder: Path) -> Iterator[OpenLog]:
    """What opens the logs of a new ledger, again and again."""
    if kind == "sql":
        yield opener(folder)
        return
    kept: dict[str, LogRecorder] = {}
    yield lambda log: kept.setdefault(log, MemoryRecorder())


def sent(open_log: OpenLog, *, unwanted: bool) -> None:
    """Lots leave a book of one log; the book of the other is closed to them, or not."""
    logs = founded(CommandedLogs(open_log, LEDGERS))
    lots = moving(("T1", "4", "400"), to_book=BOOKS[1])
    for command in (OTHER_BOOK, booking("T1", "10", "100"), lots):
        (outcome,) = send(logs, command)
        assert outcome.status == "accepted", outcome
    if unwanted:
        send(logs, EngageKillSwitch(command_id="k", book=BOOKS[1]))


def dies(open_log: OpenLog, calls: int, *, after: bool) -> bool:
    """Whether a process that carries on dies at that call."""
    mortal = Mortal(calls, after=after)
    try:
        CommandedLogs(lambda log: mortal.of(open_log(log))).carry_over()
    except Killed:
        return True
    return False


def became(open_log: OpenLog) -> list[tuple[str, str]]:
    """The events about transfers, and the log of each."""
    logs = CommandedLogs(open_log)
    logs.carry_over()
    return [
        (log, event.type) for log in (FROM, TO) for event in events_in(log, logs.recorders[log])
        if event.type.startswith("transfer.") or event.type == "command.refused.v1"
    ]


@pytest.mark.parametrize("kind", ["memory", "sql"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("unwanted", [False, True])
def test_a_transfer_arrives_or_comes_back_once_whenever_its_processes_die(
    kind: str, *, after: bool, unwanted: bool, tmp_path: Path
) -> None:
    assert FROM != TO
    came = [(TO, "command.refused.v1")] if unwanted else [(TO, "transfer.received.v1")]
    whole = [(FROM, "transfer.sent.v1"), *([(FROM, "transfer.returned.v1")] if unwanted else []), *came]
    died = 0
    for calls in range(1, MOST_CALLS, 1 if kind == "memory" else 6):
        folder = tmp_path / str(calls)
        folder.mkdir()
        with store(kind, folder) as open_log:
            sent(open_log, unwanted=unwanted)
            # One dies there, another a few calls later, the third lives.
            alive = not dies(open_log, calls, after=after)
            died += not alive
            dies(open_log, calls + 7, after=after)
            assert became(open_log) == whole
            assert became(open_log) == whole, "what was carried on is not carried on again"
        if alive:
            break
    assert died > 6


def test_what_a_process_had_followed_is_not_read_again_by_the_next() -> None:
    kept: dict[str, LogRecorder] = {}

    def open_log(log: str) -> LogRecorder:
        return kept.setdefault(log, MemoryRecorder())

    sent(open_log, unwanted=False)
    CommandedLogs(open_log).carry_over()
    assert kept[TO].max_tracking_id(f"follow:{FROM}") == kept[FROM].max_notification_id()


def test_what_many_transfers_of_many_lots_bring_is_received_in_several_commits() -> None:
    logs = logs_in_memory(LEDGERS)
    trades = [booking(f"T{number}") for number in range(1_000)]
    send(logs, OTHER_BOOK)
    send(logs, *trades)
    lots = [(each.trade_id, "0.1", "10") for each in trades]
    for number in range(12):
        send(logs, moving(*lots, transfer_id=f"M{number}", to_book=BOOKS[1]))
    before = logs.recorders[TO].max_notification_id() or 0
    logs.carry_all()
    commits = logs.recorders[TO].select_commits(before + 1, 100)
    sizes = [commit.tree_size - commit.first_sequence + 1 for commit in commits]
    assert sizes == [9, 3]
