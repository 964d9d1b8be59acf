"""Single POSTs from 32 clients at once, beside a route of the same server that does nothing."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Figure
from benchmarks.world import FOUNDATION, bookings
from domain.schema import business_content

CLIENTS = 32
LONGEST_START_SECONDS = 60


class Connection:
    """HTTP/1.1 kept alive, by hand: the client must not cost more than the server."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._head = f"Host: x\r\nAuthorization: Bearer {key}\r\n"
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{lines}Content-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lower = answer.lower()
        if b"content-length: " in lower:
            length = int(lower.split(b"content-length: ")[1].split(b"\r\n")[0])
            await self._reader.readexactly(length)
        else:
            await self._reader.readuntil(b"\r\n0\r\n\r\n")
        return int(answer.split(b" ", 2)[1])

    def close(self) -> None:
        self._writer.close()


def compare(data: Path, count: int) -> list[Figure]:
    """Both in one run, on one server."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "api", "serve", "--data", str(data), "--port", str(port)], stderr=subprocess.DEVNULL
    )
    try:
        key = _key(data)
        return asyncio.run(_measured(port, key, count))
    finally:
        server.terminate()
        server.wait()


async def _measured(port: int, key: str, count: int) -> list[Figure]:
    connections = [Connection(port, key) for _ in range(CLIENTS)]
    await _started(connections[0])
    for connection in connections[1:]:
        await connection.open()
    await connections[0].send("POST", "/v1/commands", b"\n".join(map(business_content, FOUNDATION)))
    nothing, _ = await _run(connections, [("GET", "/livez", b"", "")] * count)
    lines = list(bookings(count))
    bodies = [("POST", "/v1/trades", _body(line), f"k-{number}") for number, line in enumerate(lines)]
    posted, latencies = await _run(connections, bodies)
    for connection in connections:
        connection.close()
    latencies.sort()
    return [
        Figure("a route that does nothing, 32 clients", nothing, "requests/s"),
        Figure("POST /v1/trades, durable, 32 clients", posted, "requests/s", f"{posted / nothing:.2f} x nothing"),
        Figure("  median", latencies[len(latencies) // 2] * 1000, "ms"),
        Figure("  p99", latencies[len(latencies) * 99 // 100] * 1000, "ms"),
    ]


async def _run(
    connections: Sequence[Connection], requests: Sequence[tuple[str, str, bytes, str]]
) -> tuple[float, list[float]]:
    waiting, latencies = iter(requests), list[float]()

    async def client(connection: Connection) -> None:
        for method, path, body, key in waiting:
            begun = time.perf_counter()
            headers = {"Idempotency-Key": key} if key else {}
            status = await connection.send(method, path, body, **headers)
            assert status < 300, status
            latencies.append(time.perf_counter() - begun)

    started = time.perf_counter()
    await asyncio.gather(*map(client, connections))
    return len(requests) / (time.perf_counter() - started), latencies


async def _started(connection: Connection) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline:
        try:
            await connection.open()
            return
        except OSError:
            await asyncio.sleep(0.05)
    raise TimeoutError("the server does not start")


def _key(data: Path) -> str:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while not (data / "admin-key").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return (data / "admin-key").read_text().strip()


def _body(line: bytes) -> bytes:
    """A command as a body of its own route: without its type and key."""
    rest = line.replace(b'"type":"BookTrade",', b"").replace(b',"type":"BookTrade"', b"")
    head, _, tail = rest.partition(b'"command_id":"')
    return head + tail.partition(b'",')[2]


