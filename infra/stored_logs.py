"""The logs of a ledger as they are stored, without folding them: those that are damaged open too."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import msgspec
from eventsourcing.persistence import OperationalError

from domain.events import LogOpened
from domain.ports import LogRecorder
from domain.routing import MARKET, REFERENCE, log_names
from domain.schema import UnknownEventType, recorded
from infra.everbook import data_file, factory_of
from infra.settings import Settings
from infra.stored_rows import UNREADABLE


@contextmanager
def stored_logs(settings: Settings) -> Iterator[Mapping[str, LogRecorder]]:
    """The recorder of every log, in order; nothing is created.

    Raises:
        OperationalError: when there is no ledger.
    """
    require_embedded(settings)
    with ExitStack() as stack:
        def opened(log: str) -> LogRecorder:
            factory = factory_of(log, settings, create=False)
            stack.callback(factory.close)
            recorder: Any = factory.process_recorder()
            return recorder  # type: ignore[no-any-return]

        yield {log: opened(log) for log in _names(opened(REFERENCE), opened(MARKET), settings)}


def require_ledger(settings: Settings) -> None:
    """That there is a ledger, so that nothing is made by looking for one.

    Raises:
        OperationalError: when there is none.
    """
    require_embedded(settings)
    with closing(factory_of(REFERENCE, settings, create=False)) as factory:
        recorder: Any = factory.process_recorder()
        if not recorder.select_notifications(1, 1):
            raise OperationalError("the store holds no ledger")


def require_embedded(settings: Settings) -> None:
    """That the file of an embedded ledger is there.

    Raises:
        OperationalError: when it is not.
    """
    if not settings.database_url and not settings.hbase_url and not data_file(settings).exists():
        raise OperationalError(f"{settings.data} holds no ledger: everbook serve makes one, or everbook import")


def _names(reference: LogRecorder, market: LogRecorder, settings: Settings) -> tuple[str, ...]:
    """Every log begins with its opening, which knows how many there are; one that is damaged is asked of the next."""
    for log, recorder in ((REFERENCE, reference), (MARKET, market)):
        try:
            (first,) = recorder.select_notifications(1, 1)
            opening = recorded(log, 1, first).event
        except (UnknownEventType, msgspec.DecodeError, *UNREADABLE):
            continue
        if isinstance(opening, LogOpened):
            return tuple(log_names(opening.ledgers))
    return tuple(log_names(settings.ledgers or 1))
