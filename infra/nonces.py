"""Nonces of commits: what tells a writer afterwards whether it was its commit that was stored."""

import os
from itertools import count

BYTES = 16


class Nonces:
    """Sixteen bytes that no other commit has: half of them drawn once, half counted. To draw them anew each time would
    give up the interpreter's lock at every commit, and wait for it again.
    """

    def __init__(self) -> None:
        self._drawn = os.urandom(BYTES // 2)
        self._numbers = count()

    def new(self) -> bytes:
        """One more; any thread may ask."""
        return self._drawn + next(self._numbers).to_bytes(BYTES // 2)
