"""Every read model from the topics into Elasticsearch, against the client's own bulk writer."""

import time
from collections.abc import Sequence

from benchmarks.indexing import by_the_client
from benchmarks.measure import Figure, timed
from infra.cluster_everbook import ClusterEverbook
from infra.projection_worker import ProjectionWorker
from projections.registry import PROJECTIONS

WAIT_SECONDS = 0.03
LONGEST_SECONDS = 600.0
# Servers that have just started have compiled nothing, and go on compiling for the second round.
WARM_UP = 2


def figures(opened: ClusterEverbook, url: str) -> tuple[list[Figure], float]:
    """The figures, and how many documents a second the client writes; both in the last of three rounds."""
    for number in range(1 + WARM_UP):
        # The last is a member of the group that goes on from there.
        documents, events, seconds = _folded(opened, [f"round-{number}"] if number < WARM_UP else [])
        found = {each.name: opened.read_models.scan(each.name, "") for each in PROJECTIONS}
        bulk, written = by_the_client(url, found), documents / seconds
    return [bulk, Figure(
        "projections, from the topics to documents, one process", written, "documents/s",
        f"{written / bulk.value:.2f} x helpers.bulk, {events / seconds:,.0f} events/s",
    )], bulk.value


def _folded(opened: ClusterEverbook, group: Sequence[str]) -> tuple[int, int, float]:
    """How many documents a worker wrote that folded everything anew, of how many events, and the seconds it took."""
    opened.read_models.clear([each.name for each in PROJECTIONS])
    source, events = opened.event_source(group), sum(opened.vector().values())
    worker = ProjectionWorker(opened.logs.recorders, opened.read_models, PROJECTIONS, source=source)
    _member(worker, len(opened.logs.recorders))
    first, documents = worker.events, worker.documents
    with timed() as watch:
        _caught_up(worker, events)
    worker.stop()
    return worker.documents - documents, events - first, watch.seconds


def _member(worker: ProjectionWorker, logs: int) -> None:
    """Until it was assigned every log, a matter of Kafka's that is not measured."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while len(worker.logs()) < logs and not worker.events:
        assert time.monotonic() < deadline, "the logs were not assigned"
        worker.step(WAIT_SECONDS)


def _caught_up(worker: ProjectionWorker, events: int) -> None:
    """Until everything is folded, and written."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while worker.step(WAIT_SECONDS) or worker.events < events:
        assert time.monotonic() < deadline, f"{worker.events} of {events} events were folded"
