"""Starting one server, and waiting until it answers."""

import threading
import time
from collections import deque
from collections.abc import Callable
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

Step = Callable[[str, str], None]  # told a server's name, and what is done for it


def untold(server: str, step: str) -> None:
    """For whoever does not want to be told."""


def mark_of(home: Path) -> str:
    """The word of a server's command line that tells whose it is."""
    return f"-Deverbook.home={home}"


def running(home: Path, state: ServerState | None) -> Process | None:
    """The process of a server's data folder: the one that was recorded, else one whose starter died before it could."""
    if state is not None and state.process.is_running():
        return state.process
    return marked(mark_of(home))


def launch(server: Server, home: Path, ports: dict[str, int], cache: Path, on_step: Step) -> ServerState:
    """Starts a server; it does not answer yet.

    Raises:
        Missing, ClusterFailed: its jars or its JDK are not to be had.
    """
    on_step(server.name, "finding its JDK and jars")
    jdk = find_jdk(server.java)
    built = resolve(
        server.name, jdk, cache, server.assemble, lambda files: on_step(server.name, f"downloading, {files} files")
    )
    on_step(server.name, "starting")
    home.mkdir(parents=True, exist_ok=True)
    server.configure(home, ports)
    java, *arguments = server.command(built, home, jdk)
    crash = f"-XX:ErrorFile={home}/crash-%p.log"
    process = start([java, crash, mark_of(home), *arguments], home / LOG, mark_of(home))
    return ServerState(pinned_version(server.name), ports, process)


def await_answer(server: Server, home: Path, state: ServerState, seconds: float, giving_up: threading.Event) -> None:
    """Waits until a started server answers.

    Raises:
        ClusterFailed: it ended, or does not answer within the time.
    """
    log = home / LOG
    deadline = time.monotonic() + seconds
    while trouble := server.trouble(state.ports[server.ports[0]], ANSWER_SECONDS):
        if not state.process.is_running():
            raise ClusterFailed(f"{server.name} ended while it started; the end of {log}:\n{_end_of(log)}")
        if time.monotonic() > deadline:
            raise ClusterFailed(f"{server.name} does not answer after {seconds:.0f} s ({trouble}); see {log}")
        if giving_up.wait(LOOK_AGAIN_SECONDS):
            raise ClusterFailed(f"{server.name}: given up while it started")


def _end_of(log: Path) -> str:
    with log.open(errors="replace") as file:
        return "".join(deque(file, LINES_OF_TROUBLE)).rstrip()
