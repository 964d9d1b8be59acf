"""Real servers for tests: each started when the first test asks for it, shared by all workers, stopped by the last."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.cluster import Cluster, Missing
from infra.cluster.state import locked

REQUIRED = os.environ.get("EVERBOOK_TEST_SERVERS") == "require"


@pytest.fixture(scope="session")
def cluster_folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The data folder of the session's servers, the same for every worker."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if hasattr(request.config, "workerinput") else own) / "cluster"


@pytest.fixture(scope="session")
def kafka(cluster_folder: Path) -> Iterator[str]:
    """The bootstrap address of a Kafka that every test of the session shares: name topics apart."""
    with shared(cluster_folder, "kafka") as address:
        yield address


@pytest.fixture(scope="session")
def hbase(cluster_folder: Path) -> Iterator[str]:
    """The Thrift URL of an HBase that every test of the session shares: name tables apart."""
    with shared(cluster_folder, "hbase") as address:
        yield address


@pytest.fixture(scope="session")
def elasticsearch(cluster_folder: Path) -> Iterator[str]:
    """The URL of an Elasticsearch that every test of the session shares: name indices apart."""
    if running := os.environ.get("EVERBOOK_TEST_ELASTICSEARCH_URL"):
        yield running
        return
    with shared(cluster_folder, "elasticsearch") as address:
        yield address


@contextmanager
def shared(folder: Path, server: str) -> Iterator[str]:
    """A server's address; it runs as long as one process uses it."""
    cluster = Cluster(folder, [server])
    users = folder / f"{server}.users"
    me = users / str(os.getpid())
    lock = folder / f"{server}.lock"
    with locked(lock):
        users.mkdir(exist_ok=True)
        me.touch()
        start(cluster)
    try:
        yield cluster.endpoints[server]
    finally:
        with locked(lock):
            me.unlink()
            if not any(is_running(int(user.name)) for user in users.iterdir()):
                cluster.down()


def start(cluster: Cluster) -> None:
    """Brings servers up; skips the test when this machine lacks what they need, unless they are required."""
    try:
        cluster.up()
    except BaseException as error:
        cluster.down()
        if isinstance(error, Missing) and not REQUIRED:
            pytest.skip(f"no server: {error}")
        raise


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
