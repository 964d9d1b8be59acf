"""Requests to end, which are obeyed in order, and in time."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.cli.console import warn

END_SECONDS = 15.0
LAST_WORD_SECONDS = 2.0
ENDED = 128 + signal.SIGTERM
"""What a shell says of a process that SIGTERM ended."""


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


def end_in_time(seconds: float = END_SECONDS) -> None:
    """From now on this process has so long to end. A call to a store that hangs would hold it up for a minute; then it
    ends as one that is killed, and whoever goes on loses nothing.
    """
    _later(seconds, _end, seconds)
    # Whoever was to take what is said then may hang as well.
    _later(seconds + LAST_WORD_SECONDS, os._exit, ENDED)


def _end(seconds: float) -> None:
    try:
        warn("ended", f"what was under way took more than {seconds:g} seconds, as when a store hangs")
    finally:
        os._exit(ENDED)


def _later(seconds: float, what: Callable[..., object], *arguments: object) -> None:
    timer = threading.Timer(seconds, what, arguments)
    timer.daemon = True
    timer.start()
