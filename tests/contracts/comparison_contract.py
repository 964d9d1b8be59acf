"""What is served is held against its rebuild on any store, also while trades come in and are folded."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

import infra.comparison
from domain.commands import AffirmTrade
from domain.events import TradeEvent
from domain.schema import Recorded
from infra.comparison import Compared, hold_against_rebuild
from infra.logs import CommandedLogs
from infra.projection_worker import ProjectionWorker
from infra.rebuild import rebuild
from projections.ports import ReadModelStore
from projections.projection import Projection, View
from projections.registry import PROJECTIONS
from tests.counting import Counter, Counting
from tests.ledger import logs_in_memory, send
from tests.rules import booking

BETWEEN_TRADES = 0.002
Open = Callable[[Sequence[Projection], str], ReadModelStore]


class ByBook(Counting):
    """Counts the events of a book: a document that every event changes. Some of them it miscounts, or leaves out."""

    def __init__(self, *, wrong_by: int = 0, keeps_trade: str = "", leaves_out: str = "") -> None:
        super().__init__("counting")
        self._wrong_by = wrong_by
        self._keeps_trade = keeps_trade
        self._leaves_out = leaves_out

    def keys(self, event: Recorded) -> Sequence[str]:
        if not isinstance(event.event, TradeEvent):
            return ()
        return event.event.terms.book, f"{event.event.terms.book}/{event.event.trade_id}"

    def project(self, key: str, document: Counter | None, event: Recorded, view: View) -> Counter | None:  # type: ignore[override]
        if key.endswith(f"/{self._leaves_out}"):
            return None
        counted = super().project(key, document, event, view)
        if document is None and (key == "EQ-1" or key.endswith(f"/{self._keeps_trade}")):
            counted.count += self._wrong_by
        return counted


class Hot(ByBook):
    """Every trade changes every document."""

    documents = 5

    def keys(self, event: Recorded) -> Sequence[str]:
        return [f"EQ-1/{number}" for number in range(self.documents)] if isinstance(event.event, TradeEvent) else ()


class Restless:
    """What is served, which reflects another trade whenever documents are read."""

    def __init__(self, logs: CommandedLogs, store: ReadModelStore) -> None:
        self._logs = logs
        self._store = store
        self._worker = ProjectionWorker(logs.recorders, store, [Hot()])
        self._worker.catch_up()
        self.folded = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def find(self, wanted: Any) -> Any:
        self._fold()
        return self._store.find(wanted)

    def select(self, model: str, **how: Any) -> Any:
        self._fold()
        return self._store.select(model, **how)

    def _fold(self) -> None:
        self.folded += 1
        send(self._logs, booking(f"more-{self.folded}"))
        self._worker.catch_up()


class ComparisonContract:
    """Subclasses have a fixture ``opened``: it opens the store for projections and a ledger, and closes it."""

    @pytest.fixture
    def booked(self) -> CommandedLogs:
        ledger = logs_in_memory()
        send(ledger, *[booking(f"T{number}") for number in range(40)])
        return ledger

    def test_what_is_served_is_what_the_log_folds_to_while_trades_come_in(
        self, booked: CommandedLogs, opened: Open
    ) -> None:
        store = opened(PROJECTIONS, booked.ledger_id)
        with trading(booked, store, PROJECTIONS) as before:
            found = hold_against_rebuild(booked.recorders, store, PROJECTIONS)
            assert last_of(booked) > before + 3
        assert list(found) == [each.name for each in PROJECTIONS]
        assert told(found) == {}, told(found)
        assert min(each.reflected["ledger-0"] for each in found.values()) > 0

    def test_documents_that_every_trade_changes_need_not_be_read_together(
        self, booked: CommandedLogs, opened: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(infra.comparison, "READ_AT_ONCE", 1)
        restless: Any = Restless(booked, opened([Hot()], booked.ledger_id))
        assert told(hold_against_rebuild(booked.recorders, restless, [Hot()])) == {}
        assert restless.folded > 3 * Hot.documents

    def test_a_document_that_is_wrong_is_named_though_every_trade_changes_it(
        self, booked: CommandedLogs, opened: Open
    ) -> None:
        store = opened([ByBook()], booked.ledger_id)
        with trading(booked, store, [ByBook(wrong_by=1, keeps_trade="T7")]):
            found = hold_against_rebuild(booked.recorders, store, [ByBook()])
        assert told(found) == {"counting": ("EQ-1", "EQ-1/T7")}

    @pytest.mark.parametrize("served_lacks", [True, False])
    def test_a_document_that_is_missing_or_too_many_is_named(
        self, booked: CommandedLogs, opened: Open, served_lacks: bool
    ) -> None:
        store = opened([ByBook()], booked.ledger_id)
        kinds = ByBook(leaves_out="T5"), ByBook()
        served, right = kinds if served_lacks else kinds[::-1]
        worker = ProjectionWorker(booked.recorders, store, [served])
        worker.catch_up()
        worker.stop()
        assert told(hold_against_rebuild(booked.recorders, store, [right])) == {"counting": ("EQ-1/T5",)}

    def test_a_document_of_an_event_that_there_is_not_is_named(self, booked: CommandedLogs, opened: Open) -> None:
        store = opened([ByBook()], booked.ledger_id)
        with trading(booked, store, [ByBook()]):
            pass
        end = store.reflected("counting", "ledger-0")
        stray = Counter(id="EQ-1/T5", log="ledger-0", sequence=end + 1_000, count=1)
        store.write("ledger-0", {"counting": {stray.id: stray}}, expected=end, reflected=end, models=["counting"])
        growing: Any = {**booked.recorders, "ledger-0": Growing(booked)}
        assert told(hold_against_rebuild(growing, store, [ByBook()])) == {"counting": ("EQ-1/T5",)}

    def test_what_was_not_folded_yet_is_no_difference(self, booked: CommandedLogs, opened: Open) -> None:
        store = opened([ByBook()], booked.ledger_id)
        worker = ProjectionWorker(booked.recorders, store, [ByBook()], events_at_once=10)
        worker.step()
        worker.step()
        worker.stop()
        found = hold_against_rebuild(booked.recorders, store, [ByBook()])
        assert told(found) == {}
        assert 0 < found["counting"].reflected["ledger-0"] < 40

    def test_a_document_that_is_parked_is_no_difference_until_it_could_be_folded(
        self, booked: CommandedLogs, opened: Open
    ) -> None:
        send(booked, AffirmTrade(command_id="affirm", trade_id="T7", book="EQ-1"))
        store, served = opened([Counting()], booked.ledger_id), Counting()
        worker = ProjectionWorker(booked.recorders, store, [served])
        worker.catch_up()
        worker.stop()
        assert told(hold_against_rebuild(booked.recorders, store, [served])) == {}
        served.broken = False
        assert told(hold_against_rebuild(booked.recorders, store, [served])) == {"counting": ("EQ-1/T7",)}

    def test_a_rebuild_ends_though_there_is_a_new_trade_whenever_it_reads(
        self, booked: CommandedLogs, opened: Open
    ) -> None:
        store = opened([ByBook()], booked.ledger_id)
        growing: Any = {**booked.recorders, "ledger-0": Growing(booked)}
        rebuild(growing, store, [ByBook()])
        assert store.reflected("counting", "ledger-0") > 40
        assert told(hold_against_rebuild(growing, store, [ByBook()])) == {}


class Growing:
    """A log to which somebody adds a trade before each reading of it."""

    def __init__(self, logs: CommandedLogs) -> None:
        self._logs = logs
        self._read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logs.recorders["ledger-0"], name)

    def select_notifications(self, *range_of: Any, **stop: Any) -> Any:
        self._read += 1
        assert self._read < 50, "it follows the log for ever"
        send(self._logs, booking(f"more-{self._read}"))
        return self._logs.recorders["ledger-0"].select_notifications(*range_of, **stop)


def last_of(logs: CommandedLogs) -> int:
    return logs.recorders["ledger-0"].max_notification_id() or 0


def told(found: Mapping[str, Compared]) -> dict[str, tuple[str, ...]]:
    """The documents that differ, by model."""
    return {model: each.differing for model, each in found.items() if each.differs}


@contextmanager
def trading(logs: CommandedLogs, store: ReadModelStore, projections: Sequence[Projection]) -> Iterator[int]:
    """Trades come in one by one, and a worker folds them; where the log ended at the beginning."""
    worker = ProjectionWorker(logs.recorders, store, projections)
    worker.catch_up()
    stopped = threading.Event()

    def trade() -> None:
        number = 0
        while not stopped.wait(BETWEEN_TRADES):
            number += 1
            send(logs, booking(f"more-{number}"))

    sender = threading.Thread(target=trade)
    before = last_of(logs)
    worker.start()
    sender.start()
    try:
        yield before
    finally:
        stopped.set()
        sender.join()
        worker.stop()
