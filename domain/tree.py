"""The tree over one log, for proofs: what was hashed once of it is not hashed again."""

from collections.abc import Callable, Sequence

from domain.merkle import node_hash, root_of
from domain.proofs import largest_power_below

KEPT_LEAVES = 1_024


class LogTree:
    """Roots of ranges of leaves, as RFC 6962 splits them. One hash is kept for every complete subtree of at least
    ``KEPT_LEAVES`` leaves; ``leaves`` reads those from one place up to another, and is asked for no more at once.
    """

    def __init__(self, leaves: Callable[[int, int], Sequence[bytes]]) -> None:
        self._leaves = leaves
        self._kept: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, end: int) -> bytes:
        """The root over the leaves from ``start`` up to ``end``."""
        count = end - start
        if (kept := self._kept.get((start, end))) is not None:
            return kept
        if count <= KEPT_LEAVES:
            found = root_of(self._leaves(start, end))
        else:
            half = start + largest_power_below(count)
            found = node_hash(self.root(start, half), self.root(half, end))
        if count >= KEPT_LEAVES and count & (count - 1) == 0:
            self._kept[start, end] = found
        return found
