"""Servers that are killed, and the end of a topic that is lost with one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.rig import LEDGER_LOGS, Broken, Rig
from infra.cluster import Cluster

END_SECONDS = 30.0
AWAY_SECONDS = (0.0, 4.0)
BATCHES_LOST = (1, 40)
BASE, LENGTH = 8, 4


def kafka_killed(rig: Rig) -> str:
    """``kill -9`` of Kafka, and its restart."""
    return _killed(rig, "kafka")


def hbase_killed(rig: Rig) -> str:
    """``kill -9`` of HBase, and its restart."""
    return _killed(rig, "hbase")


def elasticsearch_killed(rig: Rig) -> str:
    """``kill -9`` of Elasticsearch, and its restart."""
    return _killed(rig, "elasticsearch")


def events_tail_lost(rig: Rig) -> str:
    """Kafka is killed, and comes back without the last records of a ledger's events, as after a loss of power."""
    topic, partition = rig.evidence.topics.events_of(rig.chance.choice(LEDGER_LOGS))
    with away(rig, "kafka") as cluster:
        folder = cluster.data / "kafka" / "data" / f"{topic}-{partition}"
        lost = cut(max(folder.glob("*.log")), rig.chance.randint(*BATCHES_LOST))
    return f"{topic}-{partition}: {lost} batches"


@contextmanager
def away(rig: Rig, name: str) -> Iterator[Cluster]:
    """A server is killed, and inside it is down."""
    cluster = rig.servers.cluster
    assert cluster is not None, "only a cluster of one's own may be killed"
    process = cluster.process(name)
    assert process is not None
    at = cluster.endpoints
    process.send(signal.SIGKILL)
    assert process.wait(END_SECONDS), f"{name} does not end"
    try:
        yield cluster
    finally:
        cluster.up()
    if cluster.endpoints != at:
        raise Broken("stalled", f"{name} came back elsewhere: {cluster.endpoints}, and was at {at}")


def cut(segment: Path, batches: int) -> int:
    """Takes the last batches of records off a segment; how many these were."""
    content = segment.read_bytes()
    ends, at = [0], 0
    while at + BASE + LENGTH <= len(content):
        at += BASE + LENGTH + int.from_bytes(content[at + BASE : at + BASE + LENGTH])
        ends.append(at)
    lost = min(batches, len(ends) - 1)
    with segment.open("r+b") as file:
        file.truncate(ends[len(ends) - 1 - lost])
    return lost


def _killed(rig: Rig, name: str) -> str:
    seconds = rig.chance.uniform(*AWAY_SECONDS)
    with away(rig, name):
        rig.rest(seconds)
    return f"{name}, away for {seconds:.1f} s and its start"
