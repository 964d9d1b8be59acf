"""Finding a JDK of the right version."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from infra.cluster.failures import Missing

INSTALLED = Path("/usr/lib/jvm")


class Jdk(msgspec.Struct, frozen=True):
    """An installed Java; ``compiles`` when it is a JDK and not only a runtime."""

    home: Path
    version: int
    compiles: bool

    @property
    def java(self) -> Path:
        return self.home / "bin" / "java"

    @property
    def javac(self) -> Path:
        return self.home / "bin" / "javac"


class Wanted(msgspec.Struct, frozen=True):
    """The Java a server runs on; ``variable`` is where users say which, ``package`` what brings one."""

    least: int
    most: int | None
    variable: str
    package: str
    compiles: bool = True

    def fits(self, jdk: Jdk) -> bool:
        in_range = self.least <= jdk.version and (self.most is None or jdk.version <= self.most)
        return in_range and (jdk.compiles or not self.compiles)

    def __str__(self) -> str:
        versions = f"{self.least}" if self.most == self.least else f"{self.least} or later"
        return f"{'a JDK (with javac)' if self.compiles else 'Java'} {versions}"


def find_jdk(
    wanted: Wanted, environment: Mapping[str, str] = os.environ, installed: Path = INSTALLED
) -> Jdk:
    """The JDK its variable names, else the first that fits of JAVA_HOME, the installed ones and PATH.

    Raises:
        Missing: none fits, or the variable names one that does not.
    """
    named = environment.get(wanted.variable)
    if named:
        jdk = read_jdk(Path(named))
        if jdk is None or not wanted.fits(jdk):
            raise Missing(f"{wanted.variable}={named} is {_described(jdk)}, but {wanted} is needed")
        return jdk
    seen = [jdk for home in _homes(environment, installed) if (jdk := read_jdk(home)) is not None]
    for jdk in seen:
        if wanted.fits(jdk):
            return jdk
    raise Missing(
        f"{wanted} is needed, and there is {_all(seen)}: "
        f"install {wanted.package}, or set {wanted.variable} to its folder"
    )


def read_jdk(home: Path) -> Jdk | None:
    """The Java of a folder, by its own ``release`` file; None when there is none."""
    try:
        stated = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', (home / "release").read_text(), re.MULTILINE)
    except OSError:
        return None
    if stated is None or not os.access(home / "bin" / "java", os.X_OK):
        return None
    return Jdk(home, int(stated[1]), os.access(home / "bin" / "javac", os.X_OK))


def _homes(environment: Mapping[str, str], installed: Path) -> Iterator[Path]:
    if environment.get("JAVA_HOME"):
        yield Path(environment["JAVA_HOME"])
    if installed.is_dir():
        yield from sorted(installed.iterdir())
    on_path = shutil.which("java", path=environment.get("PATH", ""))
    if on_path:
        yield Path(on_path).resolve().parent.parent


def _described(jdk: Jdk | None) -> str:
    if jdk is None:
        return "no Java"
    return f"a {'JDK' if jdk.compiles else 'runtime without javac'} {jdk.version}"


def _all(seen: Sequence[Jdk]) -> str:
    return ", ".join(sorted({_described(jdk) for jdk in seen})) or "none"
