"""State that can step back: a batch is decided on the live state and undone when its commit fails."""

from collections.abc import Hashable
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_ABSENT: Any = object()


class UndoLog:
    """Remembers what each ``put`` replaced, so that reads stay plain dictionary reads."""

    def __init__(self) -> None:
        self._replaced: list[tuple[dict[Any, Any], Any, Any]] = []

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        self._replaced.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def remove(self, table: dict[K, V], key: K) -> None:
        if key in table:
            self._replaced.append((table, key, table.pop(key)))

    def mark(self) -> int:
        """A place to step back to."""
        return len(self._replaced)

    def undo(self, mark: int = 0) -> None:
        """Everything put since ``mark`` is as it was."""
        replaced = self._replaced
        while len(replaced) > mark:
            table, key, value = replaced.pop()
            if value is _ABSENT:
                del table[key]
            else:
                table[key] = value

    def keep(self) -> None:
        """What was put stays: the commit is stored."""
        self._replaced.clear()
