"""One Elasticsearch node from its published jars."""

import http.client
import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from infra.cluster.artifacts import SOURCES, compile_java, pinned_version
from infra.cluster.jdk import Jdk, Wanted
from infra.cluster.ports import LOOPBACK

HEAP_MB = 1_024
JAVA = 21
TRANSPORT = ("netty-*.jar", "transport-netty4-*.jar", "elasticsearch-ssl-config-*.jar")
MODULES = {
    "transport-netty4": "org.elasticsearch.transport.netty4.Netty4Plugin",
    "everbook-root": "everbook.RootPlugin",
}


class Elasticsearch:
    """``infra.cluster.server.Server``."""

    name = "elasticsearch"
    java = Wanted(
        JAVA, None, "EVERBOOK_JAVA_21",
        "the Debian package openjdk-21-jdk-headless (Debian 13), or temurin-25-jdk of Adoptium (Debian 12)",
    )
    ports: tuple[str, ...] = ("http", "transport")

    def __init__(self, more: Mapping[str, object] | None = None) -> None:
        """``more`` are further settings of the node."""
        self._more = dict(more or {})

    def url(self, port: int) -> str:
        return f"http://{LOOPBACK}:{port}"

    def assemble(self, built: Path, jdk: Jdk) -> None:
        """Lays the jars out as a distribution: libraries, and modules with a descriptor each."""
        compile_java(self.name, jdk, built / "lib", built / "classes", ["--release", str(JAVA)])
        (built / "plugins").mkdir()
        for module, plugin in MODULES.items():
            _describe(built / "modules" / module, module, plugin)
        for pattern in TRANSPORT:
            for jar in (built / "lib").glob(pattern):
                jar.rename(built / "modules" / "transport-netty4" / jar.name)
        with zipfile.ZipFile(built / "modules" / "everbook-root" / "everbook-root.jar", "w") as jar_file:
            for part in (built / "classes" / "everbook").glob("RootPlugin*.class"):
                jar_file.write(part, f"everbook/{part.name}")
                # Elasticsearch refuses a class that is in two places.
                part.unlink()

    def configure(self, home: Path, ports: dict[str, int]) -> None:
        settings = {
            "cluster.name": "everbook", "node.name": "everbook", "discovery.type": "single-node",
            "network.host": LOOPBACK, "http.port": ports["http"], "transport.port": ports["transport"],
            "path.data": str(home / "data"), "path.logs": str(home / "logs"), "path.repo": str(home / "snapshots"),
            # One machine with one disk: a full one must not freeze the indices of a demo.
            "cluster.routing.allocation.disk.threshold_enabled": False, **self._more,
        }
        folder = home / "config"
        folder.mkdir(exist_ok=True)
        # JSON is YAML.
        lines = (f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
        (folder / "elasticsearch.yml").write_text("".join(lines))
        shutil.copy(SOURCES / self.name / "log4j2.properties", folder)

    def command(self, built: Path, home: Path, jdk: Jdk) -> list[str]:
        scratch = home / "tmp"
        scratch.mkdir(exist_ok=True)
        heap = ["-Xms512m", f"-Xmx{HEAP_MB}m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
        settings = [
            f"-Des.path.home={built}", f"-Djava.io.tmpdir={scratch}", "--enable-native-access=ALL-UNNAMED",
            "-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false",
        ]
        classes = f"{built}/classes:{built}/lib/*"
        launcher = ["everbook.ElasticsearchServer", str(built), str(home / "config")]
        return [str(jdk.java), *heap, *settings, "-cp", classes, *launcher]

    def trouble(self, port: int, seconds: float) -> str:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
        try:
            connection.request("GET", f"/_cluster/health?wait_for_status=yellow&timeout={max(1, round(seconds))}s")
            answer = connection.getresponse()
            status = json.loads(answer.read()).get("status", "unknown")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        return "" if answer.status == http.HTTPStatus.OK else f"its health is {status}"


def _describe(folder: Path, name: str, plugin: str) -> None:
    folder.mkdir(parents=True)
    version = pinned_version("elasticsearch")
    lines = {
        "name": name, "description": name, "version": version, "elasticsearch.version": version,
        "java.version": JAVA, "classname": plugin,
    }
    (folder / "plugin-descriptor.properties").write_text("".join(f"{key}={value}\n" for key, value in lines.items()))
