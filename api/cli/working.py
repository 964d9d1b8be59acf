"""``work``: the processes that do the work behind the API, and the documents that wait for mended code."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Annotated

import typer

from api.cli.console import err, fail, print_json, progress, table, warn
from api.cli.opening import Data, Json, everbook, existing, fold_and_write_in_turn, settings_of
from api.cli.stopping import end_in_time, stoppable
from infra.projection_worker import ProjectionWorker
from infra.retry import StillMoving, dead_letters, retry
from infra.settings import LAST_PORT
from infra.worker_metrics import WorkerCollector, metrics_served
from projections.registry import PROJECTIONS

LOOK_SECONDS = 0.5
YIELDING = 10
MODELS = tuple(projection.name for projection in PROJECTIONS)
STILL_PARKED = 2
app = typer.Typer(help="Work behind the API: read models kept up, parked documents mended.", no_args_is_help=True)
MetricsPort = Annotated[int | None, typer.Option(max=LAST_PORT, help="Serve Prometheus metrics on this port")]


@app.command()
def projections(
    data: Data = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this model, and those folded together with it")] = None,
    metrics_port: MetricsPort = None,
    parent: Annotated[int | None, typer.Option(help="Stop when this process is gone")] = None,
) -> None:
    """Keeps the read models up with the logs, until it is stopped. Start more of them to share the work."""
    if unknown := sorted(set(only or ()) - set(MODELS)):
        raise typer.BadParameter(f"{', '.join(unknown)}: the models are {', '.join(MODELS)}", param_hint="--only")
    settings = settings_of(data)
    fold_and_write_in_turn()
    if parent is not None and not settings.kafka_bootstrap:
        # Where one machine does both, who waits for an acknowledgement goes before who reads.
        os.nice(YIELDING)
    # In a cluster whoever comes first makes the ledger; here a typing error must not.
    opening = everbook if settings.kafka_bootstrap else existing
    with opening(settings) as opened, ExitStack() as stack:
        worker = opened.following_worker(only or ())
        stack.callback(worker.stop)
        if metrics_port is not None:
            collector = WorkerCollector(worker, opened.logs.recorders, opened.read_models)
            port = stack.enter_context(metrics_served(collector, metrics_port))
            err.print(f"Metrics on http://127.0.0.1:{port}/metrics")
        stack.enter_context(suppress(KeyboardInterrupt))
        stack.enter_context(stoppable())
        stack.callback(end_in_time)
        worker.start()
        _watch(worker, parent)


@app.command()
def ledger(
    data: Data = None, metrics_port: MetricsPort = None,
    parent: Annotated[int | None, typer.Option(help="Stop when this process is gone")] = None,
) -> None:
    """Decides the commands of a cluster, until it is stopped. Start more of them to share the logs."""
    from api.cli.deciding import decide  # noqa: PLC0415

    decide(settings_of(data), parent, metrics_port)


@app.command("retry")
def retry_parked(
    what: Annotated[str, typer.Argument(metavar="[MODEL[/KEY]]", help="A model, or one document; else all")] = "",
    data: Data = None, as_json: Json = False,
    only_list: Annotated[bool, typer.Option("--list", help="Only list what waits")] = False,
) -> None:
    """Derives parked documents again from their log, when the code that could not take an event is mended."""
    model, _, key = what.partition("/")
    if model and model not in MODELS:
        raise typer.BadParameter(f"{model}: the models are {', '.join(MODELS)}", param_hint="MODEL")
    with everbook(settings_of(data)) as opened:
        if only_list:
            found = dead_letters(opened.read_models, model, key)
            _show("Dead letters", ("model", "key", "event", "error"), found, as_json)
            return
        try:
            with progress(as_json) as bar:
                task = bar.add_task("Deriving again", total=None)
                done = retry(
                    opened.logs.recorders, opened.read_models, PROJECTIONS, model=model, key=key,
                    on_progress=lambda events: bar.advance(task, events),
                )
        except StillMoving as error:
            raise fail(str(error)) from error
    _show("Retried", ("model", "key", "events", "error"), done, as_json)
    if any(each.error for each in done):
        raise typer.Exit(STILL_PARKED)


def _show(title: str, columns: tuple[str, ...], found: Sequence[object], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        table(title, columns, [[getattr(each, column) for column in columns] for each in found])


def _watch(worker: ProjectionWorker, parent: int | None) -> None:
    said = ""
    while parent is None or os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
        if worker.trouble != said:
            said = worker.trouble
            warn("read models", said or "they go on")
