"""Whoever answers in another way than the settings say is told apart from who is away, soon and by the settings."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from eventsourcing.persistence import PersistenceError
from eventsourcing.utils import Environment

from infra.hbase import connections as hbase_connections
from infra.hbase.factory import HBaseFactory

SOON_SECONDS = 15


@contextmanager
def page_served() -> Iterator[int]:
    """A page for browsers, as HBase's master has one: it answers what it does not understand, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def answer(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            with client, contextlib.suppress(OSError):
                if client.recv(10_000):
                    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def refused(url: str, **given: str) -> str:
    """What is said of a server that cannot be used, which is said soon."""
    options = {f"EVERBOOK_HBASE_{name.upper()}": value for name, value in given.items()}
    factory = HBaseFactory(Environment("log", {"EVERBOOK_HBASE_URL": f"{url}/t{uuid4().hex[:8]}", **options}))
    began = time.monotonic()
    try:
        with pytest.raises(PersistenceError) as caught:
            factory.process_recorder()
    finally:
        factory.close()
    assert time.monotonic() - began < SOON_SECONDS
    return str(caught.value)


@pytest.mark.parametrize("protocol", ["binary", "compact"])
@pytest.mark.parametrize("transport", ["buffered", "framed", "http"])
def test_a_page_for_browsers_is_no_thrift_server(transport: str, protocol: str) -> None:
    with page_served() as port:
        said = refused(f"hbase://127.0.0.1:{port}", transport=transport, protocol=protocol)
    assert f"127.0.0.1:{port} (EVERBOOK_HBASE_URL)" in said
    assert f"EVERBOOK_HBASE_TRANSPORT={transport}" in said
    assert f"EVERBOOK_HBASE_PROTOCOL={protocol}" in said


@pytest.mark.parametrize(("scheme", "given"), [
    ("hbases", {}), ("hbase", {"transport": "framed"}), ("hbase", {"transport": "http"}),
    ("hbases", {"transport": "http"}), ("hbase", {"protocol": "compact"}),
])
def test_another_manner_than_the_servers_own_is_named(server_url: str, scheme: str, given: dict[str, str]) -> None:
    port = server_url.rpartition(":")[2]
    said = refused(f"{scheme}://127.0.0.1:{port}", **given)
    assert "EVERBOOK_HBASE_URL" in said
    assert f"127.0.0.1:{port}" in said


def test_a_server_that_never_answers_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = refused(f"hbase://127.0.0.1:{silent.getsockname()[1]}")
    assert "takes connections, but gives no answer" in said


def test_a_server_that_is_away_is_waited_for_and_then_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hbase_connections, "PATIENCE_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    began = time.monotonic()
    said = refused(f"hbase://127.0.0.1:{port}")
    assert time.monotonic() - began > 0.5
    assert f"nobody is at 127.0.0.1:{port} (EVERBOOK_HBASE_URL)" in said


