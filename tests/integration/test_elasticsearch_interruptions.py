"""Read models in Elasticsearch, whatever is cut off, held up or done twice: equal to those of a database."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from domain.commands import AffirmTrade, AmendTrade, AnyCommand, CancelTrade, CorrectTrade, EquityTerms, SettleTrade
from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.logs import CommandedLogs
from infra.projection_worker import ProjectionWorker
from infra.retry import Retried, retry
from infra.sql.read_models import SqlReadModels
from projections.fold import DEAD_LETTERS
from projections.ports import ReadModelStore
from projections.projection import Projection
from projections.registry import PROJECTIONS
from tests.contracts.read_models_contract import catch_up, digests
from tests.counting import Counting, Doubling
from tests.indices import dropped_after
from tests.interruptions import How, Killed, Way
from tests.ledger import logs_in_memory, send
from tests.rules import DAY, booking

NAMES = {"movements", "positions", "journal", "activity", "alerts"}
MODELS: tuple[Projection, ...] = tuple(each for each in PROJECTIONS if each.name in NAMES)


class Fork:
    """One ledger, its read models on Elasticsearch and, to compare, in a database."""

    def __init__(self, url: str, folder: Path, models: Sequence[Projection]) -> None:
        self.url = url
        self.models = models
        self.logs: CommandedLogs = logs_in_memory()
        self.sql = SqlReadModels.open(f"sqlite:///{folder / 'compared.db'}", models, self.logs.ledger_id)
        self.elastic = ElasticsearchReadModels.open(url, models, self.logs.ledger_id)
        self.rounds = 0

    def trade(self) -> None:
        """A few trades of one position: late ones, changed ones, and one way and back."""
        self.rounds += 1
        name = f"R{self.rounds:03d}"
        earlier = DAY - timedelta(days=self.rounds % 5)
        commands: list[AnyCommand] = [
            booking(f"{name}a", "10", "101"), booking(f"{name}b", "7", "99", side="sell"),
            booking(f"{name}c", "3", "98", trade_date=earlier), booking(f"{name}d", "10", "101", side="sell"),
            AmendTrade(command_id=f"{name}e", trade_id=f"{name}a", book="EQ-1", terms=_terms("12", "101")),
            CorrectTrade(
                command_id=f"{name}f", trade_id=f"{name}b", book="EQ-1", terms=_terms("6", "97", "sell"), reason="typo"
            ),
            SettleTrade(command_id=f"{name}g", trade_id=f"{name}c", book="EQ-1"),
            CancelTrade(command_id=f"{name}h", trade_id=f"{name}d", book="EQ-1"),
        ]
        for command in commands:
            (outcome,) = send(self.logs, command)
            assert outcome.status == "accepted", outcome

    def worker(self, way: Way, at_once: int) -> tuple[ElasticsearchReadModels, ProjectionWorker]:
        """A worker of its own process, as far as the store can tell."""
        store = ElasticsearchReadModels.open(
            self.url, self.models, self.logs.ledger_id, transport_class=way.transport()
        )
        return store, ProjectionWorker(self.logs.recorders, store, self.models, at_once)

    def require_equal(self, at_once: int = 5_000) -> None:
        for store in (self.sql, self.elastic):
            catch_up(self.logs, store, self.models, at_once)
        assert digests(self.elastic, self.models) == digests(self.sql, self.models)


@pytest.fixture
def fork(elasticsearch: str, tmp_path: Path) -> Iterator[Fork]:
    yield from forked(elasticsearch, tmp_path, MODELS)


@pytest.fixture
def poisoned(elasticsearch: str, tmp_path: Path) -> Iterator[Fork]:
    yield from forked(elasticsearch, tmp_path, (Counting(), Doubling()))


def forked(url: str, folder: Path, models: Sequence[Projection]) -> Iterator[Fork]:
    ledgers: set[str] = set()
    with dropped_after(url, ledgers):
        opened = Fork(url, folder, models)
        ledgers.add(opened.logs.ledger_id)
        yield opened
        opened.sql.close()
        opened.elastic.close()


@pytest.mark.parametrize("how", get_args(How))
def test_a_worker_killed_at_any_writing_call_is_healed_by_the_next(fork: Fork, how: How) -> None:
    fork.trade()
    fork.require_equal()
    way = Way()
    store, _ = fork.worker(way, at_once=6)
    number, finished = 1, False
    while not finished:
        fork.trade()
        finished = not killed(fork, store, way, number, how)
        # What was cut off is folded again in batches of another size, now in one with what follows and now by halves.
        if number % 2:
            fork.trade()
        fork.require_equal(at_once=5_000 if number % 3 else 4)
        number += 1
    store.close()
    assert number > 10


def killed(fork: Fork, store: ReadModelStore, way: Way, last: int, how: How) -> bool:
    """Whether a worker that was to be killed at a writing call was."""
    worker = ProjectionWorker(fork.logs.recorders, store, fork.models, 6)
    way.begin(last, how)
    try:
        worker.catch_up()
    except Killed:
        return True
    finally:
        worker.stop()
        way.begin()
    return False


def test_a_worker_held_up_at_any_call_changes_nothing_when_it_goes_on(fork: Fork) -> None:
    fork.trade()
    way = Way()
    store, worker = fork.worker(way, at_once=6)
    number, finished = 1, False
    while not finished:
        # It is up to date, remembers all, and is held up in the middle of what comes next.
        worker.catch_up()
        fork.trade()
        way.begin(hold_at=number)
        zombie = threading.Thread(target=worker.catch_up)
        zombie.start()
        while zombie.is_alive() and not way.held.wait(0.01):
            pass
        finished = not way.held.is_set()
        fork.trade()
        successor = ProjectionWorker(fork.logs.recorders, fork.elastic, MODELS, 7 if number % 2 else 4)
        successor.step()
        if number % 3:
            successor.catch_up()
        way.go_on.set()
        successor.catch_up()
        zombie.join()
        successor.stop()
        fork.require_equal()
        number += 1
    worker.stop()
    store.close()
    assert number > 10


def test_workers_side_by_side_count_nothing_twice(fork: Fork) -> None:
    for _ in range(12):
        fork.trade()
    opened = [fork.worker(Way(), at_once) for at_once in (3, 5, 11)]
    threads = [threading.Thread(target=worker.catch_up) for _, worker in opened]
    for thread in threads:
        thread.start()
    for _ in range(12):
        fork.trade()
    for thread in threads:
        thread.join()
    for store, worker in opened:
        worker.catch_up()
        worker.stop()
        store.close()
    fork.require_equal()


@pytest.mark.parametrize("how", ["within", "after"])
def test_dead_letters_are_kept_once_whenever_a_worker_is_killed(poisoned: Fork, how: How) -> None:
    send(poisoned.logs, booking("T7"), booking("T8"))
    way = Way()
    store, _ = poisoned.worker(way, at_once=6)
    number, finished = 1, False
    while not finished:
        for trade in ("T7", "T8"):
            send(poisoned.logs, AffirmTrade(command_id=f"a{number}{trade}", trade_id=trade, book="EQ-1"))
            send(poisoned.logs, booking(f"N{number}{trade}"))
        finished = not killed(poisoned, store, way, number, how)
        for each in (poisoned.sql, poisoned.elastic):
            catch_up(poisoned.logs, each, poisoned.models, 5_000 if number % 2 else 2)
        assert _letters(poisoned.elastic) == _letters(poisoned.sql) != []
        for model in ("counting", "doubling"):
            assert poisoned.elastic.scan(model, "") == poisoned.sql.scan(model, "")
        number += 1
    store.close()
    assert number > 5


@pytest.mark.parametrize("how", get_args(How))
def test_a_mending_that_was_cut_off_anywhere_is_done_by_the_next(poisoned: Fork, how: How) -> None:
    send(poisoned.logs, booking("T7"), AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
    way = Way()
    store, _ = poisoned.worker(way, at_once=6)
    poisoned.elastic.mending_seconds = 0.2
    number, finished = 1, False
    while not finished:
        mended = parked_anew(poisoned)
        way.begin(number, how)
        finished = not cut_off(poisoned, store, mended)
        way.begin()
        # What comes next finds what was cut off, or nothing comes.
        if number % 2:
            correct(poisoned, number)
        for each in (poisoned.sql, poisoned.elastic):
            catch_up(poisoned.logs, each, mended)
        retry(poisoned.logs.recorders, poisoned.elastic, mended)
        assert _letters(poisoned.elastic) == []
        assert digests(poisoned.elastic, mended) == digests(poisoned.sql, mended)
        number += 1
    store.close()
    assert number > 4


def test_a_worker_held_up_at_any_call_undoes_no_mending(poisoned: Fork) -> None:
    send(poisoned.logs, booking("T7"), AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
    way = Way()
    number, finished = 1, False
    while not finished:
        mended = parked_anew(poisoned)
        store, worker = poisoned.worker(way, at_once=6)
        worker.catch_up()
        correct(poisoned, number)
        way.begin(hold_at=number)
        zombie = threading.Thread(target=worker.catch_up)
        zombie.start()
        while zombie.is_alive() and not way.held.wait(0.01):
            pass
        finished = not way.held.is_set()
        assert {each.error for each in retry(poisoned.logs.recorders, poisoned.elastic, mended)} == {""}
        way.go_on.set()
        zombie.join()
        worker.stop()
        store.close()
        assert _letters(poisoned.elastic) == []
        for each in (poisoned.sql, poisoned.elastic):
            catch_up(poisoned.logs, each, mended)
        assert _letters(poisoned.elastic) == []
        assert digests(poisoned.elastic, mended) == digests(poisoned.sql, mended)
        number += 1
    assert number > 6


def test_a_mending_held_up_at_any_call_is_passed_over_and_done_again(poisoned: Fork) -> None:
    send(poisoned.logs, booking("T7"), AffirmTrade(command_id="a", trade_id="T7", book="EQ-1"))
    way = Way()
    store, _ = poisoned.worker(way, at_once=6)
    store.mending_seconds = poisoned.elastic.mending_seconds = 0.2
    number, finished = 1, False
    while not finished:
        mended = parked_anew(poisoned)
        way.begin(hold_at=number)
        told: list[Retried] = []
        mending = threading.Thread(target=lambda: told.extend(retry(poisoned.logs.recorders, store, mended)))  # noqa: B023
        mending.start()
        while mending.is_alive() and not way.held.wait(0.01):
            pass
        finished = not way.held.is_set()
        correct(poisoned, number)
        catch_up(poisoned.logs, poisoned.elastic, mended)
        way.go_on.set()
        mending.join()
        assert [(each.model, each.error) for each in told] == [("counting", ""), ("doubling", "")], number
        assert _letters(poisoned.elastic) == []
        for each in (poisoned.sql, poisoned.elastic):
            catch_up(poisoned.logs, each, mended)
        assert digests(poisoned.elastic, mended) == digests(poisoned.sql, mended)
        number += 1
    store.close()
    assert number > 6


def parked_anew(fork: Fork) -> tuple[Counting, Doubling]:
    """Folds everything again with the poisoned projections; what they are once they are mended."""
    fork.elastic.clear([each.name for each in fork.models])
    catch_up(fork.logs, fork.elastic, fork.models)
    mended = (Counting(), Doubling())
    mended[0].broken = False
    return mended


def correct(fork: Fork, number: int) -> None:
    (outcome,) = send(fork.logs, CorrectTrade(
        command_id=f"c{number}", trade_id="T7", book="EQ-1", terms=_terms(f"{number}", "97"), reason="typo"
    ))
    assert outcome.status == "accepted"


def cut_off(fork: Fork, store: ReadModelStore, mended: Sequence[Projection]) -> bool:
    """Whether a mending was killed before its end."""
    try:
        retry(fork.logs.recorders, store, mended)
    except Killed:
        return True
    return False


def _letters(store: ReadModelStore) -> list[str]:
    return [letter.id for letter in store.scan(DEAD_LETTERS, "")]


def _terms(quantity: str, price: str, side: str = "buy") -> EquityTerms:
    return EquityTerms(side=side, instrument="SAN", quantity=Decimal(quantity), price=Decimal(price))  # type: ignore[arg-type]
