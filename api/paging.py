"""Read models page by page, so that what is folded or searched need not fit in memory."""

from collections.abc import Iterator, Mapping, Sequence
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
    """What ``select`` gives, ``size`` documents at a time."""
    while True:
        read = reads.select(model, where=where, after=after, limit=size, prefix=prefix, shape=shape)
        yield read
        if len(read) < size:
            return
        after = read[-1].id
