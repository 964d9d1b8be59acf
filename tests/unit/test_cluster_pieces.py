"""The pinned poms, ports, the state file and logs."""

import re
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from infra.cluster import SERVERS, Cluster, ClusterFailed
from infra.cluster.artifacts import POM, SOURCES, pinned_version
from infra.cluster.logs import log_lines
from infra.cluster.ports import FROM, LOOPBACK, TO, choose_ports, is_free
from infra.cluster.processes import Process
from infra.cluster.state import FILE, ServerState, read_state, write_state
from tests.command_line import run

ROOT = Path(__file__).parents[2]
STATE = ServerState("4.4.0", {"kafka": 19_092, "controller": 19_093}, Process(4_711, 815, "-Dmark"))
REWRITE = """
import sys
from pathlib import Path
from infra.cluster.state import ServerState, write_state
while True:
    for size in (1, 400):
        write_state(Path(sys.argv[1]), {f"server-{n}": ServerState("1", {}, None) for n in range(size)})
"""


@pytest.mark.parametrize("server", SERVERS)
def test_every_jar_a_pom_names_has_one_fixed_version(server: str) -> None:
    versions = [each.text or "" for each in ElementTree.parse(SOURCES / server / "pom.xml").iter(f"{POM}version")]
    dependencies = ElementTree.parse(SOURCES / server / "pom.xml").findall(f".//{POM}dependency")
    assert len(versions) == len(dependencies) + 1
    assert [version for version in versions if not re.fullmatch(r"\d+(\.\d+)*(-hadoop3)?", version)] == []


def test_the_versions_are_those_that_were_measured() -> None:
    assert {server: pinned_version(server) for server in SERVERS} == {
        "kafka": "4.4.0", "hbase": "2.6.4-hadoop3", "elasticsearch": "9.5.3"
    }


def test_the_wheel_carries_what_the_launcher_needs(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {str(path.relative_to(ROOT)) for path in SOURCES.rglob("*") if path.is_file()} <= packed


def test_a_given_port_that_is_in_use_is_refused() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(ClusterFailed, match=f"port {taken} is in use"):
            choose_ports(("kafka",), {"kafka": taken}, {})
    assert choose_ports(("kafka",), {"kafka": taken}, {"kafka": 1}) == {"kafka": taken}


def test_a_server_keeps_its_port_as_long_as_nobody_took_it() -> None:
    before = choose_ports(("kafka", "controller"), {}, {})
    assert choose_ports(("kafka", "controller"), {}, before) == before
    with socket.create_server((LOOPBACK, before["kafka"])):
        after = choose_ports(("kafka", "controller"), {}, before)
        assert after["controller"] == before["controller"]
        assert after["kafka"] != before["kafka"]
        assert is_free(after["kafka"])


def test_no_two_servers_are_given_one_port(tmp_path: Path) -> None:
    with pytest.raises(ClusterFailed, match="kafka and hbase cannot both be on port 19092"):
        Cluster(tmp_path, ports={"kafka": 19_092, "hbase": 19_092, "elasticsearch": 19_200})
    with pytest.raises(ClusterFailed, match="port 19092 is in use"):
        choose_ports(("hbase",), {"hbase": 19_092}, {}, {19_092})
    # What a server had before gives way to what is given.
    assert choose_ports(("kafka",), {}, {"kafka": 19_092}, {19_092}) != {"kafka": 19_092}
    chosen = choose_ports(("kafka", "controller"), {"kafka": 19_092}, {"controller": 19_092})
    assert chosen["controller"] != chosen["kafka"] == 19_092


@pytest.mark.parametrize("command", ["up", "down", "status", "logs"])
def test_a_setting_that_is_none_is_refused_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("EVERBOOK_CLUSTER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EVERBOOK_KAFKA_BOOTSTRP", "127.0.0.1:9092")
    said = run("cluster", command, "--data", tmp_path, code=1)
    assert "EVERBOOK_KAFKA_BOOTSTRP is no setting; did you mean EVERBOOK_KAFKA_BOOTSTRAP?" in said


def test_ports_that_are_spoken_for_are_left_alone() -> None:
    left = set(choose_ports([f"port-{n}" for n in range(5)], {}, {}).values())
    assert len(left) == 5
    spoken_for = set(range(FROM, TO)) - left
    assert set(choose_ports([f"port-{n}" for n in range(5)], {}, {}, spoken_for).values()) == left


def test_the_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_state(tmp_path) == {}
    write_state(tmp_path / "new", {"kafka": STATE})
    assert read_state(tmp_path / "new") == {"kafka": STATE}
    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE]


def test_a_damaged_state_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"kafka": {')
    with pytest.raises(ClusterFailed, match=r"cluster.json is damaged"):
        read_state(tmp_path)


def test_a_reader_never_sees_a_half_written_state(tmp_path: Path) -> None:
    write_state(tmp_path, {"server-0": STATE})
    with subprocess.Popen([sys.executable, "-c", REWRITE, str(tmp_path)], cwd=ROOT) as writer:
        try:
            seen: set[int] = set()
            while seen < {1, 400}:
                seen.add(len(read_state(tmp_path)))
                assert writer.poll() is None
            assert {len(read_state(tmp_path)) for _ in range(300)} <= {1, 400}
        finally:
            writer.kill()
    assert len(read_state(tmp_path)) in {1, 400}


def test_logs_end_with_their_last_lines_and_go_on_with_whole_ones(tmp_path: Path) -> None:
    kafka, hbase = tmp_path / "kafka.log", tmp_path / "hbase.log"
    kafka.write_text("first\nsecond\nthird\n")
    hbase.touch()
    logs = {"kafka": kafka, "hbase": hbase, "elasticsearch": tmp_path / "absent.log"}
    assert list(log_lines(logs, 2, follow=False)) == [("kafka", "second"), ("kafka", "third")]
    going_on = log_lines(logs, 1, follow=True)
    assert next(going_on) == ("kafka", "third")
    with kafka.open("a") as file:
        file.write("fourth\nhal")
        file.flush()
        hbase.write_text("other\n")
        assert {next(going_on), next(going_on)} == {("kafka", "fourth"), ("hbase", "other")}
        hbase.write_text("other\nagain\n")
        assert next(going_on) == ("hbase", "again")
        file.write("f\n")
    assert next(going_on) == ("kafka", "half")
