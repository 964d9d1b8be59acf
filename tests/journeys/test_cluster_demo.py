"""The same day on real Kafka, HBase and Elasticsearch: the same business, under a name of its own, gone after it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.cluster import VARIABLES, Cluster
from tests.command_line import run
from tests.places import Servers
from tests.servers import bring_up, needs_servers

pytestmark = needs_servers
ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 400


def demo(*arguments: object, **environment: str) -> Any:
    """The report of a demo in a process of its own, on a cluster."""
    command = [sys.executable, "-m", "api", "demo", "--cluster", "--exit", "--json", *map(str, arguments)]
    without = {name: value for name, value in os.environ.items() if name not in VARIABLES.values()}
    done = subprocess.run(
        command, cwd=ROOT, env={**without, **environment}, capture_output=True, text=True, timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_business_is_the_same_on_a_cluster_with_two_logs_as_embedded_with_one(
    kafka: str, hbase: str, elasticsearch: str, tmp_path: Path
) -> None:
    urls = dict(zip(VARIABLES.values(), (kafka, hbase, elasticsearch), strict=True))
    servers = Servers(kafka, hbase, elasticsearch)
    embedded = run("demo", "--trades", 1_100, "--exit", "--json", "--data", tmp_path)
    on_cluster = demo("--trades", 1_100, "--ledgers", 2, **urls)
    assert (on_cluster["log_verified"], on_cluster["projections_verified"]) == (True, True)
    assert set(on_cluster["roots"]) == {"reference", "market", "ledger-0", "ledger-1"}
    assert set(on_cluster) == set(embedded)
    differing = {name for name in embedded if embedded[name] != on_cluster[name]}
    assert differing == {"commands_per_second", "roots", "stored_digests"}
    assert servers.named("demo-") == []


def test_servers_are_left_as_they_were_found_and_a_ledger_stays_where_its_folder_is_named(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "cluster")
    kafka_alone = Cluster(cluster.data, ["kafka"])
    try:
        bring_up(kafka_alone)
        found = cluster.process("kafka")
        first = demo("--trades", 30, "--data", tmp_path)
        assert {each.server: each.state for each in cluster.status()} == {
            "kafka": "running", "hbase": "stopped", "elasticsearch": "stopped",
        }
        assert cluster.process("kafka") == found
        again = demo("--trades", 30, "--data", tmp_path)
        assert (again["accepted"], again["refused"]) == (0, 0)
        assert again["duplicates"] == first["accepted"] + first["refused"] + first["duplicates"]
        assert (again["roots"], again["stored_digests"]) == (first["roots"], first["stored_digests"])
    finally:
        cluster.down()
