"""Which faults come is decided by a seed, in their shares, with every kind at least once."""

from collections import Counter

from faults.commands import Commands
from faults.kinds import FAULTS
from faults.plan import planned


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
