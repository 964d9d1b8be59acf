"""What a ledger worker tells Prometheus."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)


class LedgerCounts:
    """By log: ``lag`` in records of commands that are not decided, ``take_overs``, events published ``again``."""

    def __init__(self) -> None:
        self.lag: dict[str, int] = {}
        self.take_overs: Counter[str] = Counter()
        self.again: Counter[str] = Counter()
        self.commands = Histogram(
            "everbook_commit_commands", "Commands that were decided together", buckets=SIZES, registry=None
        )
        self.seconds = Histogram("everbook_commit_seconds", "Deciding and appending", registry=None)

    def committed(self, commands: int, seconds: float) -> None:
        """Takes note of a commit."""
        self.commands.observe(commands)
        self.seconds.observe(seconds)

    def published_again(self, log: str, events: int) -> None:
        """Takes note of events that were not published when that was looked at."""
        self.again[log] += events


class LedgerCollector(Collector):
    """Asks for what is counted when it is asked itself; ``trouble`` holds the logs that are not decided now."""

    def __init__(
        self, counts: LedgerCounts, fences: Callable[[], Mapping[str, int]], trouble: Mapping[str, str]
    ) -> None:
        self._counts = counts
        self._fences = fences
        self._trouble = trouble

    def collect(self) -> Iterator[Metric]:
        counts = self._counts
        yield from counts.commands.collect()
        yield from counts.seconds.collect()
        lag = GaugeMetricFamily("everbook_lag_commands", "Records of commands not decided yet", labels=["log"])
        trouble = GaugeMetricFamily("everbook_owner_in_trouble", "Whether a log is not decided", labels=["log"])
        for log, records in sorted(counts.lag.items()):
            lag.add_metric([log], records)
        for log in sorted({*counts.lag, *self._trouble}):
            trouble.add_metric([log], int(log in self._trouble))
        yield lag
        yield trouble
        yield _counted("everbook_take_overs", "Times a log was taken over", counts.take_overs)
        yield _counted("everbook_events_republished", "Events found missing from their topic", counts.again)
        yield _counted("everbook_fences", "Commits refused since others were ahead; they are decided again",
                       self._fences())


def _counted(name: str, words: str, by_log: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, words, labels=["log"])
    for log, count in sorted(by_log.items()):
        family.add_metric([log], count)
    return family
