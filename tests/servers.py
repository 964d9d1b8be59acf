"""Real servers for tests: each started when the first test asks for it, shared by all workers, stopped by the last."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.cluster import Cluster, Missing
from infra.cluster.processes import marked, start
from infra.cluster.state import locked

ROOT = Path(__file__).parents[1]
GUARD = "import sys; sys.path.insert(0, sys.argv[3]); from tests.servers import guard; guard(*sys.argv[1:3])"
LOOK_AGAIN_SECONDS = 0.5
ASKED = os.environ.get("EVERBOOK_TEST_SERVERS", "")
REQUIRED = ASKED == "require"
needs_servers = pytest.mark.skipif(ASKED == "no", reason="EVERBOOK_TEST_SERVERS=no: no server is started")


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


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Cluster]:
    """A Kafka of one test alone, which may do with it what it likes."""
    alone = Cluster(tmp_path / "cluster", ["kafka"])
    bring_up(alone)
    yield alone
    alone.down()


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
    if ASKED == "no":
        pytest.skip(f"EVERBOOK_TEST_SERVERS=no: no {server} is started")
    cluster = Cluster(folder, [server])
    me = users(folder, server) / str(os.getpid())
    mark = f"{folder}:{server}"
    with locked(lock_of(folder, server)):
        me.parent.mkdir(exist_ok=True)
        me.touch()
        if marked(mark) is None:
            start([sys.executable, "-c", GUARD, str(folder), server, str(ROOT), mark], folder / "guard.log", mark)
        bring_up(cluster)
    try:
        yield cluster.endpoints[server]
    finally:
        with locked(lock_of(folder, server)):
            me.unlink()
            if not is_used(folder, server):
                cluster.down()
                if watching := marked(mark):
                    watching.send(signal.SIGKILL)
                    watching.wait(LOOK_AGAIN_SECONDS)


def guard(folder: str, server: str) -> None:
    """Stops a server whose users all ended without doing so: tests can be killed too."""
    data = Path(folder)
    while data.exists():
        time.sleep(LOOK_AGAIN_SECONDS)
        with locked(lock_of(data, server)):
            if not is_used(data, server):
                Cluster(data, [server]).down()
                return


def users(folder: Path, server: str) -> Path:
    """The folder with a file for each process that uses a server, named by its id."""
    return folder / f"{server}.users"


def lock_of(folder: Path, server: str) -> Path:
    return folder / f"{server}.lock"


def is_used(folder: Path, server: str) -> bool:
    return any(Path(f"/proc/{user.name}").exists() for user in users(folder, server).iterdir())


def bring_up(cluster: Cluster) -> None:
    """Brings servers up; skips the test when this machine lacks what they need, unless they are required."""
    try:
        cluster.up()
    except BaseException as error:
        cluster.down()
        if isinstance(error, Missing) and not REQUIRED:
            pytest.skip(f"no server: {error}")
        raise
