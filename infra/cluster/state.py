"""What a data folder knows of its servers: ``cluster.json``."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from infra.cluster.failures import ClusterFailed
from infra.cluster.processes import Process

FILE = "cluster.json"


class ServerState(msgspec.Struct, frozen=True):
    """A server as it was last started; its ports are kept for its next start. No process: it was stopped."""

    version: str
    ports: dict[str, int]
    process: Process | None


def read_state(folder: Path) -> dict[str, ServerState]:
    """The servers of a data folder; none when it is new.

    Raises:
        ClusterFailed: the file is not what was written.
    """
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, ServerState])
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ClusterFailed(f"{path} is damaged ({error}): stop its servers by hand and remove it") from error


def write_state(folder: Path, servers: Mapping[str, ServerState]) -> None:
    """Replaces the file at once: a reader sees the old one or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{FILE}.new"
    with new.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(dict(servers), order="sorted")))
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / FILE)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; the lock goes with its holder, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
