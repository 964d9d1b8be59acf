"""Dead letters, and which of them tell of a parked document: of letter and document the document counts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra.elasticsearch.connection import Connection
from infra.elasticsearch.documents import Stored, letter_of
from infra.elasticsearch.search import Search, get_many, whole
from projections.fold import DeadLetter, Parked


class Letters:
    """``read`` says by which index a model is read."""

    def __init__(self, connection: Connection, read: Callable[[str], str]) -> None:
        self._connection = connection
        self._read = read

    def every(self, models: Sequence[str], filters: Sequence[Mapping[str, Any]]) -> list[DeadLetter]:
        """Every dead letter of ``models`` that searches see, also one that tells of nothing any more."""
        search = Search(self._connection, ",".join(map(self._read, models)), "letter", filters)
        return whole(lambda: [letter_of(each) for page in search.pages() for each in page])

    def telling(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """The letters whose document is stale: others were left by who was cut off, or came too late."""
        parked = list({each.parked for each in letters})
        found = whole(lambda: self._documents(parked))
        stale = {each for each, document in zip(parked, found, strict=True) if document and document.stale}
        return [each for each in letters if each.parked in stale]

    def _documents(self, parked: Sequence[Parked]) -> list[Stored | None]:
        return get_many(self._connection, [(self._read(each.model), each.key) for each in parked])
