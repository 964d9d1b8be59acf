"""Snapshots of logs in a real HBase, of more cells than one, and a ledger that goes on from them."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from infra.everbook import Everbook
from infra.hbase.connections import Connections
from infra.hbase.snapshots import HBaseSnapshots
from infra.settings import Settings
from infra.snapshots import SnapshotStore
from tests.contracts.test_snapshot_stores import SnapshotStoreContract
from tests.snapshots import booked


class TestHBase(SnapshotStoreContract):
    @pytest.fixture
    def store(self, connections: Connections) -> Iterator[SnapshotStore]:
        own = Connections(connections.address._replace(prefix=f"s{uuid4().hex[:8]}"))
        yield HBaseSnapshots(own)
        own.close()


def test_a_ledger_on_hbase_goes_on_from_its_snapshots(
    tmp_path: Path, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSISTENCE_MODULE", "infra.hbase")
    settings = Settings(data=tmp_path, hbase_url=f"{server_url}/e{uuid4().hex[:8]}", snapshot_events=5)
    with Everbook(settings) as ledger:
        booked(ledger)
        known = ledger.logs.by_log["ledger-0"].decider.kept()
    with Everbook(settings) as ledger:
        assert ledger.logs.by_log["ledger-0"].catch_up() == 13
        assert ledger.logs.by_log["ledger-0"]._saved >= 5
        assert ledger.logs.by_log["ledger-0"].decider.kept() == known
