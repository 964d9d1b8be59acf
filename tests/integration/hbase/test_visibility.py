"""Several processes write one log while another reads it on: nothing appears below what was seen."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

from eventsourcing.persistence import Tracking

from domain.merkle import Frontier
from domain.ports import Receipt
from infra.hbase.connections import Connections
from infra.hbase.recorder import HBaseRecorder
from infra.hbase.tables import create_missing
from tests.contracts.log_recorder_contract import commit_of, stored
from tests.integration.hbase.ledgers import finished, python

WRITERS, INSERTS = 3, 60
WRITES = """
    import sys
    from eventsourcing.persistence import StoredEvent
    from infra.hbase.address import address_of
    from infra.hbase.connections import Connections
    from infra.hbase.recorder import HBaseRecorder

    url, log, name, inserts = sys.argv[1:4] + [int(sys.argv[4])]
    connections = Connections(address_of(url))
    recorder = HBaseRecorder(connections, log, create=False)
    for number in range(inserts):
        events = [StoredEvent(f"{name}-{number}-{place}", 1, "t", b"{}") for place in range(1 + number % 5)]
        print(*recorder.insert_events(events), flush=True)
    connections.close()
"""
CREATES = """
    import sys
    from infra.hbase.address import address_of
    from infra.hbase.connections import Connections
    from infra.hbase.recorder import HBaseRecorder

    connections = Connections(address_of(sys.argv[1]))
    print(HBaseRecorder(connections, "log").max_notification_id())
    connections.close()
"""


def test_a_reader_beside_three_writing_processes_misses_nothing(
    connections: Connections, hbase_url: str, log: str
) -> None:
    total = WRITERS * sum(1 + number % 5 for number in range(INSERTS))
    writers = [python(WRITES, hbase_url, log, f"w{number}", str(INSERTS)) for number in range(WRITERS)]
    try:
        reader = HBaseRecorder(connections, log, create=False)
        seen: list[int] = []
        deadline = time.monotonic() + 100
        while len(seen) < total and time.monotonic() < deadline:
            page = reader.select_notifications(len(seen) + 1, 50)
            assert [event.id for event in page] == list(range(len(seen) + 1, len(seen) + len(page) + 1))
            seen += [event.id for event in page]
            found = reader.select_streams([str(event.originator_id) for event in page])
            assert sorted(event.id for event in found) == [event.id for event in page]
    finally:
        said = [finished(writer) for writer in writers]
    assert seen == list(range(1, total + 1))
    inserted = [[int(word) for word in line.split()] for each in said for line in each.splitlines()]
    assert all(ids == list(range(ids[0], ids[0] + len(ids))) for ids in inserted)
    assert sorted(sequence for ids in inserted for sequence in ids) == seen


def test_processes_that_create_the_tables_at_once_all_go_on(server_url: str) -> None:
    url = f"{server_url}/c{uuid4().hex[:8]}"
    for process in [python(CREATES, url) for _ in range(3)]:
        assert finished(process).strip() == "None"


def test_tables_keep_one_version_behind_a_bloom_filter_and_the_cache(connections: Connections) -> None:
    create_missing(connections)
    for name in ("log", "index", "tracking"):
        table = connections.address.table(name)
        (family,) = connections.call(partial(described, table)).values()
        assert (family.maxVersions, family.bloomFilterType, family.blockCacheEnabled) == (1, b"ROW", True)


def described(table: bytes, client: Any) -> dict[bytes, Any]:
    families: dict[bytes, Any] = client.getColumnDescriptors(table)
    return families


def test_what_another_has_just_written_is_in_every_answer(connections: Connections, log: str) -> None:
    writer, reader = (HBaseRecorder(connections, log, create=False) for _ in range(2))
    frontier = Frontier()
    asked: list[Callable[[], Any]] = [
        lambda: reader.select_notifications(frontier.size, 9), lambda: reader.select_leaves(frontier.size, 9),
        lambda: reader.select_commits(frontier.size, 9), reader.max_notification_id,
        lambda: reader.select_streams([f"trade:{frontier.size}"]),
        lambda: reader.select_events(f"trade:{frontier.size}"),
        lambda: reader.select_receipts([("desk", f"c{frontier.size}")]),
        lambda: reader.max_tracking_id("up") == frontier.size,
        lambda: [commit.tree_size for commit in (reader.last_commit(),) if commit] == [frontier.size],
        lambda: reader.select_notifications(None, 99)[-1].id == frontier.size,
    ]
    for answer in asked:
        assert not reader.select_notifications(frontier.size + 1, 9)
        events = [stored(f"trade:{frontier.size + 1}")]
        receipt = Receipt("desk", f"c{frontier.size + 1}", b"x", frontier.size + 1, 1)
        commit = commit_of(events, frontier, (receipt,))
        writer.insert_events(events, tracking=Tracking("up", frontier.size), commit=commit)
        assert answer()
