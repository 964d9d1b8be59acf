"""What the cluster asks of each of its servers."""

from pathlib import Path
from typing import Protocol

from infra.cluster.jdk import Jdk, Wanted


class Server(Protocol):
    """A server that can be started; the first of its ``ports`` is the one that clients use."""

    name: str
    java: Wanted
    ports: tuple[str, ...]

    def url(self, port: int) -> str:
        """How clients name it."""
        ...

    def assemble(self, built: Path, jdk: Jdk) -> None:
        """Completes the cached folder beside its jars."""
        ...

    def configure(self, home: Path, ports: dict[str, int]) -> None:
        """Writes its configuration into its data folder."""
        ...

    def command(self, built: Path, home: Path, jdk: Jdk) -> list[str]:
        """The command that runs it."""
        ...

    def trouble(self, port: int, seconds: float) -> str:
        """Why it does not answer; nothing when it does."""
        ...
