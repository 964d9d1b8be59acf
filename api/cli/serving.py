"""``serve``: the API, with the worker that keeps the read models up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.cli.console import err
from api.cli.opening import Data, everbook, settings_of
from api.services import Services
from infra.everbook import Everbook, LocalReads
from infra.settings import Settings

STOP_SECONDS = 10


def serve(
    data: Data = None, host: Annotated[str | None, typer.Option(help="Loopback unless told otherwise")] = None,
    port: Annotated[int | None, typer.Option(help="EVERBOOK_PORT, else 8321")] = None,
) -> None:
    """Serves the HTTP API, and keeps the read models up in a process of its own; in a cluster that is other processes'
    work.
    """
    settings = settings_of(data)
    with everbook(settings) as opened:
        opened.start()
        with nullcontext() if settings.kafka_bootstrap else worker_process(settings):
            run_server(opened, host or settings.host, settings.port if port is None else port)


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


@contextmanager
def worker_process(settings: Settings) -> Iterator[None]:
    """A worker in a process of its own, which ends with this one, however that ends."""
    arguments = ["work", "projections", "--data", str(settings.data), "--parent", str(os.getpid())]
    child = subprocess.Popen([sys.executable, "-m", "api", *arguments], stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


