"""Garbage of processes that hold a ledger: what outlives a full collection is state, and is not looked at each time."""

import gc
import threading

FULL = 2
LOOK_SECONDS = 1.0
COLLECTIONS_UNTIL_ALL = 100


class Survivors:
    """Sets aside what a full collection left, so that the next looks only at what came since: it would otherwise take
    longer with every trade that is held. Once in so many times everything is looked at, for what became garbage only
    later.

    A thread sees to it, for a callback of the collector would swallow what a signal raises in it. Python 3.14 tells of
    no full collections where it collects bit by bit: then nothing is set aside.
    """

    def __init__(self, until_all: int = COLLECTIONS_UNTIL_ALL) -> None:
        self._until_all = until_all
        self._collections = _full_collections()
        self._times = 0

    def keep(self) -> None:
        """From now on, in this process."""
        threading.Thread(target=self._keep, name="garbage", daemon=True).start()

    def look(self) -> None:
        """Sets aside what there is, when there was a full collection since the last look."""
        if _full_collections() == self._collections:
            return
        self._times += 1
        if self._times % self._until_all == 0:
            gc.unfreeze()
            gc.collect()
        gc.freeze()
        self._collections = _full_collections()

    def _keep(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_SECONDS):
            self.look()


def _full_collections() -> int:
    collections: int = gc.get_stats()[FULL]["collections"]
    return collections
