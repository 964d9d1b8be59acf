"""Everbook over HTTP: the real app with its owner, stores and worker, on a loopback port of its own."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import msgspec
import uvicorn

from api.cli.serving import server_of
from api.services import Services
from domain.commands import AnyCommand
from domain.schema import business_content
from infra.everbook import Everbook
from infra.projection_worker import ProjectionWorker
from infra.settings import Settings
from tests.rules import FOUNDATION, booking

PROBLEM = "application/problem+json"
TIMEOUT_SECONDS = 30


class Served:
    """One ledger being served. ``api`` speaks with the key of the administrator."""

    def __init__(self, opened: Everbook, url: str, server: uvicorn.Server, worker: ProjectionWorker) -> None:
        self.everbook = opened
        self.url = url
        self.server = server
        self.worker = worker
        self.clients: list[httpx.Client] = []
        self.api = Api(self, opened.admin_secret)
        self._numbers = count(1)

    def new(self, prefix: str) -> str:
        """A name that no other test of this ledger has."""
        return f"{prefix}{next(self._numbers)}"

    def key(self, *roles: str, books: tuple[str, ...] = ()) -> "Api":
        """The API with a new key of these roles and books."""
        issued = self.api.post("/v1/reference/keys", {
            "key_id": self.new("key-"), "name": "A key", "roles": roles, "books": books,
        })
        assert issued.status_code == httpx.codes.CREATED, issued.text
        return Api(self, issued.json()["secret"], issued.json()["stream"].removeprefix("key:"))

    def vector(self) -> str:
        """Where every log stands, as ``Everbook-At-Least`` takes it."""
        return ",".join(f"{log}:{sequence}" for log, sequence in self.everbook.vector().items())

    def recorded(self) -> int:
        """How many events there are."""
        return sum(self.everbook.vector().values())


class Api:
    """The API as the holder of one key sees it."""

    def __init__(self, served: Served, secret: str | None, key_id: str = "admin") -> None:
        self.key_id = key_id
        self._served = served
        headers = {"Authorization": f"Bearer {secret}"} if secret is not None else {}
        self.client = httpx.Client(base_url=served.url, headers=headers, timeout=TIMEOUT_SECONDS)
        served.clients.append(self.client)

    def get(self, path: str, headers: Mapping[str, str] | None = None, **parameters: Any) -> httpx.Response:
        """A read of everything that was written before it."""
        fresh = {"Everbook-At-Least": self._served.vector(), **(headers or {})}
        return self.client.get(path, params=parameters or None, headers=fresh)

    def read(self, path: str, **parameters: Any) -> Any:
        """What a read that goes well answers."""
        answer = self.get(path, **parameters)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def post(
        self, path: str, content: Any = None, *, key: str | None = "", method: str = "POST",
        headers: Mapping[str, str] | None = None, **parameters: Any,
    ) -> httpx.Response:
        """A write, with an Idempotency-Key of its own unless ``key`` says another (None: no key)."""
        named = {} if key is None else {"Idempotency-Key": key or self._served.new("c-")}
        body = content if isinstance(content, bytes | None) else msgspec.json.encode(content)
        return self.client.request(method, path, params=parameters, content=body, headers={**named, **(headers or {})})

    def done(self, path: str, content: Any = None, **more: Any) -> httpx.Response:
        """A write that goes well."""
        answer = self.post(path, content, **more)
        assert answer.is_success, answer.text
        return answer

    def bulk(self, *lines: bytes | AnyCommand, **parameters: Any) -> httpx.Response:
        """Many commands, as NDJSON."""
        content = [line if isinstance(line, bytes) else business_content(line) for line in lines]
        return self.client.post("/v1/commands", params=parameters, content=b"\n".join(content))


def trade(trade_id: str, **changes: Any) -> dict[str, Any]:
    """The body of a booking, changed as asked."""
    content: dict[str, Any] = json.loads(business_content(booking(trade_id, **changes)))
    return {name: value for name, value in content.items() if name not in {"type", "command_id"}}


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    """The lines of an answer in NDJSON."""
    assert answer.status_code == httpx.codes.OK, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def problem(answer: httpx.Response, status: int, code: str, field: str = "") -> dict[str, Any]:
    """The problem that an answer is, which is of this status, code and field."""
    assert answer.headers["content-type"] == PROBLEM, answer.text
    content: dict[str, Any] = answer.json()
    said = (answer.status_code, content["code"], content.get("field", ""))
    assert said == (status, code, field), content
    assert content["status"] == status
    assert content["type"] == f"urn:everbook:problem:{code}"
    return content


@contextmanager
def served(
    data: Path, *, founded: bool = True, worker: bool = True, fresh_seconds: float = 5.0, **settings: Any
) -> Iterator[Served]:
    """Everbook, served until the block ends; with the foundation of ``tests.rules`` unless told otherwise."""
    with Everbook(Settings(data=data, **settings)) as opened, _listening() as listener:
        projections = opened.worker()
        server = server_of(opened, "127.0.0.1", 0)
        _services(server).fresh_seconds = fresh_seconds
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        running = Served(opened, f"http://127.0.0.1:{listener.getsockname()[1]}", server, projections)
        thread.start()
        try:
            opened.start()
            if worker:
                projections.start()
            if founded:
                assert {each["status"] for each in results(running.api.bulk(*FOUNDATION))} == {"accepted"}
            yield running
        finally:
            for client in running.clients:
                client.close()
            server.should_exit = True
            thread.join()
            projections.stop()


def _services(server: uvicorn.Server) -> Services:
    app: Any = server.config.app
    found: Services = app.state.services
    return found


@contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener
