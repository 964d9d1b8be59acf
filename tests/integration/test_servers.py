"""The servers that tests share are the real ones, and do what the code built on them rests on."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from elasticsearch import Elasticsearch

from infra.cluster import Cluster
from infra.cluster.processes import marked
from tests.servers import needs_servers

pytestmark = needs_servers
ROOT = Path(__file__).parents[2]
RESOLVE = """
import sys
from pathlib import Path
from infra.cluster import SERVERS
from infra.cluster.artifacts import resolve
from infra.cluster.jdk import find_jdk
def assemble(built, jdk):
    with open(sys.argv[2], "a") as file:
        file.write("once\\n")
jdk = find_jdk(SERVERS["kafka"].java)
print(resolve("kafka", jdk, Path(sys.argv[1]), assemble, lambda files: None), end="")
"""
USE = """
import sys, time
from pathlib import Path
from tests.servers import shared
with shared(Path(sys.argv[1]), "kafka") as address:
    print(address, flush=True)
    time.sleep(600)
"""


def test_kafka_gives_back_what_was_published(kafka: str) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic("servers-test", 1, 1)])["servers-test"].result(30)
    producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
    producer.produce("servers-test", b"published")
    assert producer.flush(30) == 0
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "servers-test", "auto.offset.reset": "earliest"})
    consumer.subscribe(["servers-test"])
    try:
        message = consumer.poll(30)
        assert message is not None
        assert message.value() == b"published"
    finally:
        consumer.close()


def test_hbase_puts_only_where_nothing_is(hbase: str) -> None:
    happybase = import_module("happybase")
    mutation = import_module("Hbase_thrift").Mutation
    address = urlsplit(hbase)
    connection = happybase.Connection(address.hostname, port=address.port)
    try:
        connection.create_table("servers-test", {"f": {"max_versions": 1}})
        put = connection.client.checkAndPut
        assert put(b"servers-test", b"row", b"f:c", None, mutation(column=b"f:c", value=b"first"), {})
        assert not put(b"servers-test", b"row", b"f:c", None, mutation(column=b"f:c", value=b"second"), {})
        assert connection.table("servers-test").row(b"row") == {b"f:c": b"first"}
    finally:
        connection.close()


def test_elasticsearch_refuses_a_version_that_is_stale(elasticsearch: str) -> None:
    with Elasticsearch(elasticsearch) as client:
        assert client.info()["version"]["number"] == "9.5.3"
        index = client.options(ignore_status=409).index
        written = [
            index(index="servers-test", id="1", document={"n": n}, version=n, version_type="external") for n in (5, 4)
        ]
        assert [answer.meta.status for answer in written] == [201, 409]
        assert client.get(index="servers-test", id="1")["_source"] == {"n": 5}


@pytest.mark.parametrize(("asked", "outcome"), [("", "1 skipped"), ("require", "1 error")])
def test_tests_without_their_server_are_skipped_unless_it_is_required(
    tmp_path: Path, asked: str, outcome: str
) -> None:
    missing = {"EVERBOOK_JAVA_17": str(tmp_path), "EVERBOOK_TEST_SERVERS": asked}
    test = f"{Path(__file__)}::{test_kafka_gives_back_what_was_published.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", test]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **missing}, capture_output=True, text=True, check=False
    )
    assert outcome in done.stdout
    assert "EVERBOOK_JAVA_17" in done.stdout
    assert (done.returncode == 0) == (asked == "")


@pytest.mark.usefixtures("kafka")
@pytest.mark.skipif(shutil.which("mvn") is None, reason="no Maven")
def test_two_processes_resolve_the_jars_of_a_server_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RESOLVE, str(tmp_path / "cache"), str(tmp_path / "assembled")]
    with ThreadPoolExecutor(2) as threads:
        folders = set(threads.map(lambda _: subprocess.check_output(command, cwd=ROOT, text=True), range(2)))
    [folder] = folders
    assert (tmp_path / "assembled").read_text() == "once\n"
    assert {"kafka_2.13-4.4.0.jar", "slf4j-simple-1.7.36.jar"} <= {jar.name for jar in (Path(folder) / "lib").iterdir()}
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [Path(folder).name, "maven.lock"]


@pytest.mark.usefixtures("kafka")
def test_a_server_is_stopped_even_when_the_tests_that_use_it_are_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", USE, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() != b""
        process = Cluster(tmp_path, ["kafka"]).process("kafka")
        assert process is not None
        user.kill()
    assert process.wait(60)
    watching = marked(f"{tmp_path}:kafka")
    assert watching is None or watching.wait(30)
