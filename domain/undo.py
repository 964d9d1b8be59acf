"""State that can step back: a batch is decided on the live state and undone when its commit fails."""

from collections.abc import Hashable
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_ABSENT: Any = object()


class UndoLog:
    """Remembers what each ``put`` replaced, so that reads stay plain dictionary reads. Marks count all that was ever
    put: they stay good when what lies before them is kept.
    """

    def __init__(self) -> None:
        self._replaced: list[tuple[dict[Any, Any], Any, Any]] = []
        self._kept = 0

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        self._replaced.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def remove(self, table: dict[K, V], key: K) -> None:
        if key in table:
            self._replaced.append((table, key, table.pop(key)))

    def mark(self) -> int:
        """A place to step back to."""
        return self._kept + len(self._replaced)

    def undo(self, mark: int | None = None) -> None:
        """Everything put since ``mark`` is as it was; without one everything that was not kept."""
        replaced, left = self._replaced, 0 if mark is None else mark - self._kept
        while len(replaced) > left:
            table, key, value = replaced.pop()
            if value is _ABSENT:
                del table[key]
            else:
                table[key] = value

    def keep(self, mark: int | None = None) -> None:
        """What was put before ``mark``, or all of it, stays: it is stored."""
        mark = self.mark() if mark is None else mark
        del self._replaced[: mark - self._kept]
        self._kept = mark

    def changed(self, table: dict[K, V]) -> set[K]:
        """The keys of ``table`` that may still step back."""
        return {key for changed, key, _ in self._replaced if changed is table}

    def kept(self, table: dict[K, V]) -> dict[K, V]:
        """A copy of ``table`` without what may still step back."""
        copy = dict(table)
        for changed, key, value in reversed(self._replaced):
            if changed is table:
                if value is _ABSENT:
                    copy.pop(key, None)
                else:
                    copy[key] = value
        return copy
