"""Entries by id and in the order of their ids, in pages, from one point in time where it takes more than one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from infra.elasticsearch.connection import Connection, Missing, translated
from infra.elasticsearch.documents import Stored

PAGE = 1_000
KEEP = "2m"
READS_BEGUN = 3
T = TypeVar("T")


class Hit(msgspec.Struct, gc=False):
    source: Stored = msgspec.field(name="_source")


class Hits(msgspec.Struct):
    hits: list[Hit]


class Answer(msgspec.Struct):
    hits: Hits
    pit_id: str = ""


class Got(msgspec.Struct, gc=False):
    found: bool = False
    source: Stored | None = msgspec.field(name="_source", default=None)
    number: int = msgspec.field(name="_seq_no", default=-1)
    term: int = msgspec.field(name="_primary_term", default=-1)
    error: msgspec.Raw = msgspec.Raw(b"")


class Many(msgspec.Struct):
    docs: list[Got]


class PointInTime(msgspec.Struct):
    id: str


_answers = msgspec.json.Decoder(Answer)
_many = msgspec.json.Decoder(Many)
_points = msgspec.json.Decoder(PointInTime)


def get_many(connection: Connection, wanted: Sequence[tuple[str, str]]) -> list[Stored | None]:
    """The entries at (index, ``_id``), as last written whether a search sees them or not."""
    return [each.source if each.found else None for each in got_many(connection, wanted)]


def got_many(connection: Connection, wanted: Sequence[tuple[str, str]]) -> list[Got]:
    """As ``get_many``, each with the ``number`` and ``term`` of its last writing."""
    found: list[Got] = []
    for at in range(0, len(wanted), PAGE):
        docs = [{"_index": index, "_id": key} for index, key in wanted[at : at + PAGE]]
        answer = connection.send("POST", "/_mget", msgspec.json.encode({"docs": docs}))
        with translated():
            got = _many.decode(answer).docs
        for each in got:
            if each.error:
                raise Missing(f"reading by id: {bytes(each.error)[:500]!r}")
        found += got
    return found


def whole(read: Callable[[], T]) -> T:
    """What ``read`` gives; it is begun again when the generation it read was replaced and dropped meanwhile."""
    for _ in range(READS_BEGUN - 1):
        try:
            return read()
        except Missing:
            continue
    return read()


class Search:
    """Entries of ``index`` that have ``field``, ordered by it, and match every one of ``filters``."""

    def __init__(self, connection: Connection, index: str, field: str, filters: Sequence[Mapping[str, Any]]) -> None:
        self._connection = connection
        self._index = index
        self._field = field
        query = {"bool": {"filter": [{"exists": {"field": field}}, *filters]}}
        self._body = {"query": query, "sort": [{field: "asc"}], "track_total_hits": False}

    def first(self, limit: int, after: str | None = None) -> list[Stored]:
        """One page, of at most ``limit``."""
        if not self._index:
            return []
        answer = self._search(f"/{self._index}/_search", {"size": limit}, after)
        return [hit.source for hit in answer.hits.hits]

    def pages(self, after: str | None = None) -> Iterator[list[Stored]]:
        """All pages, as they are at one point in time."""
        found = self.first(PAGE, after)
        if len(found) < PAGE:
            yield found
            return
        opened = self._connection.send("POST", f"/{self._index}/_pit", parameters={"keep_alive": KEEP})
        with translated():
            point = _points.decode(opened).id
        try:
            while True:
                answer = self._search("/_search", {"size": PAGE, "pit": {"id": point, "keep_alive": KEEP}}, after)
                point = answer.pit_id
                found = [hit.source for hit in answer.hits.hits]
                yield found
                if len(found) < PAGE:
                    return
                after = found[-1].key
        finally:
            self._connection.send("DELETE", "/_pit", msgspec.json.encode({"id": point}), missing=b"")

    def _search(self, path: str, extra: Mapping[str, Any], after: str | None) -> Answer:
        body = {**self._body, **extra, **({"search_after": [after]} if after is not None else {})}
        strictly = {"allow_partial_search_results": "false"}
        answer = self._connection.send("POST", path, msgspec.json.encode(body), parameters=strictly)
        with translated():
            return _answers.decode(answer)
