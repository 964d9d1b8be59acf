"""A whole cluster under load, and the ways in which faults get at it."""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import httpx
import msgspec
from eventsourcing.persistence import PersistenceError

from benchmarks.world import FOUNDATION
from domain.schema import business_content
from faults.checker import Finding, Kind
from faults.evidence import Evidence
from faults.journal import Journal
from faults.load import Load
from faults.processes import API, OWNER, WORKER, Processes
from faults.proxy import Proxy
from infra.cluster import Cluster
from infra.cluster.ports import choose_ports
from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.kafka.topics import ensure_topics
from infra.store_settings import PREFIX
from projections.projection import families
from projections.registry import PROJECTIONS

LEDGERS, CLIENTS, APIS, OWNERS, WORKERS = 2, 4, 2, 2, 2
SESSION_SECONDS = 6
LONGEST_SECONDS = 300.0
LOOK_SECONDS = 0.1
PEPPER = "of the faults"
REPLY_PARTITIONS = 3
HEADS = tuple(family[0].name for family in families(PROJECTIONS))
LEDGER_LOGS = tuple(f"ledger-{number}" for number in range(LEDGERS))


class Broken(Exception):
    """A promise is broken, and nothing that follows would mean anything."""

    def __init__(self, kind: Kind, what: str) -> None:
        super().__init__(what)
        self.finding = Finding(kind, what)


class Missed(Exception):
    """A fault that did not come about, and is not counted."""


class Servers(msgspec.Struct, frozen=True):
    """Where they are; ``cluster`` when they may be killed."""

    kafka: str
    hbase: str
    elasticsearch: str
    cluster: Cluster | None = None


class Rig:
    """Everything runs inside; ``folder`` keeps keys, journal and what the processes said."""

    def __init__(self, servers: Servers, prefix: str, folder: Path, seed: int) -> None:
        self.servers = servers
        self.prefix = prefix
        self.folder = folder
        self.chance = random.Random(f"faults {seed}")
        self.hbase_url = f"{servers.hbase}/{prefix}"
        self._seed = seed
        self._closing = ExitStack()
        self._looking = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.journal = stack.enter_context(Journal(self.folder / "journal"))
            self.proxy = Proxy(self.servers.hbase)
            stack.callback(self.proxy.close)
            names = [f"{API}-{number}" for number in range(APIS)]
            ports = list(choose_ports(names, {}, {}).values())
            self.processes = Processes(self.environments(), ports, self.folder)
            stack.callback(self.processes.end)
            self._start([f"http://127.0.0.1:{port}" for port in ports])
            stack.callback(self._stop_looking)
            self.load.start()
            stack.callback(self.load.end, 0.0)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._closing.close()

    def environments(self) -> dict[str, dict[str, str]]:
        """What each role is started with: owners reach HBase through the proxy."""
        shared = {
            "PERSISTENCE_MODULE": "infra.hbase", "HBASE_URL": self.hbase_url, "DATA": str(self.folder / "data"),
            "PEPPER": PEPPER, "LEDGERS": str(LEDGERS), "ANSWER_SECONDS": "8",
            "KAFKA_BOOTSTRAP": self.servers.kafka, "KAFKA_PREFIX": self.prefix, "KAFKA_REPLICATION": "1",
            "KAFKA_REPLY_PARTITIONS": str(REPLY_PARTITIONS), "KAFKA_SESSION_SECONDS": str(SESSION_SECONDS),
            "ELASTICSEARCH_URL": self.servers.elasticsearch,
        }
        through = f"hbase://127.0.0.1:{self.proxy.port}/{self.prefix}"
        return {role: _named(shared) for role in (API, WORKER)} | {OWNER: _named({**shared, "HBASE_URL": through})}

    def until(
        self, holds: Callable[[], object], what: str, seconds: float = LONGEST_SECONDS, *, kind: Kind = "stalled"
    ) -> None:
        """Waits, and starts again what ended by itself meanwhile.

        Raises:
            Broken: when it does not come in time, or a client was answered what must not be.
        """
        deadline = time.monotonic() + seconds
        while not holds():
            self.processes.tend()
            if time.monotonic() > deadline:
                raise Broken(kind, f"{what}: not in {seconds:.0f} s")
            if troubles := self.load.troubles():
                raise Broken("stalled", "; ".join(troubles))
            time.sleep(LOOK_SECONDS)

    def rest(self, seconds: float) -> None:
        """Lets time pass."""
        ends = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= ends, "time passes")

    def goes_on(self, requests: int = 1) -> None:
        """Until every client was answered, and both ledger logs took something new."""
        self.until(self.load.goes_on(LEDGER_LOGS, requests), "the load goes on")

    def reflects(self) -> None:
        """Until the read models reflect what is in the logs now."""
        vector = self.evidence.vector()
        self.until(lambda: self.is_reflected(vector), "the read models reflect the logs")

    def is_reflected(self, vector: Mapping[str, int]) -> bool:
        with suppress(PersistenceError):
            return all(
                self.read_models.reflected(model, log) >= last for model in HEADS for log, last in vector.items()
            )
        return False

    def look_anew(self) -> None:
        """Opens what is looked at again: a restored log is not what it was."""
        self._stop_looking()
        with ExitStack() as stack:
            self.evidence = stack.enter_context(Evidence(
                self.hbase_url, self.servers.kafka, self.prefix, self.servers.elasticsearch, LEDGERS
            ))
            self.read_models: ElasticsearchReadModels = self.evidence.read_models()
            stack.callback(self.read_models.close)
            self._looking = stack.pop_all()

    def _stop_looking(self) -> None:
        self._looking.close()

    def ensure_topics(self) -> None:
        ensure_topics(
            self.evidence.connection.admin(), self.evidence.topics, reply_partitions=REPLY_PARTITIONS, replication=1
        )

    def _start(self, urls: list[str]) -> None:
        """The first API process makes the ledger and the administrator's key; then all others follow."""
        self.processes.start(API, 1)
        key = self.folder / "data" / "admin-key"
        deadline = time.monotonic() + LONGEST_SECONDS
        while not _is_alive(urls[0]):
            if time.monotonic() > deadline or self.processes.by_name[f"{API}-0"].process.poll() is not None:
                raise Broken("stalled", "the first API process does not start")
            time.sleep(LOOK_SECONDS)
        for role, count in ((API, APIS), (OWNER, OWNERS), (WORKER, WORKERS)):
            self.processes.start(role, count)
        secret = key.read_text().strip()
        self.load = Load(CLIENTS, self._seed, urls, secret, self.journal)
        self.until(lambda: _founded(urls[0], secret), "the foundation is laid")
        self.look_anew()


def _named(variables: Mapping[str, str]) -> dict[str, str]:
    return {name if name == "PERSISTENCE_MODULE" else f"{PREFIX}{name}": value for name, value in variables.items()}


def _is_alive(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/livez").is_success
    return False


def _founded(url: str, secret: str) -> bool:
    body = b"\n".join(map(business_content, FOUNDATION))
    with suppress(httpx.TransportError):
        answer = httpx.post(
            f"{url}/v1/commands", content=body, headers={"Authorization": f"Bearer {secret}"}, timeout=60
        )
        return answer.is_success and b'"refused"' not in answer.content
    return False
