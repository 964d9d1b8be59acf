"""The fault campaign in short, on servers that others use too; then the same checker on what was damaged by hand."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from elasticsearch import Elasticsearch

from faults.campaign import Result, judge, run, verdict
from faults.kinds import FAULTS
from faults.plan import planned
from faults.rig import Rig, Servers
from infra.kafka.sender import Sender
from tests.indices import dropped_after
from tests.servers import needs_servers

pytestmark = needs_servers
SEED = 7
CHEAP = [each for each in FAULTS if not each.server]


@pytest.fixture
def rig(kafka: str, hbase: str, elasticsearch: str, tmp_path: Path) -> Iterator[Rig]:
    ledgers: set[str] = set()
    with ExitStack() as stack:
        stack.enter_context(dropped_after(elasticsearch, ledgers))
        opened = stack.enter_context(Rig(Servers(kafka, hbase, elasticsearch), f"t{uuid4().hex[:12]}", tmp_path, SEED))
        ledgers.add(opened.evidence.ledger_id())
        yield opened
        _delete_topics(opened)


def test_under_every_cheap_fault_all_promises_hold_and_a_broken_one_would_be_found(rig: Rig) -> None:
    result = Result(seed=SEED)
    run(rig, planned(CHEAP, len(CHEAP) + 2, SEED), result)
    judge(rig, result)
    assert result.findings == []
    assert {each.kind for each in result.done} == {each.name for each in CHEAP}
    assert result.acknowledged > 100
    rig.processes.end()
    _require_found(rig)


def _require_found(rig: Rig) -> None:
    """Damages the journal, a topic and a read model."""
    answer = rig.journal.answers()[-1]
    rig.journal.note([msgspec.structs.replace(answer, command_id="never-decided", sequence=10**9)])
    sender = Sender(rig.evidence.connection, {"linger.ms": 0})
    headers = [("sequence", b"1"), ("version", b"1"), ("type", b"trade.booked.v1")]
    sender.send(*rig.evidence.topics.events_of("ledger-1"), b"{}", "trade:T1", headers)  # type: ignore[arg-type]
    sender.close(30)
    with Elasticsearch(rig.servers.elasticsearch) as client:
        index = rig.read_models.models["cash"].alias
        hits = client.search(index=index, query={"exists": {"field": "id"}}, size=1)["hits"]["hits"]
        client.delete(index=hits[0]["_index"], id=hits[0]["_id"], refresh=True)
    found = verdict(rig, Result(seed=SEED))
    assert {each.kind for each in found} == {"lost", "altered", "skipped"}
    assert {each.what for each in found if each.kind == "skipped"} == {"read model cash differs from its rebuild"}


def _delete_topics(rig: Rig) -> None:
    admin = rig.evidence.connection.admin()
    names = [name for name in admin.list_topics(timeout=30).topics if name.startswith(rig.prefix)]
    for deleted in admin.delete_topics(names).values():
        deleted.result()
