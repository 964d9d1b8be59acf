"""Requests to end, which are obeyed in order."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stoppable() -> Iterator[None]:
    """A request to end (SIGTERM) is what one from the keyboard is: whatever was opened is closed first, and what is
    half built is dropped. Also for whole commands, as a decorator.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
