"""Kafka: broker and controller in one process, without ZooKeeper."""

import subprocess
from importlib import import_module
from pathlib import Path

from infra.cluster.failures import ClusterFailed
from infra.cluster.jdk import Jdk, Wanted
from infra.cluster.ports import LOOPBACK

HEAP_MB = 512
# A data folder belongs to one cluster id; this cluster has one folder, so the id may be the same everywhere.
CLUSTER_ID = "ZXZlcmJvb2stY2x1c3Rlcg"
QUIET = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{kafka},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{kafka}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={home}/data
num.network.threads=2
num.io.threads=4
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.segment.bytes=134217728
log.cleaner.dedupe.buffer.size=16777216
"""


class Kafka:
    """``infra.cluster.server.Server``."""

    name = "kafka"
    java = Wanted(17, None, "EVERBOOK_JAVA_17", "the Debian package openjdk-17-jdk-headless", compiles=False)
    ports: tuple[str, ...] = ("kafka", "controller")

    def url(self, port: int) -> str:
        return f"{LOOPBACK}:{port}"

    def assemble(self, built: Path, jdk: Jdk) -> None:
        """Its jars are all it needs."""

    def configure(self, home: Path, ports: dict[str, int]) -> None:
        (home / "server.properties").write_text(SETTINGS.format(host=LOOPBACK, home=home, **ports))

    def command(self, built: Path, home: Path, jdk: Jdk) -> list[str]:
        if not (home / "data" / "meta.properties").exists():
            _format(built, home, jdk)
        heap = ["-Xms128m", f"-Xmx{HEAP_MB}m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
        settings = str(home / "server.properties")
        return [str(jdk.java), *heap, *QUIET, "-cp", f"{built}/lib/*", "kafka.Kafka", settings]

    def trouble(self, port: int, seconds: float) -> str:
        client = import_module("confluent_kafka.admin")
        errors = import_module("confluent_kafka")
        # Its own log would tell of every refused connection while the broker starts.
        admin = client.AdminClient({"bootstrap.servers": self.url(port), "log_level": 0})
        try:
            known = admin.list_topics(timeout=seconds)
        except errors.KafkaException as error:
            return str(error.args[0].str())
        partitions = (each for topic in known.topics.values() for each in topic.partitions.values())
        if not known.brokers or any(partition.leader < 0 for partition in partitions):
            return "it does not lead its partitions yet"
        return ""


def _format(built: Path, home: Path, jdk: Jdk) -> None:
    settings = str(home / "server.properties")
    tool = [str(jdk.java), "-XX:TieredStopAtLevel=1", *QUIET, "-cp", f"{built}/lib/*", "kafka.tools.StorageTool"]
    done = subprocess.run(
        [*tool, "format", "-t", CLUSTER_ID, "-c", settings], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ClusterFailed(f"kafka: its data folder could not be formatted:\n{done.stdout}{done.stderr}")
