"""One command brings Kafka, HBase and Elasticsearch; it may be repeated, and what it started may be killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from elasticsearch import Elasticsearch
from typer.testing import CliRunner

from api.__main__ import app
from infra.cluster import SERVERS, VARIABLES, Cluster
from infra.cluster.ports import is_free
from infra.cluster.processes import Process, marked, start
from infra.cluster.starting import mark_of
from infra.cluster.state import read_state, write_state
from tests.servers import bring_up, needs_servers

pytestmark = needs_servers
ROOT = Path(__file__).parents[2]
NAME = "kept"
LISTENS = "0A"
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def run(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, ["cluster", *arguments])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder, which no server uses when the tests are over."""
    data = tmp_path_factory.mktemp("data")
    yield data
    Cluster(data / "cluster").down()


@pytest.fixture
def kafka_alone(folder: Path) -> Cluster:
    """Of the same data folder one server, which runs."""
    one = Cluster(folder / "cluster", ["kafka"])
    bring_up(one)
    return one


@pytest.fixture
def cluster(folder: Path) -> Cluster:
    """Three running servers."""
    servers = Cluster(folder / "cluster")
    bring_up(servers)
    return servers


def write_kafka(address: str) -> None:
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(NAME, 1, 1)])[NAME].result(30)
    producer = Producer({"bootstrap.servers": address, "acks": "all"})
    producer.produce(NAME, b"value")
    assert producer.flush(30) == 0


def read_kafka(address: str) -> object:
    consumer = Consumer({"bootstrap.servers": address, "group.id": NAME})
    consumer.assign([TopicPartition(NAME, 0, 0)])
    try:
        message = consumer.poll(30)
        return message and message.value()
    finally:
        consumer.close()


def with_hbase(address: str, act: Callable[[Any], object]) -> object:
    parts = urlsplit(address)
    connection = import_module("happybase").Connection(parts.hostname, port=parts.port)
    try:
        return act(connection)
    finally:
        connection.close()


def write_hbase(address: str) -> None:
    with_hbase(address, lambda connection: connection.create_table(NAME, {"f": {}}))
    with_hbase(address, lambda connection: connection.table(NAME).put(b"row", {b"f:c": b"value"}))


def read_hbase(address: str) -> object:
    return with_hbase(address, lambda connection: connection.table(NAME).row(b"row")[b"f:c"])


def write_elasticsearch(address: str) -> None:
    with Elasticsearch(address) as client:
        client.index(index=NAME, id="1", document={"content": "value"})


def read_elasticsearch(address: str) -> object:
    with Elasticsearch(address) as client:
        return client.get(index=NAME, id="1")["_source"]["content"].encode()


USES = {
    "kafka": (write_kafka, read_kafka),
    "hbase": (write_hbase, read_hbase),
    "elasticsearch": (write_elasticsearch, read_elasticsearch),
}


def test_up_again_starts_nothing_and_says_where_everything_is(cluster: Cluster, folder: Path) -> None:
    before = read_state(cluster.data)
    assert run("up", "--json", "--data", str(folder))["started"] == []
    assert read_state(cluster.data) == before
    assert "runs on port" in run("up", "kafka", "--kafka-port", "1", "--data", str(folder), code=1)
    printed = run("up", "--data", str(folder))
    for name, variable in VARIABLES.items():
        assert f"export {variable}={cluster.endpoints[name]}\n" in printed
    assert "export PERSISTENCE_MODULE=infra.hbase\n" in printed


def test_status_tells_of_each_server_what_the_system_knows(cluster: Cluster, folder: Path) -> None:
    known = run("status", "--json", "--data", str(folder))
    for name in SERVERS:
        process = cluster.process(name)
        assert process is not None
        told = known[name]
        assert (told["state"], told["trouble"], told["pid"]) == ("running", "", process.pid)
        assert 50 < told["memory_mb"] < 1_800
        assert not is_free(told["port"])
        assert str(told["port"]) in cluster.endpoints[name]
    assert "running" in run("status", "--data", str(folder))


def test_everything_listens_on_loopback_only(cluster: Cluster) -> None:
    for name, state in read_state(cluster.data).items():
        assert state.process is not None
        addresses = listening(state.process.pid)
        assert {port for _, port in addresses} >= set(state.ports.values()), name
        assert {host for host, _ in addresses} <= LOOPBACK, name


@pytest.mark.parametrize("server", SERVERS)
def test_a_killed_server_comes_back_where_it_was_with_its_data(cluster: Cluster, folder: Path, server: str) -> None:
    write, read = USES[server]
    write(cluster.endpoints[server])
    before = read_state(cluster.data)
    process = before[server].process
    assert process is not None
    assert process.send(signal.SIGKILL)
    assert process.wait(30)
    assert run("status", server, "--json", "--data", str(folder))[server]["state"] == "dead"
    again = run("up", "--json", "--data", str(folder))
    assert again["started"] == [server]
    after = read_state(cluster.data)
    assert {name: after[name] for name in SERVERS if name != server} == {
        name: before[name] for name in SERVERS if name != server
    }
    assert after[server].ports == before[server].ports
    assert read(again["endpoints"][server]) == b"value"


def test_a_recorded_id_that_belongs_to_another_by_now_is_left_alone(
    kafka_alone: Cluster, folder: Path, tmp_path: Path
) -> None:
    kafka_alone.down()
    data = kafka_alone.data
    other = start([sys.executable, "-c", "import time; time.sleep(600)", "-other"], tmp_path / "log", "-other")
    try:
        state = read_state(data)
        stale = Process(other.pid, other.started, mark_of(data / "kafka"))
        write_state(data, {**state, "kafka": msgspec.structs.replace(state["kafka"], process=stale)})
        assert run("down", "kafka", "--json", "--data", str(folder)) == {"stopped": []}
        write_state(data, {**state, "kafka": msgspec.structs.replace(state["kafka"], process=stale)})
        assert run("up", "kafka", "--json", "--data", str(folder))["started"] == ["kafka"]
        assert other.is_running()
    finally:
        other.send(signal.SIGKILL)
        other.wait(10)


def test_a_server_whose_starter_died_before_it_noted_it_never_runs_twice(kafka_alone: Cluster, folder: Path) -> None:
    data = kafka_alone.data
    state = read_state(data)
    lost = state["kafka"].process
    assert lost is not None
    write_state(data, {name: each for name, each in state.items() if name != "kafka"})
    assert run("up", "kafka", "--json", "--data", str(folder))["started"] == ["kafka"]
    assert not lost.is_running()
    assert marked(mark_of(data / "kafka")) == kafka_alone.process("kafka")


def test_down_leaves_no_process_and_no_port(cluster: Cluster, folder: Path) -> None:
    state = read_state(cluster.data)
    assert run("down", "--json", "--data", str(folder)) == {"stopped": list(SERVERS)}
    assert [name for name in SERVERS if marked(mark_of(cluster.data / name))] == []
    assert [port for each in state.values() for port in each.ports.values() if not is_free(port)] == []
    assert {each["state"] for each in run("status", "--json", "--data", str(folder)).values()} == {"stopped"}
    assert run("down", "--json", "--data", str(folder)) == {"stopped": []}


def test_two_who_start_a_server_at_the_same_time_start_one(kafka_alone: Cluster, folder: Path) -> None:
    kafka_alone.down()
    at_once = Barrier(2)

    def bring_up_at_once(cluster: Cluster) -> list[str]:
        at_once.wait(30)
        return cluster.up()

    with ThreadPoolExecutor(2) as threads:
        started = threads.map(bring_up_at_once, (kafka_alone, Cluster(kafka_alone.data, ["kafka"])))
        assert sorted(started) == [[], ["kafka"]]
    assert "controller activation" in run("logs", "kafka", "--data", str(folder))


def test_a_server_outlives_the_command_that_started_it(kafka_alone: Cluster, folder: Path) -> None:
    kafka_alone.down()
    command = [sys.executable, "-m", "api", "cluster", "up", "kafka", "--data", str(folder)]
    printed = subprocess.check_output(command, cwd=ROOT, text=True, start_new_session=True)
    assert printed == f"export EVERBOOK_KAFKA_BOOTSTRAP={kafka_alone.endpoints['kafka']}\n"
    assert run("status", "kafka", "--json", "--data", str(folder))["kafka"]["state"] == "running"


def test_a_missing_jdk_is_named_and_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERBOOK_JAVA_21", str(tmp_path / "nowhere"))
    told = run("up", "elasticsearch", "--data", str(tmp_path), code=1)
    assert "EVERBOOK_JAVA_21" in told
    assert "21 or later" in told
    assert read_state(tmp_path / "cluster") == {}


def test_an_unknown_server_is_refused_with_those_there_are(tmp_path: Path) -> None:
    assert "there are kafka, hbase, elasticsearch" in run("up", "postgres", "--data", str(tmp_path), code=1)


def listening(pid: int) -> set[tuple[str, int]]:
    """The addresses and ports a process listens on."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            inodes.add(os.readlink(link).removeprefix("socket:[").removesuffix("]"))
    lines = [line.split() for kind in ("tcp", "tcp6") for line in Path(f"/proc/net/{kind}").read_text().splitlines()]
    addresses = (fields[1].split(":") for fields in lines if fields[3] == LISTENS and fields[9] in inodes)
    return {(host, int(port, 16)) for host, port in addresses}
