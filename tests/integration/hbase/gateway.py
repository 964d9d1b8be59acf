"""A Thrift gateway of its own in front of the session's HBase, with other options than the first one."""

import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.cluster.artifacts import cache_folder, resolve
from infra.cluster.hbase import HBase
from infra.cluster.jdk import find_jdk
from infra.cluster.ports import choose_ports, is_free
from infra.cluster.processes import start

START_SECONDS = 60.0
STOP_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.2


@contextmanager
def gateway(home: Path, folder: Path, options: Sequence[str], *, http: bool) -> Iterator[int]:
    """The port of a gateway to the HBase whose data folder is ``home``."""
    shutil.copytree(home / "config", folder / "config")
    site = folder / "config" / "hbase-site.xml"
    value = f"<property><name>hbase.regionserver.thrift.http</name><value>{str(http).lower()}</value></property>"
    site.write_text(site.read_text().replace("</configuration>", f"{value}</configuration>"))
    server = HBase()
    jdk = find_jdk(server.java)
    built = resolve("hbase", jdk, cache_folder(), server.assemble, lambda _files: None)
    (port,) = choose_ports(("thrift",), {}, {}).values()
    command = server.command(built, folder, jdk)[:-1]
    mark = f"-Deverbook.gateway={folder}"
    arguments = ["--bind", "127.0.0.1", "-p", str(port), "--infoport", "-1"]
    process = start(
        [command[0], mark, *command[1:], "org.apache.hadoop.hbase.thrift.ThriftServer", *options, *arguments, "start"],
        folder / "gateway.log", mark,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while is_free(port):
            assert process.is_running(), (folder / "gateway.log").read_text()
            assert time.monotonic() < deadline, "the gateway does not listen"
            time.sleep(LOOK_AGAIN_SECONDS)
        yield port
    finally:
        process.send(signal.SIGTERM)
        if not process.wait(STOP_SECONDS):
            process.send(signal.SIGKILL)
            process.wait(STOP_SECONDS)
