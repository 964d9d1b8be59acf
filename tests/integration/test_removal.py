"""A ledger that is removed from a cluster leaves nothing there, and takes nothing of another."""

from pathlib import Path
from uuid import uuid4

import pytest

from infra.cluster_everbook import ClusterEverbook
from infra.removal import remove_ledger
from infra.settings import Settings
from tests.places import Servers


def test_everything_of_one_ledger_goes_and_everything_of_another_stays(
    kafka: str, hbase: str, elasticsearch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERSISTENCE_MODULE", "infra.hbase")
    name = f"removed-{uuid4().hex[:8]}"
    servers = Servers(kafka, hbase, elasticsearch)
    both = [
        Settings(
            data=tmp_path / end, pepper="salt", kafka_bootstrap=kafka, kafka_prefix=f"{name}{end}",
            hbase_url=f"{hbase}/{name}{end}", elasticsearch_url=elasticsearch,
        ) for end in ("-a", "-ab")
    ]
    ledgers = []
    for settings in both:
        with ClusterEverbook(settings) as opened:
            opened.start()
            ledgers.append(opened.ledger_id)
    before = [servers.named(f"{name}-ab"), servers.named(f"everbook-{ledgers[1]}")]
    assert [len(each) for each in before] == [8, 12]
    remove_ledger(both[0])
    assert servers.named(f"{name}-a") == before[0]
    assert servers.named(f"everbook-{ledgers[0]}") == []
    assert servers.named(f"everbook-{ledgers[1]}") == before[1]
    remove_ledger(both[1])
    assert servers.named(name) == []
    assert servers.named(f"everbook-{ledgers[1]}") == []
