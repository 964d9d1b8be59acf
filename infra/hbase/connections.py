"""Connections to HBase's Thrift server: calls outlast its restarts, and fail as the library's errors."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from eventsourcing.persistence import InterfaceError, OperationalError, PersistenceError, ProgrammingError
from thriftpy2.protocol.cybin.cybin import ProtocolError, TDecodeException
from thriftpy2.protocol.exc import TProtocolException
from thriftpy2.thrift import TApplicationException, TException

from infra.hbase.address import Access, Address
from infra.hbase.meeting import Away, meet, named, not_let_in
from infra.hbase.thrift import NotLetIn, ThriftConnection, is_of_tls

# Made by what the line above imports.
from Hbase_thrift import AlreadyExists, IllegalArgument  # isort: skip
from Hbase_thrift import IOError as RefusedByHBase  # isort: skip

PATIENCE_SECONDS = 60.0
ANSWER_MILLISECONDS = 30_000
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
LONGEST_MESSAGE = 300
NEVER_BETTER = ("TableNotFoundException", "NoSuchColumnFamilyException")

Answer = TypeVar("Answer")
Call = Callable[[Any], Answer]


class Connections:
    """As many connections as threads call at once, each used by one at a time; ``call`` may be called from any."""

    def __init__(
        self, address: Address, patience_seconds: float | None = None, access: Access | None = None
    ) -> None:
        self.address = address
        self.access = access or Access()
        self._patience_seconds = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
        self._met = False
        self._idle: list[ThriftConnection] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.background = ThreadPoolExecutor(4, "hbase")
        # What is looked up is waited for: it must not queue behind index rows of other logs.
        self.looking_up = ThreadPoolExecutor(4, "hbase-look-up")
        # What is read for later, log by log.
        self.reading_on = ThreadPoolExecutor(1, "hbase-read-on")

    def call(self, call: Call[Answer]) -> Answer:
        """What ``call`` gives on the client; made again while the server is away, so it must bear repeating.

        Raises:
            PersistenceError: ``OperationalError`` when the server stayed away; at the first call, when somebody is
                there who does not answer as HBase does.
        """
        deadline = time.monotonic() + self._patience_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                self._meet()
                return self.call_once(call)
            except OperationalError as error:
                is_away = self._met or isinstance(error, Away)
                if not is_away or time.monotonic() + pause > deadline or self._closing.wait(pause):
                    raise
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def call_once(self, call: Call[Answer]) -> Answer:
        """As ``call``, without a second try: after an ``OperationalError`` it may have been carried out or not."""
        connection = None
        try:
            connection = self._taken()
            answer = call(connection.client)
        except NotLetIn as error:
            self._drop(connection)
            raise not_let_in(error) from error
        except (TException, ProtocolError, TDecodeException, OSError, EOFError) as error:
            if isinstance(error, RefusedByHBase | IllegalArgument | AlreadyExists):
                self._return(connection)
            else:
                self._drop(connection)
            self._explain_tls(error)
            raise _translated(error, self.address) from error
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        self._return(connection)
        return answer

    def _meet(self) -> None:
        """Once, before anything else is asked: what is wrong with the settings then gets no better."""
        if not self._met:
            meet(self.address, self.access)
            self._met = True

    def pause(self, seconds: float) -> bool:
        """Whether the connections are being closed, after so long at most."""
        return self._closing.wait(seconds)

    def close(self) -> None:
        self._closing.set()
        self.reading_on.shutdown(cancel_futures=True)
        self.background.shutdown()
        self.looking_up.shutdown()
        self._drop()

    def _explain_tls(self, error: Exception) -> None:
        """What TLS refuses is not tried again: it gets no better."""
        behind = is_of_tls(error)
        told = self.access.tls.told(behind) if self.access.tls and behind else ""
        if told:
            raise ProgrammingError(f"HBase at {named(self.address)}: {told}") from error

    def _taken(self) -> ThriftConnection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = ThriftConnection(self.address, self.access, ANSWER_MILLISECONDS)
        connection.open()
        return connection

    def _drop(self, broken: ThriftConnection | None = None) -> None:
        """Where one connection broke, the idle ones are of no more use either."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in [*idle, *([broken] if broken is not None else [])]:
            connection.close()

    def _return(self, connection: ThriftConnection | None) -> None:
        assert connection is not None, "it answered"
        with self._lock:
            self._idle.append(connection)


def _translated(error: Exception, address: Address) -> PersistenceError:
    text = getattr(error, "message", None) or str(error)
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    lines = text.splitlines() or [type(error).__name__]
    message = f"HBase at {named(address)}: {type(error).__name__}: {lines[0]}"[:LONGEST_MESSAGE]
    if isinstance(error, IllegalArgument | AlreadyExists):
        return ProgrammingError(message)
    if isinstance(error, RefusedByHBase):
        final = any(name in text for name in NEVER_BETTER)
        return ProgrammingError(message) if final else OperationalError(message)
    if isinstance(error, TApplicationException | TProtocolException | ProtocolError | TDecodeException):
        return InterfaceError(message)
    return OperationalError(message)


class Shared:
    """The connections of this process by address and access: many logs of one store use few."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[Address, Access], tuple[Connections, int]] = {}

    def open(self, address: Address, access: Access) -> Connections:
        with self._lock:
            place = (address, access)
            connections, users = self._open.get(place) or (Connections(address, access=access), 0)
            self._open[place] = (connections, users + 1)
            return connections

    def close(self, connections: Connections) -> None:
        """The last to close it really closes."""
        place = (connections.address, connections.access)
        with self._lock:
            known, users = self._open[place]
            if users > 1:
                self._open[place] = (known, users - 1)
                return
            del self._open[place]
        known.close()


shared = Shared()
