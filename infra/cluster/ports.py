"""Ports on loopback."""

import random
import socket
from collections.abc import Collection, Mapping, Sequence

from infra.cluster.failures import ClusterFailed

LOOPBACK = "127.0.0.1"
# Below what the kernel hands out for outgoing connections, so that none of those takes a port between look and use.
FROM, TO = 15_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_ports(
    names: Sequence[str], given: Mapping[str, int], before: Mapping[str, int], taken: Collection[int] = ()
) -> dict[str, int]:
    """A port for every name: the given one, else the one it had before, else a free one.

    Raises:
        ClusterFailed: a given port is in use.
    """
    chosen: dict[str, int] = {}
    for name in names:
        if name in given:
            if given[name] in taken or not is_free(given[name]):
                raise ClusterFailed(f"port {given[name]} is in use")
            chosen[name] = given[name]
        elif name in before and before[name] not in {*taken, *chosen.values()} and is_free(before[name]):
            chosen[name] = before[name]
        else:
            chosen[name] = _free_port({*taken, *chosen.values()})
    return chosen


def _free_port(taken: Collection[int]) -> int:
    # In no order, so that two clusters that start at the same time hardly look at the same one.
    for port in random.SystemRandom().sample(range(FROM, TO), TO - FROM):
        if port not in taken and is_free(port):
            return port
    raise ClusterFailed(f"no free port between {FROM} and {TO}")
