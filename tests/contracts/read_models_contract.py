"""What every store of read models keeps: exactly once, whatever stops, moves or fails; rebuilt equal; never ahead."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from domain.commands import AffirmTrade, DefineBook, SettleTrade
from infra.logs import CommandedLogs
from infra.memory.recorder import MemoryRecorder
from infra.projection_worker import ProjectionWorker
from infra.rebuild import compare, rebuild
from infra.reflected import ReadModelsAhead, wait_until_reflected
from projections.fold import ProjectionStopped
from projections.movements import Held, Posted
from projections.ports import ReadModelsMoved, ReadModelStore
from projections.projection import Document, Projection, families
from projections.registry import PROJECTIONS
from tests.counting import Counting, Doubling, Unplaceable, UnplaceableInOneLog
from tests.ledger import logs_in_memory, send
from tests.rules import booking

Open = Callable[[Sequence[Projection], str], ReadModelStore]
EXPOSURE = tuple(each for each in PROJECTIONS if each.name in {"trades", "exposure"})
POSITIONS = next(family for family in families(PROJECTIONS) if "positions" in {each.name for each in family})
FEW = (*EXPOSURE, *POSITIONS)


def catch_up(
    logs: CommandedLogs, store: ReadModelStore, projections: Sequence[Projection], at_once: int = 5_000
) -> None:
    worker = ProjectionWorker(logs.recorders, store, projections, at_once)
    try:
        worker.catch_up()
    finally:
        worker.stop()


def digests(store: ReadModelStore, projections: Sequence[Projection]) -> dict[str, str]:
    return {projection.name: store.digest(projection.name) for projection in projections}


def require_equal_to_rebuild(logs: CommandedLogs, store: ReadModelStore, projections: Sequence[Projection]) -> None:
    for model, (live, rebuilt) in compare(logs.recorders, store, projections).items():
        assert live == rebuilt, model


class ReadModelsContract:
    """Subclasses have a fixture ``opened``: it opens the store for projections and a ledger, and closes it."""

    @pytest.fixture
    def logs(self) -> CommandedLogs:
        ledger = logs_in_memory()
        for number in range(30):
            send(ledger, booking(f"T{number}", str(number + 1), side="buy" if number % 3 else "sell"))
        return ledger

    @pytest.fixture
    def store(self, logs: CommandedLogs, opened: Open) -> ReadModelStore:
        return opened(FEW, logs.ledger_id)

    @pytest.mark.parametrize("at_once", [3, 5_000])
    def test_batching_does_not_show_in_the_documents(
        self, logs: CommandedLogs, opened: Open, at_once: int
    ) -> None:
        store = opened(POSITIONS, logs.ledger_id)
        catch_up(logs, store, POSITIONS, at_once)
        require_equal_to_rebuild(logs, store, POSITIONS)
        assert len(store.scan("movements", "EQ-1/")) == 30

    def test_every_read_model_is_equal_to_its_rebuild(self, logs: CommandedLogs, opened: Open) -> None:
        store = opened(PROJECTIONS, logs.ledger_id)
        catch_up(logs, store, PROJECTIONS)
        require_equal_to_rebuild(logs, store, PROJECTIONS)
        books = [entry.id for entry in store.select("reference", where={"kind": "books"})]
        assert books == ["books/EQ-1", "books/EQ-2"]
        assert {entry.log for entry in store.scan("reference", "")} == {"reference", "market"}

    def test_documents_are_read_with_no_more_fields_than_are_asked_for(
        self, logs: CommandedLogs, store: ReadModelStore
    ) -> None:
        send(logs, SettleTrade(command_id="settle", trade_id="T3", book="EQ-1"))
        catch_up(logs, store, FEW)
        whole, part = store.select("movements", limit=-1), store.select("movements", limit=-1, shape=Held)
        assert [type(each) for each in part] == [Held] * 31
        assert [msgspec.convert(msgspec.to_builtins(each), Held) for each in whole] == part
        first, second = (
            store.select("movements", shape=Posted, where={"book": "EQ-1"}, prefix="EQ-1/SAN/", after=after, limit=20)
            for after in (None, part[19].id)
        )
        assert [each.id for each in (*first, *second)] == [each.id for each in part]
        assert all(each.postings for each in (*first, *second) if isinstance(each, Posted))

    def test_a_stale_document_is_bare_whatever_fields_are_asked_for(
        self, logs: CommandedLogs, store: ReadModelStore
    ) -> None:
        catch_up(logs, store, FEW)
        (key, *_) = (each.id for each in store.select("movements", limit=1))
        place = store.reflected("movements", "ledger-0")
        stale = Document(id=key, log="ledger-0", sequence=place + 1, stale=True)
        store.write("ledger-0", {"movements": {key: stale}}, expected=place, reflected=place + 1, models=["movements"])
        found = store.select("movements", limit=1, shape=Held)
        assert [(type(each), each.stale) for each in found] == [(Document, True)]
        for limit in (31, -1):
            every = store.select("movements", limit=limit, shape=Held)
            assert [(type(each), each.stale) for each in every] == [(Document, True), *[(Held, False)] * 29]
        assert [each.id for each in every] == [each.id for each in store.select("movements")]

    def test_a_page_of_nothing_is_empty(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        assert store.select("movements", limit=5) == []
        catch_up(logs, store, FEW)
        assert store.select("movements", limit=0) == []
        assert store.select("movements", prefix="EQ-9/", limit=5, shape=Held) == []

    def test_two_workers_on_one_store_count_nothing_twice(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        workers = [ProjectionWorker(logs.recorders, store, FEW, at_once) for at_once in (3, 5)]
        while sum(worker.step() for worker in workers):
            pass
        for worker in workers:
            worker.stop()
        require_equal_to_rebuild(logs, store, FEW)

    def test_a_write_at_another_place_is_refused_whole(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        catch_up(logs, store, FEW)
        before = digests(store, FEW)
        stray = {"exposure": {"EQ-9/EUR": Document(id="EQ-9/EUR", log="ledger-0", sequence=4, stale=True)}}
        with pytest.raises(ReadModelsMoved):
            store.write("ledger-0", stray, expected=3, reflected=4, models=["exposure"])
        assert digests(store, FEW) == before
        assert store.get_many("exposure", ["EQ-9/EUR"]) == {}

    def test_a_rebuild_is_served_at_once_and_goes_on(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        worker = ProjectionWorker(logs.recorders, store, FEW)
        worker.catch_up()
        before = digests(store, FEW)
        rebuilt = rebuild(logs.recorders, store, FEW)
        assert rebuilt == {model: (digest, digest) for model, digest in before.items()}
        assert digests(store, FEW) == before
        send(logs, booking("T-more"))
        worker.catch_up()
        worker.stop()
        assert len(store.scan("trades", "EQ-1/")) == 31
        require_equal_to_rebuild(logs, store, FEW)

    def test_one_family_is_rebuilt_alone_and_its_dead_letters_with_it(self, logs: CommandedLogs, opened: Open) -> None:
        send(logs, AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
        counting, doubling, other = Counting(), Doubling(), Counting("other")
        store = opened((counting, doubling, other), logs.ledger_id)
        catch_up(logs, store, (counting, doubling, other))
        letters = ["counting/EQ-1/T7", "doubling/EQ-1/T7", "other/EQ-1/T7"]
        assert [letter.id.rpartition("/")[0] for letter in store.scan("dead-letters", "")] == letters
        counting.broken = other.broken = False
        rebuilt = rebuild(logs.recorders, store, (counting, doubling))
        assert [before != after for before, after in rebuilt.values()] == [True, True]
        assert [letter.id.rpartition("/")[0] for letter in store.scan("dead-letters", "")] == letters[2:]
        stale = {model: store.get_many(model, ["EQ-1/T7"])["EQ-1/T7"].stale for model in ("counting", "other")}
        assert stale == {"counting": False, "other": True}

    def test_a_rebuild_beside_a_model_that_is_behind_has_nothing_to_compare(
        self, logs: CommandedLogs, store: ReadModelStore
    ) -> None:
        assert [before for before, _ in rebuild(logs.recorders, store, FEW).values()] == [""] * len(FEW)
        assert len(store.scan("trades", "EQ-1/")) == 30

    def test_what_is_dropped_was_never_served(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        beside = store.beside(POSITIONS)
        catch_up(logs, beside, POSITIONS)
        assert len(beside.scan("movements", "")) == 30
        assert (store.scan("movements", ""), store.reflected("movements", "ledger-0")) == ([], 0)
        beside.drop()
        assert store.scan("movements", "") == []

    def test_a_new_member_of_a_family_begins_it_again(self, logs: CommandedLogs, opened: Open) -> None:
        counting, doubling = Counting(), Doubling()
        catch_up(logs, opened((counting,), logs.ledger_id), (counting,))
        store = opened((counting, doubling), logs.ledger_id)
        catch_up(logs, store, (counting, doubling))
        assert [each.id for each in store.scan("doubling", "")] == [each.id for each in store.scan("counting", "")]
        assert len(store.scan("doubling", "")) == 30

    @pytest.mark.parametrize("changed", ["counting", "doubling"])
    def test_a_new_version_of_a_model_begins_its_family_again(
        self, logs: CommandedLogs, opened: Open, changed: str
    ) -> None:
        before = Counting(), Doubling()
        catch_up(logs, opened(before, logs.ledger_id), before)
        after = counting, doubling = Counting(), Doubling()
        if changed == "counting":
            counting.version = 2
        else:
            doubling.version = 2
        store = opened(after, logs.ledger_id)
        assert store.places([each.name for each in after], "ledger-0") == {0, 31}
        catch_up(logs, store, after)
        assert [len(store.scan(each.name, "")) for each in after] == [30, 30]
        require_equal_to_rebuild(logs, store, after)

    def test_the_heads_are_the_last_events_and_their_leaves(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        catch_up(logs, store, FEW)
        assert {log for log, _, _ in store.heads(logs.recorders)} == set(logs.recorders)
        for log, sequence, leaf in store.heads(logs.recorders):
            assert sequence == logs.recorders[log].max_notification_id()
            assert logs.recorders[log].select_leaves(sequence, 1) == [(sequence, leaf)]
        assert {log for log, _, _ in store.heads(["ledger-0"])} == {"ledger-0"}
        assert store.beside(FEW).heads(logs.recorders) == set()

    def test_a_log_that_went_another_way_is_noticed_though_it_is_longer(
        self, logs: CommandedLogs, store: ReadModelStore
    ) -> None:
        catch_up(logs, store, FEW)
        fork = logs_in_memory()
        for number in range(40):
            send(fork, booking(f"F{number}"))
        with pytest.raises(ReadModelsAhead, match="ledger-0:31"):
            ProjectionWorker({**logs.recorders, "ledger-0": fork.recorders["ledger-0"]}, store, FEW).catch_up()

    def test_read_models_ahead_of_their_log_stop(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        catch_up(logs, store, FEW)
        shorter = {**logs.recorders, "ledger-0": MemoryRecorder()}
        with pytest.raises(ReadModelsAhead, match="ledger-0"):
            ProjectionWorker(shorter, store, FEW).catch_up()

    def test_waiting_ends_when_it_is_reflected_and_in_time(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        assert not wait_until_reflected(store, ["exposure"], {"ledger-0": 31}, 0.02)
        catch_up(logs, store, FEW)
        assert wait_until_reflected(store, ["exposure", "trades"], {"ledger-0": 31, "reference": 1}, 5)
        assert not wait_until_reflected(store, ["exposure"], {"ledger-0": 32}, 0.02)

    def test_a_page_goes_on_where_the_last_one_ended(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        catch_up(logs, store, FEW)
        seen: list[str] = []
        while page := store.select("trades", where={"book": "EQ-1"}, after=seen[-1] if seen else None, limit=7):
            seen += [document.id for document in page]
        assert seen == sorted(f"EQ-1/T{number}" for number in range(30))
        both = store.select("trades", where={"trade_id": ["T3", "T4"], "book": ["EQ-1"]}, limit=-1)
        assert [each.id for each in both] == ["EQ-1/T3", "EQ-1/T4"]
        assert [each.id for each in store.scan("trades", "EQ-1/T2")][:2] == ["EQ-1/T2", "EQ-1/T20"]
        with pytest.raises(KeyError):
            store.select("trades", where={"nothing": "x"})

    def test_documents_by_id_and_in_order_are_the_same_in_any_number(self, logs: CommandedLogs, opened: Open) -> None:
        counting = (Counting(),)
        store = opened(counting, logs.ledger_id)
        many = {f"B-{number:05d}": Counting.document(f"B-{number:05d}", number) for number in range(2_345)}
        store.write("ledger-0", {"counting": many}, expected=0, reflected=2_345, models=["counting"])
        assert {each.id: each for each in store.scan("counting", "")} == many
        assert [each.id for each in store.select("counting", limit=1_500)] == list(many)[:1_500]
        assert dict(store.get_many("counting", [*many, "B-none"])) == many

    def test_documents_come_in_the_order_of_their_bytes(self, store: ReadModelStore) -> None:
        ids = ["EQ-1/a", "EQ-1/B", "EQ-1/_", "EQ-1/é", "EQ 1/x", "EQ-10/x", "eq-1/z"]
        stale = {"exposure": {each: Document(id=each, stale=True) for each in ids}}
        store.write("ledger-0", stale, expected=0, reflected=1, models=["exposure"])
        assert [each.id for each in store.select("exposure", limit=9)] == sorted(ids)
        assert [each.id for each in store.scan("exposure", "EQ-1/")] == ["EQ-1/B", "EQ-1/_", "EQ-1/a", "EQ-1/é"]
        assert [each.id for each in store.select("exposure", after="EQ-1/_", limit=2)] == ["EQ-1/a", "EQ-1/é"]

    def test_what_is_stale_from_the_beginning_may_match_but_for_its_book(self, store: ReadModelStore) -> None:
        stale = {"trades": {each: Document(id=each, stale=True) for each in ("EQ-1/T1", "EQ-2/T2")}}
        store.write("ledger-0", stale, expected=0, reflected=1, models=["trades"])
        assert [each.id for each in store.select("trades", where={"status": "booked"})] == ["EQ-1/T1", "EQ-2/T2"]
        assert [each.id for each in store.select("trades", where={"book": "EQ-2"})] == ["EQ-2/T2"]

    def test_a_poison_event_parks_its_own_document_and_the_rest_goes_on(
        self, logs: CommandedLogs, opened: Open
    ) -> None:
        send(logs, AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
        send(logs, AffirmTrade(command_id="b", trade_id="T8", book="EQ-1"))
        poisoned = counting, doubling = Counting(), Doubling()
        store = opened(poisoned, logs.ledger_id)
        catch_up(logs, store, poisoned)
        for model in ("counting", "doubling"):
            found = store.get_many(model, ["EQ-1/T7", "EQ-1/T8"])
            assert [found[f"EQ-1/{trade}"].stale for trade in ("T7", "T8")] == [True, False]
        letters: Any = store.scan("dead-letters", "")
        assert [(letter.model, letter.event) for letter in letters] == [
            ("counting", "ledger-0:32"), ("doubling", "ledger-0:32")
        ]
        assert store.select("dead-letters", where={"model": "gone"}) == []
        (letter,) = store.select("dead-letters", where={"model": "doubling"})
        assert dict(store.get_many("dead-letters", [letter.id, "gone/x"])) == {letter.id: letter}
        counting.broken = False
        assert rebuild(logs.recorders, store, (counting, doubling))
        assert [each.stale for each in store.get_many("counting", ["EQ-1/T7"]).values()] == [False]
        assert store.scan("dead-letters", "") == []

    def test_later_events_of_a_parked_document_wait_too(self, logs: CommandedLogs, opened: Open) -> None:
        send(logs, AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
        projections = (Counting(),)
        store = opened(projections, logs.ledger_id)
        catch_up(logs, store, projections)
        send(logs, SettleTrade(command_id="c", trade_id="T7", book="EQ-1"))
        catch_up(logs, store, projections)
        letters: Any = store.scan("dead-letters", "")
        assert [letter.event for letter in letters] == ["ledger-0:32", "ledger-0:33"]

    def test_a_projection_that_cannot_place_an_event_stops_and_says_so(
        self, logs: CommandedLogs, opened: Open
    ) -> None:
        projections = (Unplaceable(),)
        store = opened(projections, logs.ledger_id)
        with pytest.raises(ProjectionStopped, match="counting cannot place ledger-0:2"):
            catch_up(logs, store, projections)
        assert store.reflected("counting", "ledger-0") == 0

    def test_a_projection_that_stops_in_one_log_goes_on_in_the_others(self, opened: Open) -> None:
        logs, projections = logs_in_memory(2), (UnplaceableInOneLog(),)
        send(logs, DefineBook(command_id="b", book="EQ-4", name="Fourth", desk="EQ"))
        for book in ("EQ-4", "EQ-1"):
            send(logs, booking(f"T-{book}", book=book))
        store = opened(projections, logs.ledger_id)
        with pytest.raises(ProjectionStopped, match="counting cannot place ledger-0:2"):
            catch_up(logs, store, projections)
        assert [store.reflected("counting", log) for log in ("ledger-0", "ledger-1")] == [0, 2]
