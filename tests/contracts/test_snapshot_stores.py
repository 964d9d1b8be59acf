"""Where snapshots of logs are kept: the last of each log, whole, on every store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.memory.snapshots import MemorySnapshots
from infra.snapshots import SnapshotStore
from infra.sql.engine import create_engine_for
from infra.sql.log_snapshots import SqlSnapshots
from tests.postgres import dispose


class SnapshotStoreContract:
    """Run on every adapter: ``store`` holds nothing."""

    @pytest.fixture
    def store(self) -> SnapshotStore:
        raise NotImplementedError

    def test_the_last_one_of_each_log_is_kept_whole(self, store: SnapshotStore) -> None:
        assert store.read("ledger-0") is None
        long = bytes(range(256)) * 40_000
        for snapshot in (b"first", long, b"shorter", b"", b"last"):
            store.write("ledger-0", snapshot)
            assert store.read("ledger-0") == snapshot
        store.write("ledger-01", b"another")
        assert store.read("ledger-0") == b"last"
        assert store.read("market") is None


class TestMemory(SnapshotStoreContract):
    @pytest.fixture
    def store(self) -> SnapshotStore:
        return MemorySnapshots()


class TestSqlite(SnapshotStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SnapshotStore]:
        engine = create_engine_for(f"sqlite:///{tmp_path / 'events.db'}")
        yield SqlSnapshots(engine)
        engine.dispose()


class TestPostgres(SnapshotStoreContract):
    @pytest.fixture
    def store(self, postgres: str) -> Iterator[SnapshotStore]:
        engine = create_engine_for(postgres)
        store = SqlSnapshots(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM log_snapshots")
        yield store
        dispose(engine)
