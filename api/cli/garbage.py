"""Garbage of processes that hold a ledger: what outlives a full collection is state, and is not looked at each time."""

import gc

FULL = 2
COLLECTIONS_UNTIL_ALL = 100


class Survivors:
    """Sets aside what a full collection leaves, so that the next looks only at what came since: it would otherwise take
    longer with every trade that is held. One in so many looks at everything, for what became garbage only later.
    """

    def __init__(self, until_all: int = COLLECTIONS_UNTIL_ALL) -> None:
        self._until_all = until_all
        self._collections = 0

    def set_aside(self) -> None:
        """From now on, in this process."""
        gc.callbacks.append(self._collected)

    def stop(self) -> None:
        """Everything is looked at again."""
        gc.callbacks.remove(self._collected)
        gc.unfreeze()

    def _collected(self, phase: str, collection: dict[str, int]) -> None:
        if collection["generation"] != FULL:
            return
        if phase == "stop":
            gc.freeze()
            return
        self._collections += 1
        if self._collections % self._until_all == 0:
            gc.unfreeze()
