"""Kafka, HBase and Elasticsearch on this machine, under one data folder."""

import signal
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from infra.cluster.artifacts import cache_folder, pinned_version
from infra.cluster.elasticsearch import Elasticsearch
from infra.cluster.failures import ClusterFailed
from infra.cluster.hbase import HBase
from infra.cluster.kafka import Kafka
from infra.cluster.ports import choose_ports
from infra.cluster.processes import Process, marked
from infra.cluster.server import Server
from infra.cluster.starting import (
    ANSWER_SECONDS,
    Stage,
    Told,
    await_answer,
    launch,
    mark_of,
    recorded,
    running,
    untold,
)
from infra.cluster.state import ServerState, locked, read_state, write_state

SERVERS: dict[str, Server] = {"kafka": Kafka(), "hbase": HBase(), "elasticsearch": Elasticsearch()}
VARIABLES = {
    "kafka": "EVERBOOK_KAFKA_BOOTSTRAP", "hbase": "EVERBOOK_HBASE_URL", "elasticsearch": "EVERBOOK_ELASTICSEARCH_URL",
}
START_SECONDS = 180.0
STOP_SECONDS = 30.0
LOCK = "cluster.lock"
MEBIBYTE = 2**20


class Status(msgspec.Struct, frozen=True):
    """A server now; ``state`` is running, silent (it runs and does not answer), dead (it should run) or stopped."""

    server: str
    state: str
    version: str
    pid: int | None
    port: int | None
    memory_mb: int
    folder: str
    trouble: str


class Cluster:
    """The servers of a data folder; several processes may share it. As a context manager it is up inside."""

    def __init__(
        self, data: Path, servers: Iterable[str] = SERVERS, *, ports: Mapping[str, int] | None = None,
        cache: Path | None = None, launched: Mapping[str, Server] = SERVERS,
    ) -> None:
        """
        Args:
            launched: how each server is started, for whoever wants one otherwise than usual.
            ports: where servers listen for clients, by the server's name; the others take free ports.
            cache: the folder of the jars; by default ``EVERBOOK_CLUSTER_CACHE``, else the user's cache.
        """
        self.data = data.absolute()
        self.servers = tuple(dict.fromkeys(servers))
        if unknown := [name for name in self.servers if name not in SERVERS]:
            raise ClusterFailed(f"no such server: {', '.join(unknown)}; there are {', '.join(SERVERS)}")
        self._given = dict(ports or {})
        for port in {port for port in self._given.values() if [*self._given.values()].count(port) > 1}:
            names = " and ".join(name for name, given in self._given.items() if given == port)
            raise ClusterFailed(f"{names} cannot both be on port {port}")
        self._launched = launched
        self._cache = (cache or cache_folder()).absolute()
        self._recording = threading.Lock()
        self._giving_up = threading.Event()

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def endpoints(self) -> dict[str, str]:
        """How clients name each of its servers that was ever started."""
        state = read_state(self.data)
        return {name: SERVERS[name].url(_client_port(name, state[name])) for name in self.servers if name in state}

    @property
    def environment(self) -> dict[str, str]:
        """The settings with which Everbook uses these servers."""
        return {VARIABLES[name]: url for name, url in self.endpoints.items()}

    def up(self, tell: Told = untold) -> list[str]:
        """Starts what does not run, all at the same time, and waits until each answers; the names of the started.

        Raises:
            Missing: this machine lacks something.
            ClusterFailed: a server ended, or does not answer; the others are left as they are.
        """
        self._giving_up.clear()
        with locked(self.data / LOCK):
            ports = self._choose_ports()
            with ThreadPoolExecutor(len(self.servers)) as threads:
                tries = [threads.submit(self._bring_up, name, ports.get(name), tell) for name in self.servers]
                try:
                    failures = [error for each in tries if (error := each.exception())]
                except BaseException:
                    self._giving_up.set()
                    raise
        if failures:
            raise failures[0] if len(failures) == 1 else ClusterFailed("\n".join(map(str, failures)))
        return list(ports)

    def down(self) -> list[str]:
        """Stops what runs, asking first and killing what does not heed; the names of the stopped."""
        with locked(self.data / LOCK):
            processes = {name: process for name in self.servers if (process := self.process(name))}
            for process in processes.values():
                process.send(signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            for process in processes.values():
                _end(process, max(0.0, deadline - time.monotonic()))
            self._record({
                name: msgspec.structs.replace(state, process=None)
                for name, state in read_state(self.data).items() if name in self.servers
            })
        return list(processes)

    def status(self) -> list[Status]:
        """Every server as it is now, asked whether it answers."""
        state = read_state(self.data)
        with ThreadPoolExecutor(len(self.servers)) as threads:
            return list(threads.map(lambda name: self._status(name, state.get(name)), self.servers))

    def process(self, server: str) -> Process | None:
        """The process of a server, for whoever wants to signal it."""
        return running(self.data / server, read_state(self.data).get(server))

    def _choose_ports(self) -> dict[str, dict[str, int]]:
        """The ports of every server that is to be started."""
        state = read_state(self.data)
        chosen: dict[str, dict[str, int]] = {}
        for name in self.servers:
            if recorded(state.get(name)):
                port = _client_port(name, state[name])
                if self._given.get(name, port) != port:
                    raise ClusterFailed(f"{name} runs on port {port} already: stop it first to have it on another")
            else:
                if lost := marked(mark_of(self.data / name)):
                    lost.send(signal.SIGTERM)
                    _end(lost, STOP_SECONDS)
                names = SERVERS[name].ports
                given = {names[0]: self._given[name]} if name in self._given else {}
                before = state[name].ports if name in state else {}
                others = {port for other, port in self._given.items() if other != name}
                taken = others | {port for ports in chosen.values() for port in ports.values()}
                chosen[name] = choose_ports(names, given, before, taken)
        return chosen

    def _bring_up(self, name: str, ports: dict[str, int] | None, tell: Told) -> None:
        server, home = self._launched[name], self.data / name
        if ports is None:
            state = read_state(self.data)[name]
        else:
            state = launch(server, home, ports, self._cache, tell)
            self._record({name: state})
        tell(name, Stage.WAITING, "starts" if ports else "runs")
        await_answer(server, home, state, START_SECONDS, self._giving_up)
        tell(name, Stage.READY, "answers" if ports else "ran and answers")

    def _record(self, changed: Mapping[str, ServerState]) -> None:
        with self._recording:
            write_state(self.data, {**read_state(self.data), **changed})

    def _status(self, name: str, state: ServerState | None) -> Status:
        home = self.data / name
        process = running(home, state)
        port = None if state is None else _client_port(name, state)
        if process is None:
            trouble, condition = "", "dead" if state and state.process else "stopped"
        else:
            trouble = SERVERS[name].trouble(port, ANSWER_SECONDS) if port else "its ports are unknown"
            condition = "silent" if trouble else "running"
        return Status(
            server=name, state=condition, version=state.version if state else pinned_version(name),
            pid=process.pid if process else None, port=port,
            memory_mb=process.memory_bytes() // MEBIBYTE if process else 0, folder=str(home), trouble=trouble,
        )


def _end(process: Process, seconds: float) -> None:
    """Gives a process that was asked to end that time for it."""
    if not process.wait(seconds):
        process.send(signal.SIGKILL)
        process.wait(STOP_SECONDS)


def _client_port(name: str, state: ServerState) -> int:
    return state.ports[SERVERS[name].ports[0]]
