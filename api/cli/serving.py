"""``serve``: the API, with the workers that keep the read models up."""

import socket
from collections.abc import Callable
from contextlib import nullcontext
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.cli.console import err
from api.cli.opening import Data, everbook, settings_of
from api.cli.stopping import end_in_time
from api.cli.worker_process import read_model_workers
from api.ports import EVENTS, READ_MODELS
from api.services import Services
from infra.asking import Questions
from infra.everbook import ADMIN_KEY, Everbook, LocalReads
from infra.settings import LAST_PORT, Settings


def serve(
    data: Data = None, host: Annotated[str | None, typer.Option(help="Loopback unless told otherwise")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=LAST_PORT, help="EVERBOOK_PORT, else 8321")] = None,
) -> None:
    """Serves the HTTP API, and keeps the read models up in processes of their own; in a cluster that is the work of
    others.
    """
    settings = settings_of(data)
    with everbook(settings) as opened:
        opened.start()
        with nullcontext() if settings.kafka_bootstrap else read_model_workers(settings):
            run_server(
                opened, host or settings.host, settings.port if port is None else port, on_request_to_end=end_in_time
            )


def run_server(
    opened: Everbook, host: str, port: int, *, on_request_to_end: Callable[[], None] = lambda: None
) -> None:
    """Serves until it is stopped, and says so once it does: from then on a request to end is the server's."""
    server_of(opened, host, port, greeting(opened.settings, host, port), on_request_to_end).run()


def greeting(settings: Settings, host: str, port: int) -> str:
    """Where it serves, and where the first key is while its file is there."""
    key = settings.data / ADMIN_KEY
    told = f", key: {key}" if key.exists() else ""
    return f"Everbook serves http://{host}:{port} (API: /docs{told})"


class Server(uvicorn.Server):
    """Greets when it listens, and tells when it is to end."""

    def __init__(self, config: uvicorn.Config, greeting: str, on_request_to_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._greeting = greeting
        self._on_request_to_end = on_request_to_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and self._greeting:
            err.print(self._greeting)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._on_request_to_end()


def server_of(
    opened: Everbook, host: str, port: int, greeting: str = "", on_request_to_end: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """The server of the app; what is being streamed ends when it stops."""
    services = services_of(opened)
    config = uvicorn.Config(create_app(services), host=host, port=port, log_level="warning", access_log=False)
    server = Server(config, greeting, on_request_to_end)
    services.stopping = lambda: server.should_exit
    return server


def services_of(opened: Everbook) -> Services:
    """What the routes work with."""
    services = Services(
        gate=opened.gate, reads=LocalReads(opened.read_models), logs=opened, questions=Questions(),
        answer_seconds=opened.settings.answer_seconds, lag_seconds=opened.settings.lag_seconds,
        stores=dict(zip((EVENTS, READ_MODELS), opened.stores(), strict=True)),
    )
    opened.owner.on_commit = services.metrics.committed
    return services




