"""Read models in a store: exactly once, whatever stops, moves or fails; rebuilt equal; never ahead of their log."""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, ClassVar

import pytest
from eventsourcing.persistence import OperationalError

from domain.commands import AffirmTrade, CancelTrade, DefineBook, SettleTrade
from domain.events import TradeAffirmed, TradeBooked, TradeEvent
from domain.schema import Recorded
from infra.logs import CommandedLogs
from infra.memory.recorder import MemoryRecorder
from infra.projection_worker import ProjectionWorker, ReadModelsAhead, wait_until_reflected
from infra.rebuild import compare, rebuild
from infra.sql.engine import writing
from infra.sql.read_models import OtherReadModels, SqlReadModels
from projections.fold import ProjectionStopped
from projections.ports import ReadModelsMoved
from projections.projection import Document, View
from projections.registry import PROJECTIONS
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


def digests(store: SqlReadModels) -> dict[str, str]:
    return {projection.name: store.digest(projection.name) for projection in PROJECTIONS}


@pytest.mark.parametrize("at_once", [1, 7, 5_000])
def test_batching_does_not_show_in_the_documents(
    logs: CommandedLogs, store: SqlReadModels, at_once: int
) -> None:
    ProjectionWorker(logs.recorders, store, PROJECTIONS, at_once).catch_up()
    assert all(live == rebuilt for live, rebuilt in compare(logs.recorders, store, PROJECTIONS).values())
    assert len(store.scan("trades", "EQ-1/")) == 30


def test_two_workers_on_one_store_count_nothing_twice(logs: CommandedLogs, store: SqlReadModels) -> None:
    workers = [ProjectionWorker(logs.recorders, store, PROJECTIONS, 3) for _ in range(2)]
    while sum(worker.step() for worker in workers):
        pass
    assert all(live == rebuilt for live, rebuilt in compare(logs.recorders, store, PROJECTIONS).values())


def test_workers_in_a_race_count_nothing_twice(logs: CommandedLogs, store: SqlReadModels) -> None:
    def run(at_once: int) -> None:
        worker = ProjectionWorker(logs.recorders, store, PROJECTIONS, at_once)
        while any(store.reflected(each.name, "ledger-0") < 31 for each in PROJECTIONS):
            with contextlib.suppress(OperationalError):
                worker.step()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, (1, 2, 5)))
    assert all(live == rebuilt for live, rebuilt in compare(logs.recorders, store, PROJECTIONS).values())


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


def test_a_write_at_another_place_is_refused_whole(logs: CommandedLogs, store: SqlReadModels) -> None:
    ProjectionWorker(logs.recorders, store, PROJECTIONS).catch_up()
    before = digests(store)
    stray = {"cash": {"EQ-9/EUR": Document(id="EQ-9/EUR", stale=True)}}
    with pytest.raises(ReadModelsMoved):
        store.write("ledger-0", stray, expected=3, reflected=4, models=["cash"])
    assert digests(store) == before


def test_a_rebuild_is_served_at_once_and_goes_on(logs: CommandedLogs, store: SqlReadModels) -> None:
    worker = ProjectionWorker(logs.recorders, store, PROJECTIONS)
    worker.catch_up()
    before = digests(store)
    assert rebuild(logs.recorders, store, PROJECTIONS) == before == digests(store)
    send(logs, booking("T-more"))
    worker.catch_up()
    assert len(store.scan("trades", "EQ-1/")) == 31
    assert all(live == rebuilt for live, rebuilt in compare(logs.recorders, store, PROJECTIONS).values())


def test_read_models_ahead_of_their_log_stop(logs: CommandedLogs, store: SqlReadModels) -> None:
    ProjectionWorker(logs.recorders, store, PROJECTIONS).catch_up()
    shorter = {**logs.recorders, "ledger-0": MemoryRecorder()}
    with pytest.raises(ReadModelsAhead, match="ledger-0"):
        ProjectionWorker(shorter, store, PROJECTIONS).catch_up()


def test_read_models_of_another_ledger_are_not_used_unless_they_are_adopted(
    logs: CommandedLogs, store: SqlReadModels, database_url: str
) -> None:
    ProjectionWorker(logs.recorders, store, PROJECTIONS).catch_up()
    with pytest.raises(OtherReadModels):
        SqlReadModels.open(database_url, PROJECTIONS, "another-ledger")
    adopted = SqlReadModels.open(database_url, PROJECTIONS, "another-ledger", adopt=True)
    assert adopted.scan("trades", "") == []
    assert adopted.reflected("trades", "ledger-0") == 0
    adopted.engine.dispose()


def test_a_log_that_went_another_way_is_noticed_though_it_is_longer(logs: CommandedLogs, store: SqlReadModels) -> None:
    ProjectionWorker(logs.recorders, store, PROJECTIONS).catch_up()
    fork = logs_in_memory()
    for number in range(40):
        send(fork, booking(f"F{number}"))
    with pytest.raises(ReadModelsAhead, match="ledger-0:31"):
        ProjectionWorker({**logs.recorders, "ledger-0": fork.recorders["ledger-0"]}, store, PROJECTIONS).catch_up()


def test_a_rebuild_may_come_before_anything_was_folded(logs: CommandedLogs, store: SqlReadModels) -> None:
    assert rebuild(logs.recorders, store, PROJECTIONS) == digests(store)
    assert len(store.scan("trades", "")) == 30


def test_documents_come_in_the_order_of_their_bytes(store: SqlReadModels) -> None:
    ids = ["EQ-1/a", "EQ-1/B", "EQ-1/_", "EQ-1/é", "EQ 1/x", "EQ-10/x", "eq-1/z"]
    store.write("ledger-0", {"cash": {each: Document(id=each, stale=True) for each in ids}}, expected=0, reflected=1,
                models=["cash"])
    assert [each.id for each in store.select("cash", limit=9)] == sorted(ids)
    assert [each.id for each in store.scan("cash", "EQ-1/")] == ["EQ-1/B", "EQ-1/_", "EQ-1/a", "EQ-1/é"]
    assert [each.id for each in store.select("cash", after="EQ-1/_", limit=2)] == ["EQ-1/a", "EQ-1/é"]


def test_waiting_ends_when_it_is_reflected_and_in_time(logs: CommandedLogs, store: SqlReadModels) -> None:
    assert not wait_until_reflected(store, ["cash"], {"ledger-0": 31}, 0.02)
    ProjectionWorker(logs.recorders, store, PROJECTIONS).catch_up()
    assert wait_until_reflected(store, ["cash", "trades"], {"ledger-0": 31, "reference": 1}, 0.02)
    assert not wait_until_reflected(store, ["cash"], {"ledger-0": 32}, 0.02)


def test_a_page_goes_on_where_the_last_one_ended(logs: CommandedLogs, store: SqlReadModels) -> None:
    ProjectionWorker(logs.recorders, store, PROJECTIONS).catch_up()
    seen: list[str] = []
    while page := store.select("trades", where={"book": "EQ-1"}, after=seen[-1] if seen else None, limit=7):
        seen += [document.id for document in page]
    assert seen == sorted(f"EQ-1/T{number}" for number in range(30))
    with pytest.raises(KeyError):
        store.select("trades", where={"nothing": "x"})


class Counter(Document, kw_only=True):
    count: int = 0


class Counting:
    """Counts a trade's events, but cannot take an affirmation of T7."""

    name = "counting"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ()
    appends = False
    columns: ClassVar[tuple[str, ...]] = ()
    document_type = Counter
    broken = True

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        return (f"{fact.terms.book}/{fact.trade_id}",) if isinstance(fact, TradeEvent) else ()

    def project(self, key: str, document: Counter | None, event: Recorded, _view: View) -> Counter:
        if self.broken and key.endswith("/T7") and isinstance(event.event, TradeAffirmed):
            raise ZeroDivisionError("poison")
        return Counter(id=key, count=(document.count if document else 0) + 1)


class Doubling:
    """Twice what ``counting`` says: it needs it."""

    name = "doubling"
    version = 1
    needs: ClassVar[tuple[str, ...]] = ("counting",)
    appends = False
    columns: ClassVar[tuple[str, ...]] = ()
    document_type = Counter

    def keys(self, event: Recorded) -> Sequence[str]:
        return Counting.keys(self, event)  # type: ignore[arg-type]

    def project(self, key: str, _document: Counter | None, _event: Recorded, view: View) -> Counter:
        counted: Any = view.get("counting", key)
        return Counter(id=key, count=2 * counted.count)


def test_a_poison_event_parks_its_own_document_and_the_rest_goes_on(logs: CommandedLogs, store: SqlReadModels) -> None:
    send(logs, AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
    send(logs, AffirmTrade(command_id="b", trade_id="T8", book="EQ-1"))
    counting, poisoned = Counting(), (Counting(), Doubling())
    other = SqlReadModels(store.engine, poisoned, logs.ledger_id)
    ProjectionWorker(logs.recorders, other, poisoned).catch_up()
    for model in ("counting", "doubling"):
        found = other.get_many(model, ["EQ-1/T7", "EQ-1/T8"])
        assert [found[f"EQ-1/{trade}"].stale for trade in ("T7", "T8")] == [True, False]
    letters: Any = other.scan("dead-letters", "")
    assert [(letter.model, letter.event) for letter in letters] == [
        ("counting", "ledger-0:32"), ("doubling", "ledger-0:32")
    ]
    counting.broken = False
    assert rebuild(logs.recorders, other, (counting, Doubling()))
    assert [each.stale for each in other.get_many("counting", ["EQ-1/T7"]).values()] == [False]
    assert other.scan("dead-letters", "") == []


def test_later_events_of_a_parked_document_wait_too(logs: CommandedLogs, store: SqlReadModels) -> None:
    send(logs, AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
    projections = (Counting(),)
    other = SqlReadModels(store.engine, projections, logs.ledger_id)
    ProjectionWorker(logs.recorders, other, projections).catch_up()
    from_now_on = ProjectionWorker(logs.recorders, other, projections)
    send(logs, SettleTrade(command_id="c", trade_id="T7", book="EQ-1"))
    from_now_on.catch_up()
    letters: Any = other.scan("dead-letters", "")
    assert [letter.event for letter in letters] == ["ledger-0:32", "ledger-0:33"]


class Unplaceable(Counting):
    def keys(self, event: Recorded) -> Sequence[str]:
        if isinstance(event.event, TradeBooked):
            raise ZeroDivisionError("no key")
        return ()


def test_a_projection_that_cannot_place_an_event_stops_and_says_so(logs: CommandedLogs, store: SqlReadModels) -> None:
    projections = (Unplaceable(),)
    other = SqlReadModels(store.engine, projections, logs.ledger_id)
    with pytest.raises(ProjectionStopped, match="counting cannot place ledger-0:2"):
        ProjectionWorker(logs.recorders, other, projections).catch_up()
    assert other.reflected("counting", "ledger-0") == 0


class UnplaceableInOneLog(Counting):
    def keys(self, event: Recorded) -> Sequence[str]:
        if event.log == "ledger-0" and isinstance(event.event, TradeBooked):
            raise ZeroDivisionError("no key")
        return super().keys(event)


def test_a_projection_that_stops_in_one_log_goes_on_in_the_others(tmp_path: Path) -> None:
    logs, projections = logs_in_memory(2), (UnplaceableInOneLog(),)
    send(logs, DefineBook(command_id="b", book="EQ-4", name="Fourth", desk="EQ"))
    for book in ("EQ-4", "EQ-1"):
        send(logs, booking(f"T-{book}", book=book))
    other = SqlReadModels.open(f"sqlite:///{tmp_path / 'other.db'}", projections, logs.ledger_id)
    worker = ProjectionWorker(logs.recorders, other, projections)
    with pytest.raises(ProjectionStopped, match="counting cannot place ledger-0:2"):
        worker.catch_up()
    assert [other.reflected("counting", log) for log in ("ledger-0", "ledger-1")] == [0, 2]
    other.engine.dispose()


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
        ProjectionWorker(logs.recorders, away, PROJECTIONS).catch_up()
    ProjectionWorker(logs.recorders, away, PROJECTIONS).catch_up()
    assert away.scan("dead-letters", "") == []
    assert all(live == rebuilt for live, rebuilt in compare(logs.recorders, store, PROJECTIONS).values())
