"""Which names were ever added: what was not need not be looked for."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

BITS = 1 << 27
SHIFT = 32
Name = TypeVar("Name", bound=Hashable)


class Seen:
    """A filter of at most 16 MiB. It may say yes to a name that was never added, and never says no to one that was."""

    def __init__(self) -> None:
        self._bits = bytearray(BITS >> 3)

    def add(self, names: Iterable[Hashable]) -> None:
        bits = self._bits
        for each in names:
            known_by = hash(each)
            # Two places of one hash: of a million names, one of 4,000 others is taken for one of them, not one of 130.
            for place in (known_by & (BITS - 1), (known_by >> SHIFT) & (BITS - 1)):
                bits[place >> 3] |= 1 << (place & 7)

    def among(self, names: Iterable[Name]) -> list[Name]:
        """Those of ``names`` that may have been added."""
        bits = self._bits
        found = []
        for each in names:
            known_by = hash(each)
            first, second = known_by & (BITS - 1), (known_by >> SHIFT) & (BITS - 1)
            if bits[first >> 3] >> (first & 7) & 1 and bits[second >> 3] >> (second & 7) & 1:
                found.append(each)
        return found
