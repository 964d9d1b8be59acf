"""Where the Thrift server of HBase is, which tables of it are ours, and how it is spoken with."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
from eventsourcing.persistence import InfrastructureFactoryError

from infra.store_settings import BadSetting, HBaseSettings, variable
from infra.tls import Tls

SCHEME, SECURE_SCHEME = "hbase", "hbases"
DEFAULT_PORT = 9090
_PREFIX = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\Z")


class Address(NamedTuple):
    """``hbase://host:port/prefix``: every table's name begins with the prefix."""

    host: str
    port: int
    prefix: str

    def table(self, name: str) -> bytes:
        return f"{self.prefix}_{name}".encode()


class Access(msgspec.Struct, frozen=True):
    """How the server is spoken with; without ``tls`` in the open."""

    transport: str = "buffered"
    protocol: str = "binary"
    tls: Tls | None = None
    username: str = ""
    password: str = ""


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
    is_named = parts.scheme in (SCHEME, SECURE_SCHEME) and parts.hostname and port
    if not is_named or not parts.hostname or not _PREFIX.match(prefix) or parts.query:
        raise InfrastructureFactoryError(f"{url!r} is no HBase, which is named like hbase://127.0.0.1:9090/everbook")
    return Address(parts.hostname, port, prefix)


def access_of(settings: HBaseSettings) -> Access:
    """What is set beside the address.

    Raises:
        BadSetting: when something is set that would not be used, or a file cannot be.
    """
    tls = Tls(
        "hbase", settings.hbase_ca_file, settings.hbase_certificate_file, settings.hbase_key_file,
        settings.hbase_key_password,
    )
    url = urlsplit(settings.hbase_url)
    is_secure = url.scheme == SECURE_SCHEME
    if "@" in url.netloc:
        raise BadSetting(
            f"{variable('hbase_url')} has no place for a name and password: they go into {variable('hbase_username')} "
            f"and {variable('hbase_password')}"
        )
    if tls.is_set and not is_secure:
        raise BadSetting(f"{variable('hbase_url')} must begin with hbases: for the files of TLS to be used")
    if settings.hbase_username and settings.hbase_transport != "http":
        raise BadSetting(f"{variable('hbase_username')} is of use only with {variable('hbase_transport')}=http")
    if is_secure:
        tls.context()
    return Access(
        settings.hbase_transport, settings.hbase_protocol, tls if is_secure else None, settings.hbase_username,
        settings.hbase_password,
    )
