"""Starting one server, and waiting until it answers."""

import threading
import time
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

from infra.cluster.artifacts import pinned_version, resolve
from infra.cluster.failures import ClusterFailed
from infra.cluster.jdk import find_jdk
from infra.cluster.processes import Process, marked, start
from infra.cluster.server import Server
from infra.cluster.state import ServerState

ANSWER_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.2
LINES_OF_TROUBLE = 15
LOG = "server.log"
LOG_BYTES = 16 * 2**20


class Stage(IntEnum):
    """How far a server has come."""

    JARS = 0
    STARTING = 1
    WAITING = 2
    READY = 3


Told = Callable[[str, Stage, str], None]  # a server's name, how far it has come, and that in words


def untold(server: str, stage: Stage, words: str) -> None:
    """For whoever does not want to be told."""


def mark_of(home: Path) -> str:
    """The word of a server's command line that tells whose it is."""
    return f"-Deverbook.home={home}"


def recorded(state: ServerState | None) -> Process | None:
    """The process that was recorded, if it is the one that runs."""
    process = state.process if state else None
    return process if process and process.is_running() else None


def running(home: Path, state: ServerState | None) -> Process | None:
    """The process on a data folder: the recorded one, else one whose starter died before it recorded it."""
    return recorded(state) or marked(mark_of(home))


def launch(server: Server, home: Path, ports: dict[str, int], cache: Path, tell: Told) -> ServerState:
    """Starts a server; it does not answer yet.

    Raises:
        Missing, ClusterFailed: its jars or its JDK are not to be had.
    """
    tell(server.name, Stage.JARS, "looks for its jars")
    jdk = find_jdk(server.java)
    built = resolve(
        server.name, jdk, cache, server.assemble,
        lambda files: tell(server.name, Stage.JARS, f"downloads its jars, {files} files"),
    )
    tell(server.name, Stage.STARTING, "starts")
    home.mkdir(parents=True, exist_ok=True)
    server.configure(home, ports)
    java, *arguments = server.command(built, home, jdk)
    crash = f"-XX:ErrorFile={home}/crash-%p.log"
    process = start([java, crash, mark_of(home), *arguments], _room_for_log(home / LOG), mark_of(home))
    return ServerState(pinned_version(server.name), ports, process)


def await_answer(server: Server, home: Path, state: ServerState, seconds: float, giving_up: threading.Event) -> None:
    """Waits until a started server answers.

    Raises:
        ClusterFailed: it ended, or does not answer within the time.
    """
    log = home / LOG
    deadline = time.monotonic() + seconds
    while trouble := server.trouble(state.ports[server.ports[0]], ANSWER_SECONDS):
        if not recorded(state):
            raise ClusterFailed(f"{server.name} ended while it started; the end of {log}:\n{_end_of(log)}")
        if time.monotonic() > deadline:
            raise ClusterFailed(f"{server.name} does not answer after {seconds:.0f} s ({trouble}); see {log}")
        if giving_up.wait(LOOK_AGAIN_SECONDS):
            raise ClusterFailed(f"{server.name}: given up while it started")


def _room_for_log(log: Path) -> Path:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return log


def _end_of(log: Path) -> str:
    with log.open(errors="replace") as file:
        return "".join(deque(file, LINES_OF_TROUBLE)).rstrip()
