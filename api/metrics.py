"""What Prometheus is told."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Counters of one app."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.commands = Counter("everbook_commands", "Commands by what they came to", ["status"], registry=registry)
        self.seconds = Histogram("everbook_commit_seconds", "From submission to durable outcome", registry=registry)
        self.queued = Gauge("everbook_queued_commands", "Commands that wait", registry=registry)
        self.reflected = Gauge("everbook_reflected_sequence", "What read models reflect", ["log"], registry=registry)
        self.logged = Gauge("everbook_log_sequence", "The last sequence of a log", ["log"], registry=registry)
