"""Where the Thrift server of HBase is, and which tables of it are ours."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from eventsourcing.persistence import InfrastructureFactoryError

SCHEME = "hbase"
DEFAULT_PORT = 9090
_PREFIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\Z")


class Address(NamedTuple):
    """``hbase://host:port/prefix``: every table's name begins with the prefix."""

    host: str
    port: int
    prefix: str

    def table(self, name: str) -> bytes:
        return f"{self.prefix}_{name}".encode()


def address_of(url: str) -> Address:
    """The address that a URL gives.

    Raises:
        InfrastructureFactoryError: when it is none.
    """
    parts = urlsplit(url)
    prefix = parts.path.strip("/") or "everbook"
    try:
        port = parts.port or DEFAULT_PORT
    except ValueError:
        port = 0
    if parts.scheme != SCHEME or not parts.hostname or not port or not _PREFIX.match(prefix) or parts.query:
        raise InfrastructureFactoryError(f"{url!r} is no HBase, which is named like hbase://127.0.0.1:9090/everbook")
    return Address(parts.hostname, port, prefix)
