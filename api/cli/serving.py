"""``serve`` and ``work``: the API, and the worker that keeps the read models up."""

import os
import time
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.cli.console import err
from api.cli.opening import Data, everbook, existing, settings_of
from api.cli.worker_process import worker_process
from api.services import Services
from infra.everbook import Everbook, LocalReads
from infra.projection_worker import ProjectionWorker

PARENT_LOOK_SECONDS = 0.5


def serve(
    data: Data = None, host: Annotated[str | None, typer.Option(help="Loopback unless told otherwise")] = None,
    port: Annotated[int | None, typer.Option(help="EVERBOOK_PORT, else 8321")] = None,
) -> None:
    """Serves the HTTP API, and keeps the read models up in a process of its own."""
    settings = settings_of(data)
    with everbook(settings) as opened:
        opened.start()
        with worker_process(settings):
            run_server(opened, host or settings.host, settings.port if port is None else port)


def work(
    data: Data = None,
    parent: Annotated[int | None, typer.Option(help="Stop when this process is gone")] = None,
) -> None:
    """Keeps the read models up with the logs, until it is stopped."""
    with existing(settings_of(data)) as opened:
        worker = opened.worker()
        worker.start()
        try:
            _watch(worker, parent)
        except KeyboardInterrupt:
            pass
        finally:
            worker.stop()


def run_server(opened: Everbook, host: str, port: int) -> None:
    """Serves until it is stopped."""
    err.print(f"Everbook serves [bold]http://{host}:{port}[/] (API: /docs, key: {opened.settings.data / 'admin-key'})",
              highlight=False)
    server_of(opened, host, port).run()


def server_of(opened: Everbook, host: str, port: int) -> uvicorn.Server:
    """The server of the app; what is being streamed ends when it stops."""
    services = services_of(opened)
    config = uvicorn.Config(create_app(services), host=host, port=port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    services.stopping = lambda: server.should_exit
    return server


def services_of(opened: Everbook) -> Services:
    """What the routes work with."""
    services = Services(
        gate=opened.gate, reads=LocalReads(opened.read_models), logs=opened,
        answer_seconds=opened.settings.answer_seconds, lag_seconds=opened.settings.lag_seconds,
    )
    opened.owner.on_commit = services.metrics.committed
    return services


def _watch(worker: ProjectionWorker, parent: int | None) -> None:
    said = ""
    while parent is None or os.getppid() == parent:
        time.sleep(PARENT_LOOK_SECONDS)
        if worker.trouble != said:
            said = worker.trouble
            if said:
                err.print(f"[bold red]read models:[/] {said}", highlight=False)


