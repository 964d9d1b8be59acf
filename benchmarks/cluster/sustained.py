"""As much load as the read models follow, with every server and process on one machine, and where its time goes."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from statistics import mean

from elasticsearch import Elasticsearch

from benchmarks.cluster.processors import Processors
from benchmarks.measure import Figure
from domain.outcomes import Outcome, Submission
from infra.cluster_everbook import ClusterEverbook
from infra.reflected import wait_until_reflected
from projections.projection import families
from projections.registry import PROJECTIONS

LOG = "ledger-0"
MOST_BEHIND, AT_ONCE = 5_000, 500
LOOK_SECONDS = 0.05
LONGEST_SECONDS = 120.0
MODELS = [family[0].name for family in families(tuple(PROJECTIONS))]


def figures(opened: ClusterEverbook, load: Iterator[Submission], seconds: float, bulk: float) -> list[Figure]:
    """Documents a second that the server took; how many events were behind at its start, in the middle, at its end."""
    url, pattern = opened.settings.elasticsearch_url.split(",")[0], f"everbook-{opened.ledger_id}*"
    _begin(opened, load)
    processors = Processors(opened.settings)
    with Elasticsearch(url) as client:
        used, written, started = processors.seconds(), _written(client, pattern), time.perf_counter()
        trades, lags = _fed(opened, load, seconds)
        took = time.perf_counter() - started
        documents = (_written(client, pattern) - written) / took
        spent = {name: (now - used[name]) / took for name, now in processors.seconds().items()}
    thirds = [lags[at * len(lags) // 3 : (at + 1) * len(lags) // 3] for at in range(3)]
    told = ", ".join(f"{mean(each):,.0f}" for each in thirds)
    return [
        Figure("sustained, every read model, all on this machine", trades / took, "trades/s", f"for {took:,.0f} s"),
        Figure("  documents that it writes", documents, "documents/s", f"{documents / bulk:.2f} x helpers.bulk alone"),
        Figure("  most events behind", max(lags), "events", f"at its start, middle, end {told} on average"),
        *(
            Figure(f"  processor of {name}", 100 * share, "% of a core", f"{share / sum(spent.values()):.0%} of all")
            for name, share in sorted(spent.items(), key=lambda each: -each[1])
        ),
    ]


def _begin(opened: ClusterEverbook, load: Iterator[Submission]) -> None:
    """Until the processes that were just started work."""
    opened.gate.submit(list(islice(load, AT_ONCE))).result()
    assert wait_until_reflected(opened.read_models, MODELS, opened.vector(), LONGEST_SECONDS)


def _written(client: Elasticsearch, pattern: str) -> int:
    found = client.indices.stats(index=pattern, metric="indexing")
    return int(found["_all"]["primaries"]["indexing"]["index_total"])


def _fed(opened: ClusterEverbook, load: Iterator[Submission], seconds: float) -> tuple[int, list[int]]:
    """How many trades every read model shows, and how far it was behind at each look."""
    flying: deque[Future[Sequence[Outcome]]] = deque()
    recorded = begun = opened.recorder(LOG).max_notification_id() or 0
    lags: list[int] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        while flying and flying[0].done():
            recorded = flying.popleft().result()[-1].sequence
        shown = min(opened.read_models.reflected(model, LOG) for model in MODELS)
        lags.append(max(recorded - shown, 0))
        # What is on its way will be behind too.
        for _ in range((MOST_BEHIND - lags[-1]) // AT_ONCE - len(flying)):
            flying.append(opened.gate.submit(list(islice(load, AT_ONCE))))
        time.sleep(LOOK_SECONDS)
    for each in flying:
        each.result()
    return shown - begun, lags
