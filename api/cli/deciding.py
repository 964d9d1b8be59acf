"""``work ledger``: decides the commands that come by Kafka."""

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from api.cli.console import err, fail, warn
from api.cli.opening import EXPECTED
from api.cli.stopping import end_in_time
from infra.cluster_everbook import ledger_worker
from infra.kafka.ledger_metrics import LedgerCollector
from infra.kafka.ledger_worker import LedgerWorker
from infra.kafka.topics import WrongTopic
from infra.settings import Settings
from infra.worker_metrics import metrics_served

LOOK_SECONDS = 0.5
STOPPING = (WrongTopic,)


def decide(settings: Settings, parent: int | None, metrics_port: int | None = None) -> None:
    """Decides until it is stopped; what is in flight then is answered first."""
    try:
        with ledger_worker(settings, _say_owned) as worker, ExitStack() as stack:
            if metrics_port is not None:
                collector = LedgerCollector(worker.counts, worker.fences, worker.trouble)
                port = stack.enter_context(metrics_served(collector, metrics_port))
                err.print(f"Metrics on http://127.0.0.1:{port}/metrics")
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda _number, _frame: _stop(worker))
            threading.Thread(target=_watch, args=(worker, parent), name="watch", daemon=True).start()
            worker.run()
    except (*EXPECTED, *STOPPING) as error:
        raise fail(f"{type(error).__name__}: {error}") from error


def _say_owned(logs: Sequence[str]) -> None:
    err.print(f"decides for {', '.join(logs) or 'no log'}")


def _watch(worker: LedgerWorker, parent: int | None) -> None:
    said = ""
    while not worker.stopping.wait(LOOK_SECONDS):
        if parent is not None and os.getppid() != parent:
            _stop(worker)
        trouble = "; ".join(f"{log}: {text}" for log, text in sorted(worker.trouble.items()))
        if trouble != said:
            # When nobody takes what is said any more, that is no reason to end.
            with suppress(SystemExit, OSError):
                warn("trouble", trouble or "none any more")
        said = trouble


def _stop(worker: LedgerWorker) -> None:
    worker.stop()
    end_in_time()
