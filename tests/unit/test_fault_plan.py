"""Which faults come is decided by a seed, in their shares, with every kind at least once."""

from collections import Counter

from benchmarks.world import FOUNDATION
from domain.commands import BookTrade
from faults.commands import Commands
from faults.kinds import FAULTS
from faults.plan import planned
from infra.logs import CommandedLogs
from infra.memory.recorder import MemoryRecorder
from tests.ledger import send


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    assert planned(FAULTS, 50, 7) == planned(FAULTS, 50, 7)
    assert planned(FAULTS, 50, 7) != planned(FAULTS, 50, 8)


def test_every_kind_comes_and_the_cheap_ones_most() -> None:
    assert {each.name for each in planned(FAULTS, len(FAULTS), 3)} == {each.name for each in FAULTS}
    counted = Counter(each.server for each in planned(FAULTS, 200, 3))
    assert counted.total() == 200
    assert counted[True] < 60


def test_clients_never_ask_for_the_same_command_twice_by_chance() -> None:
    keys = [
        (each.source, each.command_id)
        for client in ("client-0", "client-1") for commands in (Commands(client, 7),) for each in
        (commands.next() for _ in range(500))
    ]
    assert len(set(keys)) == len(keys) == 1_000


def test_of_everything_that_clients_ask_for_some_is_accepted() -> None:
    kept: dict[str, MemoryRecorder] = {}
    logs = CommandedLogs(lambda log: kept.setdefault(log, MemoryRecorder()), 2)
    for command in FOUNDATION:
        send(logs, command)
    commands, accepted = Commands("client-0", 7), Counter[str]()
    for _ in range(1_500):
        command = commands.next()
        (outcome,) = send(logs, command)
        if outcome.status == "accepted":
            accepted[type(command).__name__] += 1
            if isinstance(command, BookTrade):
                commands.booked.append(command)
    assert {*accepted} == {
        "BookTrade", "AmendTrade", "CancelTrade", "SettleTrade", "IncreaseTrade", "DecreaseTrade", "TerminateTrade",
        "NovateTrade", "AllocateBlock", "TransferPosition", "AnnounceCorporateAction", "RecordPrice",
        "DefineCounterparty",
    }
    assert accepted.total() > 1_200
