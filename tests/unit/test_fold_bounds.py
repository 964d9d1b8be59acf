"""Which documents a worker reads, and how many it holds: those of small models stay, while large ones make room."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from eventsourcing.persistence import Notification
from hypothesis import given
from hypothesis import strategies as st

from domain.schema import Recorded
from infra.batches import EVENTS_AT_FIRST, events_after
from infra.event_source import PolledLogs
from infra.projection_worker import ProjectionWorker
from infra.sql.read_models import SqlReadModels
from projections.fold import Changes, Fold, Found, Store, _level
from projections.projection import Document
from projections.registry import PROJECTIONS
from tests.counting import Counting
from tests.documents import History
from tests.ledger import logs_in_memory, send
from tests.rules import DAY, booking


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=12), st.integers(12, 20_000))
def test_all_fit_into_the_room_and_the_small_ones_stay_whole(sizes: list[int], room: int) -> None:
    level = _level(sizes, room)
    assert sum(min(size, level) for size in sizes) <= room
    if sum(sizes) <= room:
        assert level >= max(sizes)
    assert level >= room // len(sizes)


def test_a_model_of_few_documents_is_not_read_again_because_another_grows() -> None:
    told, asked = History(), list[str]()
    for number in range(30):
        told.when(booking(f"T{number}"))
    few, many = Few(), Counting("many")

    def find(wanted: Mapping[str, Sequence[str]]) -> Found:
        asked.extend(wanted.get("few", ()))
        return {}

    fold = Fold((few, many), Store(find, lambda _model, _prefix: []), most_documents=12)
    for event in told.events:
        fold.run([event])
    assert sorted(asked) == ["EQ-1/0", "EQ-1/1", "EQ-1/2", "EQ-1/3"]


def test_what_a_booking_begins_is_not_looked_up_and_what_may_be_there_is() -> None:
    told, asked = History(booking()), dict[str, Sequence[str]]()

    def find(wanted: Mapping[str, Sequence[str]]) -> Found:
        asked.update(wanted)
        return {}

    Fold(PROJECTIONS, Store(find, lambda _model, _prefix: [])).run(told.events[-1:])
    assert {*asked} == {"positions", "cash", "exposure", "counterparties", "activity"}


def test_a_model_that_the_store_holds_ahead_is_told_of() -> None:
    told = History(booking())
    (event,) = [each for each in told.events if Counting().keys(each)]
    ahead = {key: Counting.document(key, event.sequence + 1) for key in Counting().keys(event)}
    fold = Fold([Counting()], Store(lambda _wanted: {"counting": ahead}, lambda _model, _prefix: []))
    assert fold.run([event]) == {"counting": {}}
    assert fold.run([told.events[0]]) == {}


def test_a_position_is_read_once_for_all_the_back_dated_trades_of_a_batch() -> None:
    told = History(booking("T1"))
    fold, scanned = folding()
    first = fold.run(told.events)
    late = [booking(f"L{number}", trade_date=DAY - timedelta(days=3)) for number in range(5)]
    before = len(told.events)
    for command in late:
        told.when(command)
    changed = fold.run(told.events[before:])["positions"]["EQ-1/SAN"]
    assert scanned == ["movements EQ-1/SAN/"]
    one_by_one, scanned = folding()
    for event in told.events:
        one_by_one_changed = one_by_one.run([event])
    assert one_by_one_changed["positions"]["EQ-1/SAN"] == changed
    assert first["positions"]["EQ-1/SAN"] != changed


def test_batches_become_smaller_while_they_are_slow() -> None:
    assert [events_after(size, 6.0, 5_000, was_full=True) for size in (1_000, 250, 60)] == [250, 62, 50]
    assert [events_after(size, 0.5, 5_000, was_full=True) for size in (1_000, 4_000)] == [2_000, 5_000]
    assert events_after(250, 3.0, 5_000, was_full=True) == 250
    assert events_after(3, 60.0, 3, was_full=True) == 3


def test_batches_do_not_grow_by_what_comes_one_by_one(tmp_path: Path) -> None:
    logs, asked = logs_in_memory(), list[int]()
    store = SqlReadModels.open(f"sqlite:///{tmp_path / 'read-models.db'}", [Counting()], logs.ledger_id)

    class Asking(PolledLogs):
        def read(self, log: str, after: int, limit: int, stop: int | None = None) -> Sequence[Notification]:
            asked.append(limit)
            return super().read(log, after, limit, stop)

    worker = ProjectionWorker(logs.recorders, store, [Counting()], source=Asking(logs.recorders))
    for number in range(5):
        send(logs, booking(f"T{number}"))
        worker.catch_up()
    assert {*asked} == {EVENTS_AT_FIRST}
    worker.stop()
    store.close()


def folding() -> tuple[Fold, list[str]]:
    """A fold whose store has what it was last given, and what it was scanned for."""
    scanned: list[str] = []
    kept: dict[str, dict[str, Document]] = {}

    class Keeping(Fold):
        def run(self, events: Sequence[Recorded]) -> Changes:
            changes = super().run(events)
            for model, documents in changes.items():
                kept.setdefault(model, {}).update(documents)
            return changes

    def scan(model: str, prefix: str) -> list[Document]:
        scanned.append(f"{model} {prefix}")
        return [each for key, each in sorted(kept.get(model, {}).items()) if key.startswith(prefix)]

    return Keeping(PROJECTIONS, Store(lambda _wanted: {}, scan)), scanned


class Few(Counting):
    """The same by trade, but four of them at most."""

    def __init__(self) -> None:
        super().__init__("few")

    def keys(self, event: object) -> Sequence[str]:
        return [f"EQ-1/{int(key.rpartition('T')[2]) % 4}" for key in super().keys(event)]  # type: ignore[arg-type]
