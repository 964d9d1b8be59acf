"""What a database of read models does beyond the contract."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from eventsourcing.persistence import OperationalError
from sqlalchemy import event

from domain.commands import CancelTrade
from infra.logs import CommandedLogs
from infra.projection_worker import ProjectionWorker
from infra.sql.engine import writing
from infra.sql.read_models import OtherReadModels, SqlReadModels
from projections.ports import ReadModelsMoved
from projections.projection import Document
from projections.registry import PROJECTIONS
from tests.contracts.read_models_contract import catch_up, require_equal_to_rebuild
from tests.ledger import logs_in_memory, send
from tests.postgres import dispose
from tests.rules import booking


@pytest.fixture
def logs() -> CommandedLogs:
    ledger = logs_in_memory()
    for number in range(30):
        send(ledger, booking(f"T{number}", str(number + 1), side="buy" if number % 3 else "sell"))
    return ledger


@pytest.fixture
def store(database_url: str, logs: CommandedLogs) -> Iterator[SqlReadModels]:
    opened = SqlReadModels.open(database_url, PROJECTIONS, logs.ledger_id)
    yield opened
    dispose(opened.engine)


def test_workers_in_a_race_count_nothing_twice(logs: CommandedLogs, store: SqlReadModels) -> None:
    def run(at_once: int) -> None:
        worker = ProjectionWorker(logs.recorders, store, PROJECTIONS, at_once)
        while any(store.reflected(each.name, "ledger-0") < 31 for each in PROJECTIONS):
            with contextlib.suppress(OperationalError):
                worker.step()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, (1, 2, 5)))
    require_equal_to_rebuild(logs, store, PROJECTIONS)


def test_a_write_that_waits_for_another_from_the_same_place_is_refused(store: SqlReadModels) -> None:
    store.write("ledger-0", {}, expected=0, reflected=1, models=["cash"])
    with ThreadPoolExecutor(1) as pool:
        with writing(store.engine) as other:
            other.exec_driver_sql("UPDATE reflected SET sequence = 5")
            waiting = pool.submit(store.write, "ledger-0", {}, expected=1, reflected=2, models=["cash"])
            assert wait([waiting], 0.3).not_done
        with pytest.raises(ReadModelsMoved):
            waiting.result()
    assert store.reflected("cash", "ledger-0") == 5


def test_read_models_of_another_ledger_are_not_used_unless_they_are_adopted(
    logs: CommandedLogs, store: SqlReadModels, database_url: str
) -> None:
    catch_up(logs, store, PROJECTIONS)
    with pytest.raises(OtherReadModels):
        SqlReadModels.open(database_url, PROJECTIONS, "another-ledger")
    adopted = SqlReadModels.open(database_url, PROJECTIONS, "another-ledger", adopt=True)
    assert adopted.scan("trades", "") == []
    assert adopted.reflected("trades", "ledger-0") == 0
    adopted.close()


class AwayOnce(SqlReadModels):
    """Fails the first time that a projection asks for documents by their prefix."""

    failed = False

    def scan(self, model: str, prefix: str) -> Sequence[Document]:
        if model == "movements" and not self.failed:
            self.failed = True
            raise OperationalError("the store is away")
        return super().scan(model, prefix)


def test_that_the_store_is_away_makes_no_event_a_poison(logs: CommandedLogs, store: SqlReadModels) -> None:
    send(logs, CancelTrade(command_id="a", trade_id="T7", book="EQ-1"))
    away = AwayOnce(store.engine, PROJECTIONS, logs.ledger_id)
    with pytest.raises(OperationalError):
        catch_up(logs, away, PROJECTIONS)
    catch_up(logs, away, PROJECTIONS)
    assert away.scan("dead-letters", "") == []
    require_equal_to_rebuild(logs, store, PROJECTIONS)


def test_what_a_prefix_costs_does_not_grow_with_what_lies_before_it(tmp_path: Path) -> None:
    store = SqlReadModels.open(f"sqlite:///{tmp_path / 'bounded.db'}", PROJECTIONS, "ledger")
    keys = [f"EQ-{book}/SAN/T{number:04d}/0001" for book in (1, 2) for number in range(2_000)]
    documents = {key: Document(id=key, log="ledger-0", sequence=1, stale=True) for key in keys}
    store.write("ledger-0", {"movements": documents}, expected=0, reflected=1, models=["movements"])
    steps: Counter[str] = Counter()

    def count() -> int:
        steps["taken"] += 10
        return 0

    @event.listens_for(store.engine, "checkout")
    def watch(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(count, 10)

    for after in (None, "EQ-2/SAN/T1997/", "EQ-1/"):
        steps.clear()
        found = store.select("movements", prefix="EQ-2/SAN/T199", after=after, limit=20)
        assert [each.id[13] for each in found] == (["7", "8", "9"] if after == "EQ-2/SAN/T1997/" else [*"0123456789"])
        assert 0 < steps["taken"] < 1_000
    store.close()
