"""A ledger that is removed from a cluster leaves nothing there, and takes nothing of another."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from confluent_kafka import TopicPartition
from eventsourcing.persistence import ProgrammingError

from api.cli.demo_place import _remove
from infra.cluster_everbook import ClusterEverbook
from infra.hbase import tables
from infra.kafka.connection import connection_of
from infra.kafka.topics import Topics, delete_topics
from infra.removal import remove_ledger
from infra.settings import Settings
from projections.registry import PROJECTIONS
from tests.journeys.test_kill import free_port
from tests.places import Servers


@pytest.fixture
def servers(kafka: str, hbase: str, elasticsearch: str, monkeypatch: pytest.MonkeyPatch) -> Servers:
    monkeypatch.setenv("PERSISTENCE_MODULE", "infra.hbase")
    return Servers(kafka, hbase, elasticsearch)


def settings_of(servers: Servers, folder: Path, name: str) -> Settings:
    return Settings(
        data=folder / name, pepper="salt", kafka_bootstrap=servers.kafka, kafka_prefix=name,
        hbase_url=f"{servers.hbase}/{name}", elasticsearch_url=servers.elasticsearch,
    )


def made(settings: Settings) -> str:
    """A ledger on the servers, of which workers committed offsets; its id."""
    with ClusterEverbook(settings) as opened:
        opened.start()
        topics = Topics(settings.kafka_prefix, opened.logs.ledgers)
        consumer = connection_of(settings).consumer(f"{topics.prefix}.projections", {})
        consumer.commit(offsets=[TopicPartition(*topics.events_of("reference"), 1)], asynchronous=False)
        consumer.close()
        return opened.ledger_id


def test_everything_of_one_ledger_goes_and_everything_of_another_stays(servers: Servers, tmp_path: Path) -> None:
    name = f"removed-{uuid4().hex[:8]}"
    # The names of one begin with the name of the other, whatever separates them.
    both = [settings_of(servers, tmp_path, f"{name}{end}") for end in ("-a", "-a.b")]
    ledgers = [made(settings) for settings in both]
    before = [servers.named(f"{name}-a.b"), servers.named(f"everbook-{ledgers[1]}")]
    assert [len(each) for each in before] == [10, len(PROJECTIONS)]
    remove_ledger(both[0])
    assert servers.named(f"{name}-a") == before[0]
    assert servers.named(f"everbook-{ledgers[0]}") == []
    assert servers.named(f"everbook-{ledgers[1]}") == before[1]
    remove_ledger(both[1])
    assert servers.named(name) == []
    assert servers.named(f"everbook-{ledgers[1]}") == []


def test_what_was_left_half_removed_is_removed_when_that_is_done_again(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(servers, tmp_path, f"removed-{uuid4().hex[:8]}")
    ledger_id = made(settings)
    dropped: list[bytes] = []
    drop = tables._drop

    def failing(client: Any, table: bytes) -> None:
        if len(dropped) == 3:
            raise ProgrammingError("HBase does not do so")
        dropped.append(table)
        drop(client, table)

    with monkeypatch.context() as broken:
        broken.setattr(tables, "_drop", failing)
        with pytest.raises(ProgrammingError):
            remove_ledger(settings)
    assert len(dropped) == 3
    remove_ledger(settings)
    assert servers.named(settings.kafka_prefix) == []
    assert servers.named(f"everbook-{ledger_id}") == []


def test_with_kafka_away_the_rest_is_removed_and_what_is_left_behind_is_told(
    servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(servers, tmp_path, f"removed-{uuid4().hex[:8]}")
    ledger_id = made(settings)
    _remove(msgspec.structs.replace(settings, kafka_bootstrap=f"127.0.0.1:{free_port()}"))
    said = " ".join(capsys.readouterr().err.split())
    assert f"left behind: what begins with {settings.kafka_prefix} (Kafka at EVERBOOK_KAFKA_BOOTSTRAP=127" in said
    assert "docs/operations.md" in said
    assert servers.named(f"everbook-{ledger_id}") == []
    topics = Topics(settings.kafka_prefix, 1)
    assert {*servers.named(topics.prefix)} == {*topics.partitions(), topics.replies, f"{topics.prefix}.projections"}
    delete_topics(connection_of(settings).admin(), topics)
