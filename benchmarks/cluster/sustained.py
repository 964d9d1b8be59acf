"""As much load as the read models follow, with every server and process on one machine, and where its time goes."""

import os
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import islice
from pathlib import Path

from elasticsearch import Elasticsearch

from benchmarks.measure import Figure
from domain.outcomes import Outcome, Submission
from infra.cluster_everbook import ClusterEverbook
from projections.projection import families
from projections.registry import PROJECTIONS

LOG = "ledger-0"
MOST_BEHIND, AT_ONCE, IN_FLIGHT = 5_000, 250, 4
PAUSE_SECONDS = 0.02
HEADS = [family[0].name for family in families(tuple(PROJECTIONS))]
LABELS = {
    "kafka.Kafka": "Kafka", "hadoop.hbase": "HBase", "org.elasticsearch": "Elasticsearch",
    "work\0ledger": "ledger worker", "work\0projections": "projection workers", "benchmarks.cluster": "load",
}
TICKS = os.sysconf("SC_CLK_TCK")


def figures(opened: ClusterEverbook, load: Iterator[Submission], seconds: float, bulk: float) -> list[Figure]:
    """Documents a second that the server took, of all that were written; the lag as it was seen."""
    url, pattern = opened.settings.elasticsearch_url, f"everbook-{opened.ledger_id}*"
    with Elasticsearch(url) as client:
        used, written, started = cpu_seconds(), _indexed(client, pattern), time.perf_counter()
        posted, lags = _posted(opened, load, seconds)
        took = time.perf_counter() - started
        documents = (_indexed(client, pattern) - written) / took
    spent = {name: seconds / took for name, seconds in _spent(used).items()}
    thirds = [max(lags[at * len(lags) // 3 : (at + 1) * len(lags) // 3]) for at in range(3)]
    return [
        Figure("sustained, every read model, all on this machine", posted / took, "trades/s", f"for {took:,.0f} s"),
        Figure("  documents that it writes", documents, "documents/s", f"{documents / bulk:.2f} x helpers.bulk alone"),
        Figure("  most events behind", max(lags), "events", "by third: " + ", ".join(f"{each:,}" for each in thirds)),
        *(Figure(f"  processor of {name}", 100 * share, "% of a core") for name, share in sorted(spent.items())),
    ]


def _posted(opened: ClusterEverbook, load: Iterator[Submission], seconds: float) -> tuple[int, list[int]]:
    flying: deque[Future[Sequence[Outcome]]] = deque()
    lags, posted, deadline = [0], 0, time.monotonic() + seconds
    recorder = opened.recorder(LOG)
    while time.monotonic() < deadline:
        reflected = min(opened.read_models.reflected(model, LOG) for model in HEADS)
        lags.append(max((recorder.max_notification_id() or 0) - reflected, 0))
        if lags[-1] > MOST_BEHIND:
            time.sleep(PAUSE_SECONDS)
            continue
        for _ in range(IN_FLIGHT):
            flying.append(opened.gate.submit(list(islice(load, AT_ONCE))))
        while len(flying) > IN_FLIGHT:
            posted += len(flying.popleft().result())
    return posted + sum(len(each.result()) for each in flying), lags


def _indexed(client: Elasticsearch, pattern: str) -> int:
    found = client.indices.stats(index=pattern, metric="indexing")
    return int(found["_all"]["primaries"]["indexing"]["index_total"])


def cpu_seconds() -> dict[int, tuple[str, float]]:
    """The processor time that each process has used so far, and of what kind it is."""
    used: dict[int, tuple[str, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        label = next((label for part, label in LABELS.items() if part in command), None)
        if label:
            used[int(folder.name)] = label, (int(fields[11]) + int(fields[12])) / TICKS
    return used


def _spent(before: Mapping[int, tuple[str, float]]) -> Counter[str]:
    """What those that still run used since then, by kind."""
    spent: Counter[str] = Counter()
    for pid, (label, seconds) in cpu_seconds().items():
        if pid in before:
            spent[label] += seconds - before[pid][1]  # type: ignore[assignment]
    return spent
