"""One connection to HBase's Thrift server: plain or by TLS, buffered, framed or over HTTP."""

import base64
import http.client
import ssl
from functools import partial
from typing import Any

import happybase  # noqa: F401  its import makes Hbase_thrift
from Hbase_thrift import Hbase
from thriftpy2.protocol import TBinaryProtocol, TCompactProtocol
from thriftpy2.thrift import TClient
from thriftpy2.transport import (
    TBufferedTransport,
    TFramedTransport,
    TSocket,
    TSSLSocket,
    TTransportBase,
    TTransportException,
)

from infra.hbase.address import Access, Address

UNAUTHORIZED = (401, 403)
PROTOCOLS = {"binary": TBinaryProtocol, "compact": TCompactProtocol}


class NotLetIn(Exception):
    """The server does not take our name and password."""


class ThriftConnection:
    """``client`` has the calls of HBase's Thrift file; used by one thread at a time."""

    def __init__(self, address: Address, access: Access, timeout_milliseconds: int) -> None:
        self._transport = _transport(address, access, timeout_milliseconds)
        protocol = PROTOCOLS[access.protocol](self._transport, decode_response=False)
        self.client: Any = TClient(Hbase, protocol)

    def open(self) -> None:
        self._transport.open()

    def close(self) -> None:
        self._transport.close()


class HttpTransport(TTransportBase):
    """A request for each flush, on a connection that is kept."""

    def __init__(self, address: Address, access: Access, timeout_seconds: float) -> None:
        if access.tls is None:
            self._connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout_seconds)
        else:
            self._connection = http.client.HTTPSConnection(
                address.host, address.port, timeout=timeout_seconds, context=access.tls.context()
            )
        self._headers = {"Content-Type": "application/x-thrift", "Accept": "application/x-thrift"}
        if access.username:
            word = base64.b64encode(f"{access.username}:{access.password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {word}"
        self._asked: list[bytes] = []
        self._answer = b""
        self._at = 0

    def is_open(self) -> bool:
        return self._connection.sock is not None

    def open(self) -> None:
        self._connection.connect()

    def close(self) -> None:
        self._connection.close()

    def read(self, size: int) -> bytes:
        found = self._answer[self._at : self._at + size]
        self._at += len(found)
        return found

    def write(self, data: bytes) -> None:
        self._asked.append(bytes(data))

    def flush(self) -> None:
        body, self._asked = b"".join(self._asked), []
        try:
            self._connection.request("POST", "/", body, self._headers)
            answer = self._connection.getresponse()
            self._answer, self._at = answer.read(), 0
        except http.client.HTTPException as error:
            raise TTransportException(TTransportException.UNKNOWN, f"{type(error).__name__}: {error}") from error
        if answer.status in UNAUTHORIZED:
            raise NotLetIn(f"{answer.status} {answer.reason}")
        if answer.status != http.client.OK:
            raise TTransportException(TTransportException.UNKNOWN, f"{answer.status} {answer.reason}")


def is_of_tls(error: BaseException) -> ssl.SSLError | None:
    """The TLS error behind a transport's, which hides it."""
    behind: BaseException | None = error
    while behind is not None and not isinstance(behind, ssl.SSLError):
        behind = behind.__cause__ or behind.__context__
    return behind


def _transport(address: Address, access: Access, timeout_milliseconds: int) -> Any:
    wrapped: Any = TFramedTransport if access.transport == "framed" else TBufferedTransport
    if access.transport == "http":
        return wrapped(HttpTransport(address, access, timeout_milliseconds / 1000))
    kind: Any = TSocket if access.tls is None else partial(TSSLSocket, ssl_context=access.tls.context())
    # The handshake of TLS is part of connecting: without a limit of its own it would wait for ever.
    return wrapped(kind(
        host=address.host, port=address.port, socket_timeout=timeout_milliseconds,
        connect_timeout=timeout_milliseconds,
    ))
