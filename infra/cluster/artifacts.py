"""The jars of a server, resolved once by Maven into a cache, and what is compiled beside them."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from infra.cluster.failures import ClusterFailed, Missing
from infra.cluster.jdk import Jdk
from infra.cluster.state import locked

SOURCES = Path(__file__).parent / "jvm"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
POM = "{http://maven.apache.org/POM/4.0.0}"
LINES_OF_TROUBLE = 15
RECIPE = b"1"  # Raised when what is assembled beside the jars changes.


def cache_folder() -> Path:
    """``EVERBOOK_CLUSTER_CACHE``, else a folder of the user's cache."""
    named = os.environ.get("EVERBOOK_CLUSTER_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "everbook" / "cluster"


def pinned_version(server: str) -> str:
    """The version of a server: that of the first dependency of its pom."""
    version = ElementTree.parse(SOURCES / server / "pom.xml").find(f".//{POM}dependency/{POM}version")
    assert version is not None
    assert version.text
    return version.text


def resolve(
    server: str, jdk: Jdk, cache: Path, assemble: Callable[[Path, Jdk], None], on_file: Callable[[int], None]
) -> Path:
    """The folder with a server's jars in ``lib``; resolved and assembled at the first time, by one process.

    Args:
        assemble: completes the folder beside the jars.
        on_file: told the number of files downloaded so far.

    Raises:
        Missing: there is no Maven.
        ClusterFailed: Maven or the compiler failed.
    """
    folder = cache / f"{server}-{_digest(server)}"
    if folder.is_dir():
        return folder
    # One lock for all servers: Maven's own repository does not bear two writers.
    with locked(cache / "maven.lock"):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(prefix=f".{server}-", dir=cache) as scratch:
                built = Path(scratch) / "built"
                _download(server, jdk, built / "lib", on_file)
                assemble(built, jdk)
                built.rename(folder)
    return folder


def compile_java(server: str, jdk: Jdk, library: Path, classes: Path, options: Sequence[str] = ()) -> None:
    """Compiles a server's sources."""
    sources = sorted(str(path) for path in (SOURCES / server).glob("*.java"))
    command = [str(jdk.javac), "-nowarn", "-encoding", "UTF-8", *options, "-cp", f"{library}/*", "-d", str(classes)]
    done = subprocess.run([*command, *sources], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterFailed(f"{server}: the compiler refused its launcher:\n{_end_of(done.stderr.splitlines())}")


def _download(server: str, jdk: Jdk, library: Path, on_file: Callable[[int], None]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("Maven is needed to download the servers: install the Debian package maven")
    library.mkdir(parents=True)
    pom = shutil.copy(SOURCES / server / "pom.xml", library.parent)
    command = [maven, "-B", "-f", pom, COPY, "-DincludeScope=runtime", f"-DoutputDirectory={library}"]
    environment = {**os.environ, "JAVA_HOME": str(jdk.home)}
    lines: list[str] = []
    files = 0
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            lines.append(line.rstrip())
            if "Downloaded from" in line:
                files += 1
                on_file(files)
    if run.returncode:
        raise ClusterFailed(f"{server}: Maven could not resolve its jars:\n{_end_of(lines)}")


def _digest(server: str) -> str:
    digest = hashlib.sha256(RECIPE)
    for path in sorted((SOURCES / server).iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _end_of(lines: Sequence[str]) -> str:
    return "\n".join(lines[-LINES_OF_TROUBLE:])
