"""What a projection worker tells Prometheus, on a port of its own."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.ports import DoesNotAnswer, LogRecorder
from infra.asking import ANSWER_SECONDS, Questions
from infra.projection_worker import ProjectionWorker
from infra.retry import dead_letters
from projections.lag import Unreflected, lag_of
from projections.ports import ReadModels

LOOPBACK = "127.0.0.1"


class WorkerCollector(Collector):
    """Asks the stores when it is asked. Lags are those of the worker's own logs and models."""

    def __init__(
        self, worker: ProjectionWorker, recorders: Mapping[str, LogRecorder], read_models: ReadModels
    ) -> None:
        self._worker = worker
        self._recorders = recorders
        self._read_models = read_models
        self._unreflected = {log: Unreflected(recorder) for log, recorder in recorders.items()}
        self._questions = Questions(ANSWER_SECONDS)

    def collect(self) -> Iterator[Metric]:
        worker = self._worker
        yield CounterMetricFamily("everbook_worker_events", "Events folded", worker.events)
        yield CounterMetricFamily("everbook_worker_documents", "Documents written", worker.documents)
        yield CounterMetricFamily("everbook_gaps_filled", "Events lacking when later ones came", worker.filled)
        yield CounterMetricFamily("everbook_events_read_ahead", "Events read before Kafka brought them", worker.ahead)
        yield GaugeMetricFamily("everbook_worker_in_trouble", "Whether a log is held up", int(bool(worker.trouble)))
        yield from self._of_stores()

    def _of_stores(self) -> Sequence[Metric]:
        """What they tell in time: a store that does not answer is no reason to say nothing of the rest."""
        try:
            return self._questions.ask("stores", lambda: (*self._lags(), self._dead_letters()))
        except DoesNotAnswer:
            return ()

    def _lags(self) -> tuple[Metric, ...]:
        events = GaugeMetricFamily("everbook_lag_events", "Events not reflected yet", labels=["log"])
        seconds = GaugeMetricFamily("everbook_lag_seconds", "Age of the oldest of them", labels=["log"])
        notional = GaugeMetricFamily(
            "everbook_unreflected_notional", "Of trade events not reflected yet", labels=["log", "currency"]
        )
        for log in self._worker.logs():
            reflected = [self._read_models.reflected(model, log) for model in self._worker.heads]
            lag = lag_of(log, self._recorders[log], reflected, datetime.now(UTC))
            events.add_metric([log], lag.events)
            seconds.add_metric([log], lag.seconds)
            for currency, amount in self._unreflected[log].notional(lag).items():
                notional.add_metric([log, currency], float(amount))
        return events, seconds, notional

    def _dead_letters(self) -> Metric:
        family = GaugeMetricFamily("everbook_dead_letters", "Events that wait", labels=["model"])
        for model, letters in sorted(Counter(letter.model for letter in dead_letters(self._read_models)).items()):
            family.add_metric([model], letters)
        return family


@contextmanager
def metrics_served(collector: Collector, port: int) -> Iterator[int]:
    """Serves metrics on loopback; the port (0 asks for a free one)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    server, thread = start_http_server(port, LOOPBACK, registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
