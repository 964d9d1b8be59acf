"""Read models page by page, so that what is folded or searched need not fit in memory."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from projections.projection import Document

READ_AT_ONCE = 1_000


class Selects(Protocol):
    """A store of read models, as far as reading it goes."""

    def select(
        self, model: str, *, where: Mapping[str, Any] | None = None, after: str | None = None, limit: int = 1000,
        prefix: str = "", shape: type[Document] | None = None,
    ) -> Sequence[Any]: ...


def pages(
    reads: Selects, model: str, *, where: Mapping[str, Any] | None = None, after: str | None = None, prefix: str = "",
    size: int = READ_AT_ONCE, shape: type[Document] | None = None,
) -> Iterator[Sequence[Any]]:
    """What ``select`` gives, ``size`` documents at a time. Whoever asks for a second page mostly wants all: from there
    on the next is read in a thread while one is used, for a database works outside the interpreter's lock.
    """

    def read(last: str | None) -> Sequence[Any]:
        return reads.select(model, where=where, after=last, limit=size, prefix=prefix, shape=shape)

    page = read(after)
    yield page
    if len(page) < size:
        return
    with ThreadPoolExecutor(1, "pages") as reader:
        page = read(page[-1].id)
        while len(page) == size:
            following = reader.submit(read, page[-1].id)
            yield page
            page = following.result()
        yield page
