"""The owner of one log, in the simulated cluster: what the rules break on does not take others with it."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from domain.batch import Unit
from domain.routing import ledger_of
from infra.kafka.ledger_worker import LedgerWorker
from infra.kafka.log_owner import LogOwner
from infra.kafka.records import Asked
from infra.logs import CommandedLogs
from tests.decided import by_key
from tests.feeds import LEDGERS
from tests.ledger import send
from tests.rules import booking
from tests.simulation.cluster import Cluster, cluster

LEDGER = ledger_of("EQ-1", LEDGERS)


@pytest.fixture
def simulated() -> Iterator[Cluster]:
    with cluster() as simulated:
        yield simulated


def owner_of(simulated: Cluster) -> LogOwner:
    """That of a log whose partition the first worker has taken over."""
    for slot in simulated.deciders[1:]:
        assert slot.process is not None
        slot.process.die()
    simulated.notice_the_dead()
    worker: LedgerWorker = simulated.deciders[0].running
    while LEDGER not in worker.owned():
        worker.step()
    return next(owner for owner in worker._owners.values() if owner.log == LEDGER)


def asked(first: int, *trades: str) -> list[Asked]:
    return [Asked(offset, Unit((by_key(booking(trade)),))) for offset, trade in enumerate(trades, first)]


def breaks_on(logs: CommandedLogs, trade: str) -> Any:
    """The rules, with a defect that shows only once repeats are looked up."""
    prepare = logs.prepare

    def broken(log: str, units: Sequence[Unit], *, looked_up: bool = False) -> Any:
        if looked_up and any(each.command.command_id == f"book-{trade}" for unit in units for each in unit.submissions):
            raise ZeroDivisionError("an error of ours")
        return prepare(log, units, looked_up=looked_up)

    return broken


@pytest.mark.parametrize("behind", [(), ("D1", "D2")])
def test_what_the_rules_break_on_once_it_was_overtaken_is_refused_and_nothing_else_is_skipped(
    simulated: Cluster, monkeypatch: pytest.MonkeyPatch, behind: tuple[str, ...]
) -> None:
    owner = owner_of(simulated)
    beside = CommandedLogs(lambda log: simulated.recorders[log])
    # The first try is refused by the store, for it came before: only then is it looked up.
    send(beside, booking("B1"))
    monkeypatch.setattr(owner._logs, "prepare", breaks_on(owner._logs, "B1"))
    owner.serve(asked(0, "A1", "B1", "C1"))
    owner.serve(asked(3, *behind))
    while owner.flying():
        owner.land()
    found = {trade: beside.find_outcome("api", f"book-{trade}") for trade in ("A1", "C1", *behind)}
    assert {trade: outcome.status for trade, outcome in found.items() if outcome} == dict.fromkeys(found, "accepted")
    refused = beside.find_outcome(f"kafka:{owner.place.topic_id}", f"{owner.place.partition}:1")
    assert refused is not None
    assert refused.code == "undecidable"
    taken = simulated.recorders[LEDGER].max_tracking_id(owner.place.tracking)
    assert taken == 3 + len(behind)
