"""Which ids were ever written to a generation that has one writer: what was not need not be looked for."""

from collections.abc import Iterable, Sequence

BITS = 1 << 27


class Seen:
    """A filter of at most 16 MiB. It may say yes to an id that was never added, and never says no to one that was."""

    def __init__(self) -> None:
        self._bits = bytearray(BITS >> 3)

    def add(self, ids: Iterable[str]) -> None:
        bits = self._bits
        for each in ids:
            place = hash(each) & (BITS - 1)
            bits[place >> 3] |= 1 << (place & 7)

    def among(self, ids: Iterable[str]) -> Sequence[str]:
        """Those of ``ids`` that may have been added."""
        bits = self._bits
        return [each for each in ids if bits[(hash(each) & (BITS - 1)) >> 3] >> (hash(each) & 7) & 1]
