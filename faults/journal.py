"""What clients were told, kept on disk by themselves before they go on."""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one command of a request was answered, by a client's own count of its requests.

    ``attempts`` is how often the request was posted; ``again`` says that the client knew the answer already and asked
    once more; ``content`` is the hash of what it sent.
    """

    client: str
    request: int
    place: int
    attempts: int
    again: bool
    command_id: str
    content: str
    status: str
    log: str
    sequence: int
    count: int

    @property
    def key(self) -> tuple[str, str]:
        return self.client, self.command_id


class Restored(msgspec.Struct, frozen=True):
    """A restore to ``vector``: what was answered before it from beyond there is promised no longer."""

    vector: dict[str, int]


class Journal:
    """Answers in the order in which they came; used from several threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._lock = threading.Lock()
        self._answers: list[Answer] = []
        self.forgotten: list[Answer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def note(self, answers: Sequence[Answer]) -> None:
        """Keeps answers; they are on disk when it returns."""
        with self._lock:
            self._write(answers)
            self._answers += answers

    def restored(self, vector: Mapping[str, int]) -> None:
        """Sets aside what was answered from beyond ``vector``."""
        with self._lock:
            self._write([Restored(dict(vector))])
            kept = [each for each in self._answers if each.sequence + each.count - 1 <= vector[each.log]]
            self.forgotten += [each for each in self._answers if each.sequence + each.count - 1 > vector[each.log]]
            self._answers = kept

    def answers(self) -> list[Answer]:
        """Everything that is promised."""
        with self._lock:
            return list(self._answers)

    def _write(self, lines: Sequence[msgspec.Struct]) -> None:
        self._file.write(msgspec.json.Encoder().encode_lines(lines))
        self._file.flush()
        os.fsync(self._file.fileno())
