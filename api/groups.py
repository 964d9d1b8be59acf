"""The movements of many positions, one position at a time, so that no more than that need be in memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from api.paging import Selects, pages
from projections.movements import Held

Sound = Callable[[Sequence[Any]], Sequence[Any]]
LAST = "\U0010ffff"


def groups(
    reads: Selects, sound: Sound, shape: type[Held], *, books: Sequence[str] | None, after: str | None = None,
    **where: str | None,
) -> Iterator[list[Any]]:
    """The movements of each position of these books (None: all), read as ``shape`` and in the order of their ids.
    ``sound`` refuses those that are stale.
    """
    filters = {column: wanted for column, wanted in where.items() if wanted is not None}
    for movements in _runs(reads, shape, books, after, filters):
        every = (each for page in movements for each in sound(page))
        for _, group in groupby(every, key=lambda each: (each.book, each.instrument)):
            yield list(group)


def one_group(reads: Selects, sound: Sound, shape: type[Held], book: str, instrument: str) -> list[Any]:
    """The movements of one position."""
    own = {"book": book, "instrument": instrument}
    return list(sound(reads.select("movements", where=own, prefix=f"{book}/{instrument}/", limit=-1, shape=shape)))


def elsewhere(reads: Selects, sound: Sound, shape: type[Held]) -> Callable[[str, str], Sequence[Any]]:
    """Where the movements of other positions are read, on which one may rest."""
    return lambda book, instrument: one_group(reads, sound, shape, book, instrument)


def end_of(group: Sequence[Held]) -> str:
    """What lies after every id of one position, and before those of the next."""
    return f"{group[0].book}/{group[0].instrument}/{LAST}"


def _runs(
    reads: Selects, shape: type[Held], books: Sequence[str] | None, after: str | None, where: dict[str, str]
) -> Iterator[Iterable[Sequence[Any]]]:
    """Book by book, since a book is a run of ids."""
    if books is None:
        yield pages(reads, "movements", where=where, after=after, shape=shape)
        return
    for book in sorted(books):
        if after is None or after < f"{book}/{LAST}":
            own = {**where, "book": book}
            yield pages(reads, "movements", where=own, after=after, prefix=f"{book}/", shape=shape)
