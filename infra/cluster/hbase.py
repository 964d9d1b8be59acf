"""HBase standalone with its Thrift gateway, in one process."""

import shutil
from importlib import import_module
from pathlib import Path
from xml.sax.saxutils import escape

from infra.cluster.artifacts import SOURCES, compile_java
from infra.cluster.jdk import Jdk, Wanted
from infra.cluster.ports import LOOPBACK

HEAP_MB = 1_024
OPENED = (
    "java.nio", "sun.nio.ch", "java.lang", "jdk.internal.ref", "java.lang.reflect", "java.util",
    "java.util.concurrent", "java.io",
)
EXPORTED = ("java.base/jdk.internal.misc", "java.security.jgss/sun.security.krb5")
SETTINGS = {
    "hbase.cluster.distributed": "false",
    "hbase.rootdir": "file://{home}/data",
    "hbase.tmp.dir": "{home}/tmp",
    "hbase.zookeeper.property.dataDir": "{home}/zookeeper",
    "hbase.zookeeper.property.clientPort": "{zookeeper}",
    "hbase.zookeeper.property.clientPortAddress": LOOPBACK,
    "hbase.zookeeper.quorum": LOOPBACK,
    "hbase.master.port": "{master}",
    "hbase.master.info.port": "-1",
    "hbase.master.hostname": "localhost",
    "hbase.master.ipc.address": LOOPBACK,
    "hbase.regionserver.port": "{regionserver}",
    "hbase.regionserver.info.port": "-1",
    "hbase.regionserver.hostname": "localhost",
    "hbase.regionserver.ipc.address": LOOPBACK,
    "hbase.regionserver.thrift.ipaddress": LOOPBACK,
    "hbase.regionserver.thrift.port": "{thrift}",
    "hbase.thrift.info.port": "-1",
    "hbase.thrift.minWorkerThreads": "16",
    "hbase.thrift.maxWorkerThreads": "64",
    # A local file that hands every write to the kernel at once: what is acknowledged survives kill -9.
    "fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "hbase.unsafe.stream.capability.enforce": "true",
    "hbase.wal.provider": "filesystem",
    "hbase.regionserver.handler.count": "12",
    "hbase.master.handler.count": "6",
    "hbase.regionserver.metahandler.count": "4",
    "hbase.master.wait.on.regionservers.mintostart": "1",
    "hbase.master.wait.on.regionservers.interval": "100",
    "hbase.master.wait.on.regionservers.timeout": "2000",
    "hbase.regionserver.msginterval": "500",
    "hbase.client.pause": "50",
    "hfile.block.cache.size": "0.2",
    "hbase.regionserver.global.memstore.size": "0.3",
    "hbase.hregion.memstore.flush.size": "67108864",
}


class HBase:
    """``infra.cluster.server.Server``."""

    name = "hbase"
    java = Wanted(17, 17, "EVERBOOK_JAVA_17", "the Debian package openjdk-17-jdk-headless")
    ports: tuple[str, ...] = ("thrift", "zookeeper", "master", "regionserver")

    def url(self, port: int) -> str:
        return f"hbase://{LOOPBACK}:{port}"

    def assemble(self, built: Path, jdk: Jdk) -> None:
        compile_java(self.name, jdk, built / "lib", built / "classes")

    def configure(self, home: Path, ports: dict[str, int]) -> None:
        folder = home / "config"
        folder.mkdir(exist_ok=True)
        lines = (
            f"<property><name>{name}</name><value>{escape(value.format(home=home, **ports))}</value></property>\n"
            for name, value in SETTINGS.items()
        )
        (folder / "hbase-site.xml").write_text(f"<configuration>\n{''.join(lines)}</configuration>\n")
        shutil.copy(SOURCES / self.name / "log4j.properties", folder)

    def command(self, built: Path, home: Path, jdk: Jdk) -> list[str]:
        heap = ["-Xms128m", f"-Xmx{HEAP_MB}m", "-XX:MaxDirectMemorySize=128m", "-Xss512k", "-XX:+UseSerialGC"]
        modules = ["--add-modules=jdk.unsupported"]
        modules += [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
        modules += [f"--add-exports={package}=ALL-UNNAMED" for package in EXPORTED]
        settings = [
            "-XX:+ExitOnOutOfMemoryError", "-Djava.net.preferIPv4Stack=true", "-Dzookeeper.admin.enableServer=false",
            f"-Dhbase.log.dir={home}", "-Dorg.apache.hbase.thirdparty.io.netty.tryReflectionSetAccessible=true",
        ]
        classes = f"{home}/config:{built}/classes:{built}/lib/*"
        return [str(jdk.java), *heap, *settings, *modules, "-cp", classes, "HBaseServer"]

    def trouble(self, port: int, seconds: float) -> str:
        """An open port says nothing about regions, so a row of each is read."""
        thrift = import_module("thriftpy2.thrift")
        happybase = import_module("happybase")
        try:
            connection = happybase.Connection(LOOPBACK, port=port, timeout=round(seconds * 1_000))
            try:
                for table in map(connection.table, connection.tables()):
                    for region in table.regions():
                        table.row(region["start_key"] or b"\0")
            finally:
                connection.close()
        except (OSError, EOFError, thrift.TException) as error:
            return str(getattr(error, "message", "") or error or type(error).__name__)
        return ""
