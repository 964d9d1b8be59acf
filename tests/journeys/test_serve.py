"""A server as it is started: it says when its read models stand still, holds off what is too much, and stops."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import httpx

from api.cli.worker_process import shares
from domain.schema import business_content
from tests.decided import wait_until
from tests.http import trade
from tests.journeys.test_kill import Server
from tests.rules import FOUNDATION

LONGEST_SECONDS = 20
CLIENTS, OF_EACH = 24, 10


@contextmanager
def serving(data: Path, **settings: str) -> Iterator[Server]:
    server = Server(data, **settings)
    server.start()
    try:
        server.client.post("/v1/commands", content=b"\n".join(map(business_content, FOUNDATION))).raise_for_status()
        yield server
    finally:
        server.stop()


def workers_of(server: Server) -> set[int]:
    """The processes that keep the read models up: the children of the server, whichever thread began them."""
    children = Path(f"/proc/{server.pid}/task").glob("*/children")
    found = {int(child) for each in children for child in each.read_text().split()}
    assert len(found) == len(shares((), processors=os.cpu_count() or 1))
    return found


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_for(server: Server, path: str, status: int, **headers: str) -> httpx.Response:
    deadline = time.monotonic() + LONGEST_SECONDS
    while (answer := server.client.get(path, headers=headers)).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    return answer


def book(server: Server, trade_id: str, tries: int = 1) -> tuple[httpx.Response, int]:
    """Books a trade, waiting as it is told to; the last answer, and how often it was told."""
    held_off = 0
    while True:
        answer = server.client.post("/v1/trades", json=trade(trade_id), headers={"Idempotency-Key": trade_id})
        if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or held_off == tries:
            return answer, held_off
        held_off += 1
        time.sleep(float(answer.headers["Retry-After"]) / 10)


def test_a_worker_that_hangs_makes_the_server_not_ready_until_it_goes_on(tmp_path: Path) -> None:
    with serving(tmp_path / "data", EVERBOOK_LAG_SECONDS="0.5") as server:
        wait_for(server, "/readyz", httpx.codes.OK)
        workers = workers_of(server)
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        try:
            answer, _ = book(server, "T1")
            assert answer.status_code == httpx.codes.CREATED
            assert wait_for(server, "/readyz", httpx.codes.SERVICE_UNAVAILABLE).json()["code"] == "projections-behind"
            fresh = {"Everbook-At-Least": answer.headers["Everbook-Sequence"]}
            assert server.client.get("/v1/trades/T1", headers=fresh).json()["code"] == "not-yet-visible"
            assert server.client.get("/livez").status_code == httpx.codes.OK
        finally:
            for worker in workers:
                os.kill(worker, signal.SIGCONT)
        wait_for(server, "/readyz", httpx.codes.OK)
        assert server.client.get("/v1/trades/T1", headers=fresh).status_code == httpx.codes.OK


def test_the_worker_yields_to_the_server(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        answer, _ = book(server, "T1")
        fresh = {"Everbook-At-Least": answer.headers["Everbook-Sequence"]}
        wait_for(server, "/v1/trades/T1", httpx.codes.OK, **fresh)
        ours = os.getpriority(os.PRIO_PROCESS, server.pid)
        # The trade is shown by one of them; another may be starting still.
        wait_until(lambda: all(os.getpriority(os.PRIO_PROCESS, pid) > ours for pid in workers_of(server)))


def test_a_worker_that_dies_is_started_again(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        wait_for(server, "/readyz", httpx.codes.OK)
        first = workers_of(server)
        for worker in first:
            os.kill(worker, signal.SIGKILL)
        answer, _ = book(server, "T1")
        fresh = {"Everbook-At-Least": answer.headers["Everbook-Sequence"]}
        for path in ("/v1/trades/T1", "/v1/positions/EQ-1/SAN"):
            wait_for(server, path, httpx.codes.OK, **fresh)
        assert not first & workers_of(server)


def test_more_than_fits_is_held_off_and_nothing_of_it_is_lost_or_doubled(tmp_path: Path) -> None:
    with serving(tmp_path / "data", EVERBOOK_QUEUE_LIMIT="2", EVERBOOK_BATCH_LIMIT="1") as server:
        names = [f"T{number}" for number in range(CLIENTS * OF_EACH)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(lambda name: book(server, name, tries=500), names))
        assert {answer.status_code for answer, _ in answers} == {httpx.codes.CREATED}
        assert sum(held_off for _, held_off in answers) > 0
        at = {answer.headers["Everbook-Sequence"] for answer, _ in answers}
        assert len(at) == len(names)
        last = max(int(each.split(":")[1]) for each in at)
        fresh = {"Everbook-At-Least": f"ledger-0:{last}"}
        held: dict[str, Any] = wait_for(server, "/v1/positions/EQ-1/SAN", httpx.codes.OK, **fresh).json()
        assert (held["trades"], held["quantity"]) == (len(names), str(10 * len(names)))


def test_a_server_stops_at_once_though_it_feeds_somebody(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        workers = workers_of(server)
        with server.client.stream("GET", "/v1/stream") as feed:
            lines = feed.iter_lines()
            assert next(lines) == ": here"
            Timer(0.2, os.kill, (server.pid, signal.SIGTERM)).start()
            begun = time.monotonic()
            assert list(lines) == [""]
            assert time.monotonic() - begun < 5
    assert time.monotonic() - begun < 10
    # It yields to whatever else runs, and so may take its time on a busy machine.
    deadline = time.monotonic() + 30
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
