"""Requests to end, which are obeyed in order."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_order(command: Callable[P, T]) -> Callable[P, T]:
    """A command that a request to end leaves nothing half-built behind of."""
    @wraps(command)
    def stopped_in_order(*args: P.args, **options: P.kwargs) -> T:
        with stoppable():
            return command(*args, **options)

    return stopped_in_order


@contextmanager
def stoppable() -> Iterator[None]:
    """A request to end (SIGTERM) is what one from the keyboard is: whatever was opened is closed first."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
