"""A ledger of which snapshots are taken."""

import time

from infra.everbook import Everbook
from tests.command_line import book
from tests.ledger import founded

LONGEST_SECONDS = 20


def booked(opened: Everbook) -> None:
    """Lays the foundation and books twelve trades, when a snapshot may be taken of them."""
    founded(opened.logs)
    snapshots = opened.logs.snapshots
    assert snapshots is not None
    deadline = time.monotonic() + LONGEST_SECONDS
    while not snapshots.ready():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    book(opened, *range(12))
