"""Elasticsearch in memory: indices, aliases, external versions, writes on the condition that nobody wrote since, and
searches that see what was refreshed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import elasticsearch
import msgspec
from eventsourcing.persistence import DataError, OperationalError

from infra.elasticsearch.connection import Missing
from tests.simulation.clock import Clock
from tests.simulation.process import Process

PATIENCE_SECONDS = 1.0
NOT_FOUND, TOO_MANY, CONFLICT, CREATED = 404, 429, 409, 201
MOST_HITS = 1_000
TERM = 1


class Fields(msgspec.Struct, omit_defaults=True):
    """What searches of a worker look at."""

    id: str = ""
    letter: str = ""
    reflects: str = ""
    log: str = ""


class Kept(msgspec.Struct):
    """``number`` is that of its last writing, among all of its index."""

    version: int
    source: bytes
    fields: Fields
    number: int


class Index:
    def __init__(self, aliases: Sequence[str]) -> None:
        self.aliases = set(aliases)
        self.written: dict[str, Kept] = {}
        self.seen: dict[str, Kept] = {}
        self.writings = 0


class Line(msgspec.Struct):
    index: str = msgspec.field(name="_index")
    id: str = msgspec.field(name="_id")
    version: int = 0
    version_type: str = "external"
    if_seq_no: int | None = None
    if_primary_term: int | None = None


class SearchServer:
    """While it is ``away`` it answers nobody."""

    def __init__(self, clock: Clock) -> None:
        self.indices: dict[str, Index] = {}
        self.away_until = 0.0
        self._clock = clock

    def named(self, names: str) -> list[Index]:
        found = [self._named(name) for name in names.split(",")]
        missing = [name for name, each in zip(names.split(","), found, strict=True) if each is None]
        if missing:
            raise Missing(f"no such index {missing}")
        return [each for each in found if each is not None]

    def bulk(self, body: bytes, taken: int | None = None) -> bytes:
        """Of the entries the first ``taken`` are written, for the others there is no room."""
        lines = body.splitlines()
        statuses = []
        for number in range(len(lines) // 2):
            line = msgspec.json.decode(lines[2 * number], type=dict[str, Line])["index"]
            is_in_time = taken is None or number < taken
            statuses.append(self._write(line, lines[2 * number + 1]) if is_in_time else TOO_MANY)
        return msgspec.json.encode({
            "errors": any(each >= 300 for each in statuses),
            "items": [{"index": {"status": each}} for each in statuses],
        })

    def get_many(self, body: bytes) -> bytes:
        answers = []
        for each in msgspec.json.decode(body)["docs"]:
            (index,) = self.named(each["_index"])
            kept = index.written.get(each["_id"])
            answers.append(_got(kept) if kept else b'{"found":false}')
        return b'{"docs":[' + b",".join(answers) + b"]}"

    def search(self, names: str, body: bytes) -> bytes:
        asked = msgspec.json.decode(body)
        ((field, _),) = asked["sort"][0].items()
        after = asked.get("search_after", [""])[0]
        filters = asked["query"]["bool"]["filter"]
        found = [
            (getattr(kept.fields, field), kept.source) for index in self.named(names) for kept in index.seen.values()
            if all(_matches(kept.fields, each) for each in filters) and getattr(kept.fields, field) > after
        ]
        assert len(found) < MOST_HITS, "pages are not simulated"
        sources = [b'{"_source":' + source + b"}" for _, source in sorted(found)[: asked["size"]]]
        return b'{"hits":{"hits":[' + b",".join(sources) + b"]}}"

    def require_there(self) -> None:
        if self.away_until > self._clock.now:
            self._clock.sleep(PATIENCE_SECONDS)
            raise lost()

    def _named(self, name: str) -> Index | None:
        found = [index for key, index in self.indices.items() if name == key or name in index.aliases]
        assert len(found) < 2, f"{name} leads to several indices"
        return found[0] if found else None

    def _write(self, line: Line, source: bytes) -> int:
        index = self._named(line.index)
        if index is None or line.index in self.indices:
            return NOT_FOUND
        kept = index.written.get(line.id)
        if line.if_seq_no is not None:
            if kept is None or (line.if_seq_no, line.if_primary_term) != (kept.number, TERM):
                return CONFLICT
            version = kept.version + 1
        else:
            version = line.version
            if kept is not None and kept.version >= version + (line.version_type == "external_gte"):
                return CONFLICT
        index.writings += 1
        index.written[line.id] = Kept(version, source, msgspec.json.decode(source, type=Fields), index.writings)
        return CREATED


class Administered:
    """As much of ``client.indices`` as the product uses."""

    def __init__(self, server: SearchServer) -> None:
        self._server = server

    def get_alias(self, index: str, allow_no_indices: bool) -> Any:  # noqa: ARG002
        patterns = [re.escape(each).replace(r"\*", ".*") for each in index.split(",")]
        return SimpleNamespace(body={
            name: {"aliases": {key: {} for key in each.aliases}} for name, each in self._server.indices.items()
            if any(re.fullmatch(pattern, name) for pattern in patterns)
        })

    def create(self, index: str, mappings: Any, settings: Any, aliases: Mapping[str, Any]) -> None:  # noqa: ARG002
        if index in self._server.indices:
            error: Any = elasticsearch.BadRequestError
            raise DataError(index) from error("resource_already_exists_exception", None, {})
        self._server.indices[index] = Index([*aliases])

    def update_aliases(self, actions: Sequence[Mapping[str, Any]]) -> None:
        for action in actions:
            if "add" in action:
                self._server.indices[action["add"]["index"]].aliases.add(action["add"]["alias"])
            else:
                self.delete(action["remove_index"]["index"])

    def delete(self, index: str, ignore_unavailable: bool = True) -> None:  # noqa: ARG002
        for name in index.split(","):
            self._server.indices.pop(name, None)

    def refresh(self, index: str) -> Any:
        for each in self._server.named(index):
            each.seen = dict(each.written)
        return SimpleNamespace(body={"_shards": {"failed": 0}})


class SimulatedSearch:
    """Stands in for ``infra.elasticsearch.connection.Connection`` in one process."""

    def __init__(self, process: Process, server: SearchServer) -> None:
        self._process, self._server = process, server
        self._client = SimpleNamespace(indices=Administered(server))

    def administer(self, action: Callable[[Any], Any]) -> Any:
        self._server.require_there()
        return self._process.call(action, self._client, error=lost, is_write=True)

    def send(self, method: str, path: str, body: bytes = b"", **_options: Any) -> bytes:
        self._server.require_there()
        assert method == "POST", f"{method} is not simulated"
        if path == "/_bulk":
            return self._bulk(body)
        if path == "/_mget":
            return self._process.call(self._server.get_many, body, error=lost)
        names, _, last = path.strip("/").rpartition("/")
        assert last == "_search", f"{path} is not simulated"
        return self._process.call(self._server.search, names, body, error=lost)

    def close(self) -> None:
        pass

    def _bulk(self, body: bytes) -> bytes:
        """When something befalls it, a part may have arrived."""
        plan = self._process.plan
        taken: int | None = None
        if plan is not None and plan.calls == 0 and self._process.random.random() < 0.5:
            self._server.bulk(body, self._process.random.randint(0, body.count(b"\n") // 2))
        if self._process.random.random() < 0.05:
            taken = self._process.random.randint(0, body.count(b"\n") // 2)
        return self._process.call(self._server.bulk, body, taken, error=lost, is_write=True)


def _got(kept: Kept) -> bytes:
    place = b'"_seq_no":%d,"_primary_term":%d' % (kept.number, TERM)
    return b'{"found":true,' + place + b',"_source":' + kept.source + b"}"


def lost() -> OperationalError:
    return OperationalError("the connection broke")


def _matches(fields: Fields, wanted: Mapping[str, Any]) -> bool:
    ((kind, content),) = wanted.items()
    if kind == "exists":
        return bool(getattr(fields, content["field"]))
    ((field, value),) = content.items()
    assert kind in {"prefix", "term"}, f"{kind} is not simulated"
    found: str = getattr(fields, field)
    return found.startswith(value) if kind == "prefix" else bool(found == value)
