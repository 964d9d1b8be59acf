"""Every read model from the topics into Elasticsearch, against the client's own bulk writer."""

import time

from benchmarks.indexing import by_the_client
from benchmarks.measure import Figure
from infra.cluster_everbook import ClusterEverbook
from infra.projection_worker import wait_until_reflected
from projections.registry import PROJECTIONS

LOOK_SECONDS = 0.01
LONGEST_SECONDS = 600.0
NAMES = [projection.name for projection in PROJECTIONS]


def figures(opened: ClusterEverbook, url: str) -> tuple[list[Figure], float]:
    """The figures, and how many documents a second the client writes."""
    worker = opened.following_worker()
    worker.start()
    while not worker.events:
        time.sleep(LOOK_SECONDS)
    documents, events, started = worker.documents, worker.events, time.perf_counter()
    assert wait_until_reflected(opened.read_models, NAMES, opened.vector(), LONGEST_SECONDS)
    seconds = time.perf_counter() - started
    written, folded = (worker.documents - documents) / seconds, (worker.events - events) / seconds
    worker.stop()
    found = {each.name: opened.read_models.scan(each.name, "") for each in PROJECTIONS}
    bulk = by_the_client(url, found)
    return [bulk, Figure(
        "projections, from the topic to documents, one process", written, "documents/s",
        f"{written / bulk.value:.2f} x helpers.bulk, {folded:,.0f} events/s",
    )], bulk.value
