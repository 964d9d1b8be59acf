"""The first call to HBase's Thrift server: whoever answers there in another way is told apart from who is away."""

import socket
import time
from contextlib import closing

from eventsourcing.persistence import OperationalError, PersistenceError, ProgrammingError
from thriftpy2.transport import TTransportException

from infra.hbase.address import Access, Address
from infra.hbase.thrift import NotLetIn, ThriftConnection, is_of_tls
from infra.store_settings import variable

# Made by what the lines above import.
from Hbase_thrift import IOError as RefusedByHBase  # isort: skip

ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 0.5


def meet(address: Address, access: Access) -> None:
    """Asks for something harmless.

    Raises:
        OperationalError: when nobody is there, or nobody answers.
        ProgrammingError: when somebody answers in another way, or does not let us in.
    """
    # It may be starting, or something in front of it that is there already: it is asked again for a moment.
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            with socket.create_connection((address.host, address.port), ANSWER_SECONDS):
                pass
        except OSError as error:
            raise Away(f"nobody is at {named(address)}: {error}") from error
        try:
            _ask(address, access)
        except OperationalError:
            if time.monotonic() + PAUSE_SECONDS > deadline:
                raise
        else:
            return
        time.sleep(PAUSE_SECONDS)


class Away(OperationalError):
    """Nobody takes a connection there."""


def named(address: Address) -> str:
    """The server, and the setting that names it."""
    return f"{address.host}:{address.port} ({variable('hbase_url')})"


def not_let_in(error: NotLetIn) -> ProgrammingError:
    return ProgrammingError(
        f"HBase does not take {variable('hbase_username')} and {variable('hbase_password')}: {error}"
    )


def _ask(address: Address, access: Access) -> None:
    with closing(ThriftConnection(address, access, round(ANSWER_SECONDS * 1_000))) as connection:
        try:
            connection.open()
            connection.client.getTableNames()
        except RefusedByHBase:
            return
        except NotLetIn as error:
            raise not_let_in(error) from error
        except Exception as error:
            # Whatever a decoder makes of the bytes of another protocol.
            raise _judged(error, address, access) from error


def _judged(error: Exception, address: Address, access: Access) -> PersistenceError:
    behind = is_of_tls(error)
    if told := access.tls.told(behind) if access.tls and behind else "":
        return ProgrammingError(f"HBase at {named(address)}: {told}")
    said = (str(getattr(error, "message", None) or error).splitlines() or [""])[0]
    what = f"{type(error).__name__}: {said}"[:200]
    manner = (
        f"with TLS {'on' if access.tls else 'off'}, {variable('hbase_transport')}={access.transport} and "
        f"{variable('hbase_protocol')}={access.protocol}"
    )
    if isinstance(error, OSError | EOFError | TTransportException) and behind is None:
        return OperationalError(
            f"{named(address)} takes connections, but gives no answer {manner}: look whether it is HBase's Thrift "
            f"server, at its port, speaks so (hbases:// means TLS), and is not still starting ({what})"
        )
    return ProgrammingError(
        f"{named(address)} answers, but not as HBase's Thrift server {manner}: look at the port, the scheme (hbases:// "
        f"means TLS), transport and protocol ({what})"
    )
