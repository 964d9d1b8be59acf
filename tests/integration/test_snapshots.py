"""A ledger goes on from its snapshots: sealed, out of the way of whoever decides, and never needed."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from eventsourcing.persistence import OperationalError

from domain.snapshots import Snapshot, decoded, encoded
from domain.trades.decider import KeptTrades
from infra.everbook import ADMIN_KEY, PEPPER, Everbook
from infra.memory.snapshots import MemorySnapshots
from infra.settings import Settings
from infra.snapshots import SEAL_BYTES, SnapshotKeeper
from infra.sql.engine import create_engine_for
from infra.sql.log_snapshots import SqlSnapshots
from tests.decided import PEPPER as PEPPER_OF_ALL
from tests.decided import Decided, wait_until
from tests.snapshots import booked

SNAPSHOT = Snapshot(
    log="ledger-0", form="1-x", first_sequence=1, sequence=2, recorded_at=datetime(2026, 11, 24, tzinfo=UTC),
    root=b"r", state={"any": 1},
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A ledger of some trades, of which snapshots were taken."""
    with Everbook(Settings(data=tmp_path, snapshot_events=5)) as opened:
        booked(opened)
    return tmp_path


def reopened(data: Path) -> tuple[int, int, object]:
    """From which sequence the ledger log was read on, where it ends, and what the rules know then."""
    with Everbook(Settings(data=data)) as opened:
        ledger = opened.logs.by_log["ledger-0"]
        return ledger.catch_up(), ledger._saved, ledger.decider.kept()


def test_a_ledger_is_read_from_its_last_snapshot_on_and_without_it_from_the_beginning(data: Path) -> None:
    last, begun, known = reopened(data)
    assert last == 13
    assert begun >= 5
    events = sqlite3.connect(data / "events.db")
    with events:
        events.execute("DELETE FROM log_snapshots")
    events.close()
    assert reopened(data) == (13, 0, known)


def test_whoever_writes_the_store_without_the_pepper_cannot_make_the_rules_believe_anything(data: Path) -> None:
    _, _, known = reopened(data)
    events = sqlite3.connect(data / "events.db")
    (stored,) = events.execute("SELECT snapshot FROM log_snapshots WHERE log = 'ledger-0'").fetchone()
    seal, snapshot = stored[:SEAL_BYTES], decoded(stored[SEAL_BYTES:], "ledger-0", KeptTrades)
    assert snapshot is not None
    richer = msgspec.structs.replace(snapshot.state, used={"EQ-1": Decimal(-1_000_000)})
    forged = seal + encoded(msgspec.structs.replace(snapshot, state=richer))
    with events:
        events.execute("UPDATE log_snapshots SET snapshot = ? WHERE log = 'ledger-0'", (forged,))
    events.close()
    assert reopened(data) == (13, 0, known)


def test_a_snapshot_under_another_pepper_is_not_used(data: Path) -> None:
    _, _, known = reopened(data)
    (data / PEPPER).write_text("another\n")
    # By the administrator's key another pepper would be known for one, and nothing be opened.
    (data / ADMIN_KEY).unlink()
    assert reopened(data) == (13, 0, known)


class Slow(MemorySnapshots):
    """Writes when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def write(self, log: str, snapshot: bytes) -> None:
        self.let.wait(10)
        super().write(log, snapshot)


class Away(MemorySnapshots):
    """A store that does not answer."""

    def read(self, log: str) -> bytes | None:
        raise OperationalError(f"{log} is away")

    def write(self, log: str, snapshot: bytes) -> None:
        raise OperationalError(f"{log} is away: {len(snapshot)} bytes are not taken")


@pytest.fixture
def keeping() -> Iterator[Callable[..., SnapshotKeeper]]:
    """Makes keepers, which are closed afterwards."""
    made: list[SnapshotKeeper] = []

    def make(*given: object, **named: object) -> SnapshotKeeper:
        made.append(SnapshotKeeper(*given, **named))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_whoever_decides_does_not_wait_and_no_second_one_is_begun(keeping: Callable[..., SnapshotKeeper]) -> None:
    store = Slow()
    keeper = keeping(store, "secret")
    assert keeper.ready()
    keeper.save(SNAPSHOT)
    assert not keeper.ready()
    assert keeper.read("ledger-0") is None
    store.let.set()
    keeper.rest()
    assert keeper.read("ledger-0")


def test_snapshots_take_no_more_than_their_share_of_the_time(keeping: Callable[..., SnapshotKeeper]) -> None:
    moments = iter([0.0, 10.0, 12.0, 51.9, 52.1])
    keeper = keeping(MemorySnapshots(), "secret", 1, lambda: next(moments))
    assert keeper.ready()
    keeper.save(SNAPSHOT)
    keeper.rest()
    # It took two seconds: the next forty are the owner's.
    assert not keeper.ready()
    assert keeper.ready()


def test_without_a_secret_none_is_taken_or_read(keeping: Callable[..., SnapshotKeeper]) -> None:
    store = MemorySnapshots()
    keeping(store, "secret").save(SNAPSHOT)
    without = keeping(store, "")
    assert not without.ready()
    assert without.read("ledger-0") is None


def test_a_store_that_is_away_is_no_trouble(keeping: Callable[..., SnapshotKeeper]) -> None:
    keeper = keeping(Away(), "secret")
    keeper.save(SNAPSHOT)
    keeper.rest()
    assert keeper.read("ledger-0") is None


def test_a_ledger_worker_of_a_cluster_keeps_them_too(
    kafka: str, tmp_path: Path, keeping: Callable[..., SnapshotKeeper]
) -> None:
    ledger = Decided(kafka, tmp_path)
    engine = create_engine_for(f"sqlite:///{tmp_path / 'events.db'}")
    keeper = keeping(SqlSnapshots(engine), PEPPER_OF_ALL)
    try:
        with ledger.processes() as start, ledger.gate() as gate:
            start("work", "ledger", EVERBOOK_SNAPSHOT_EVENTS="5")
            gate.submit([ledger.book(f"A{number}") for number in range(8)]).result()
            wait_until(lambda: keeper.read("ledger-0"))
            snapshot = decoded(keeper.read("ledger-0") or b"", "ledger-0", KeptTrades)
    finally:
        engine.dispose()
        ledger.close()
    assert snapshot is not None
    assert snapshot.sequence >= 5
