"""What Prometheus is told."""

from collections.abc import Mapping
from decimal import Decimal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from projections.lag import Lag

SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)


class Metrics:
    """Counters of one app."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.commands = Counter("everbook_commands", "Commands by what they came to", ["status"], registry=registry)
        self.seconds = Histogram("everbook_answer_seconds", "From submission to durable outcome", registry=registry)
        self.commit_seconds = Histogram("everbook_commit_seconds", "Deciding and appending", registry=registry)
        self.commit_commands = Histogram(
            "everbook_commit_commands", "Commands that were decided together", buckets=SIZES, registry=registry
        )
        self.queued = Gauge("everbook_queued_commands", "Commands that wait", registry=registry)
        self.in_trouble = Gauge("everbook_owner_in_trouble", "Whether a log is not decided", ["log"], registry=registry)
        self.reflected = Gauge("everbook_reflected_sequence", "What read models reflect", ["log"], registry=registry)
        self.lag_events = Gauge("everbook_lag_events", "Events not reflected yet", ["log"], registry=registry)
        self.lag_seconds = Gauge("everbook_lag_seconds", "Age of the oldest of them", ["log"], registry=registry)
        self.notional = Gauge(
            "everbook_unreflected_notional", "Of trade events not reflected yet", ["log", "currency"], registry=registry
        )
        self.dead_letters = Gauge("everbook_dead_letters", "Events that wait", ["model"], registry=registry)
        self.fences = Counter(
            "everbook_fences", "Commits refused since others were ahead; they are decided again", ["log"],
            registry=registry,
        )
        self.answers = Gauge(
            "everbook_store_answers", "Whether a store answered this question in time", ["store"], registry=registry
        )
        self._fenced: dict[str, int] = {}
        self.logged = Gauge("everbook_log_sequence", "The last sequence of a log", ["log"], registry=registry)

    def committed(self, commands: int, seconds: float) -> None:
        """Takes note of a commit."""
        self.commit_commands.observe(commands)
        self.commit_seconds.observe(seconds)

    def forget(self) -> None:
        """Drops what the stores said the last time."""
        for each in (
            self.reflected, self.lag_events, self.lag_seconds, self.notional, self.dead_letters, self.logged,
        ):
            each.clear()

    def behind(self, lag: Lag, notional: Mapping[str, Decimal]) -> None:
        """Takes note of how far the read models are behind a log, and of what that is in money."""
        self.reflected.labels(lag.log).set(lag.reflected)
        self.lag_events.labels(lag.log).set(lag.events)
        self.lag_seconds.labels(lag.log).set(lag.seconds)
        for currency, amount in notional.items():
            self.notional.labels(lag.log, currency).set(float(amount))

    def fenced(self, log: str, count: int) -> None:
        """Takes note of how often others were ahead so far."""
        self.fences.labels(log).inc(count - self._fenced.get(log, 0))
        self._fenced[log] = count
