"""``demo``: one command books a trading day and reports on it."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from itertools import groupby
from typing import Annotated

import typer
from rich.progress import Progress

from api.cli import report
from api.cli.console import fail, print_json, progress
from api.cli.demo_place import clustered, embedded
from api.cli.opening import Data, Json, everbook
from api.cli.posting import Posted, post, submission, total
from api.cli.rest import Rest
from api.cli.serving import run_server
from api.cli.stopping import stoppable
from api.cli.worker_process import read_model_workers, worker_process
from api.generator import Shape, TradingDay
from domain.commands import TransferPosition
from domain.outcomes import Submission
from infra.everbook import ADMIN, Everbook
from infra.reflected import wait_until_reflected
from infra.settings import LAST_PORT
from projections.registry import PROJECTIONS

LONGEST_WAIT_SECONDS = 3_600
LOOK_SECONDS = 0.2
WORK_OF_A_CLUSTER = ("ledger", "projections", "projections")


def demo(
    *, data: Data = None, trades: Annotated[int, typer.Option(min=1, help="How many trades to book")] = 10_000,
    seed: Annotated[int, typer.Option(help="Another seed, another day")] = 7, as_json: Json = False,
    ledgers: Annotated[int | None, typer.Option(min=1, help="Ledger logs; EVERBOOK_LEDGERS, else 1")] = None,
    cluster: Annotated[bool, typer.Option(help="On Kafka, HBase and Elasticsearch, started when they are not")] = False,
    leave: Annotated[bool, typer.Option("--exit", help="Stop after the report instead of serving")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=LAST_PORT, help="Where; EVERBOOK_PORT, else 8321")] = None,
) -> None:
    """Books a generated trading day, reports on it, proves it, and serves it.

    In the end it removes what it made and stops what it started; the ledger stays where --data names its folder.
    """
    with stoppable(), ExitStack() as stack:
        place = clustered(data, ledgers, quiet=as_json) if cluster else embedded(data, ledgers)
        settings = stack.enter_context(place)
        opened = stack.enter_context(everbook(settings, announce=not as_json))
        opened.start()
        if cluster:
            for work in WORK_OF_A_CLUSTER:
                stack.enter_context(worker_process(settings, work))
        else:
            stack.enter_context(read_model_workers(settings))
        figures = _run(opened, TradingDay(Shape(trades=trades, seed=seed)), as_json)
        if as_json:
            print_json(figures.summary())
        else:
            figures.show()
        if figures.doubts:
            raise fail(f"the books do not prove themselves: {'; '.join(figures.doubts)}")
        if not leave:
            stack.enter_context(suppress(KeyboardInterrupt))
            run_server(opened, settings.host, settings.port if port is None else port)


def _run(opened: Everbook, day: TradingDay, quiet: bool) -> "report.Report":
    reference = [submission(command, ADMIN) for command in day.reference_commands()]
    commands = [submission(command, ADMIN) for command in day.day_commands()]
    with progress(quiet) as bar:
        task = bar.add_task("Posting commands", total=len(reference) + len(commands))
        first = post(opened, reference, lambda count: bar.advance(task, count))
        second, seconds = _trade(opened, commands, lambda count: bar.advance(task, count))
        _wait(opened, bar)
        task = bar.add_task("Reading the report", total=1)
        figures = report.read(opened, total([first, second]), len(commands) / seconds)
        bar.advance(task)
        task = bar.add_task("Digesting read models", total=len(PROJECTIONS))
        report.digest_business(opened, figures, lambda count: bar.advance(task, count))
        events = sum(opened.vector().values())
        task = bar.add_task("Verifying the logs", total=events)
        report.verify_logs(opened, figures, lambda count: bar.advance(task, count))
        task = bar.add_task("Rebuilding read models", total=events)
        report.verify_projections(opened, figures, lambda count: bar.advance(task, count))
    return figures


def _trade(
    opened: Everbook, commands: Sequence[Submission], on_progress: Callable[[int], None]
) -> tuple[Posted, float]:
    """Posts the day; how many seconds that took. What comes after transfers waits until they have arrived, so that it
    finds what it would have found in a single log.
    """
    rest, posted, seconds = Rest(opened.logs.recorders), list[Posted](), 0.0
    for moves, run in groupby(commands, lambda each: isinstance(each.command, TransferPosition)):
        started = time.perf_counter()
        posted.append(post(opened, run, on_progress))
        seconds += time.perf_counter() - started
        if moves:
            _come_to_rest(rest)
    _come_to_rest(rest)
    return total(posted), seconds


def _come_to_rest(rest: Rest) -> None:
    if not rest.wait(LONGEST_WAIT_SECONDS):
        raise fail("what goes from log to log did not arrive")


def _wait(opened: Everbook, bar: Progress) -> None:
    """Until the worker has caught up, event by event on the bar."""
    names, vector = [projection.name for projection in PROJECTIONS], opened.vector()
    task = bar.add_task("Catching up read models", total=sum(vector.values()))
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while not wait_until_reflected(opened.read_models, names, vector, LOOK_SECONDS):
        bar.update(task, completed=sum(opened.read_models.reflected("audit", log) for log in vector))
        if time.monotonic() > deadline:
            raise fail("the read models did not catch up")
    bar.update(task, completed=sum(vector.values()))

