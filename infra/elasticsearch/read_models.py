"""Read models in Elasticsearch. There is no transaction: the order of writing, and versions, stand in for it.

Dead letters first, then documents, those before which were made from others, then a refresh, then the tracking. Whoever
is cut off in between, another goes on from the tracking and writes the same again; what is there already is left alone.
A mending puts the documents first and the dead letters last, while nobody else writes (``tracking``). Of both the
document counts: a letter whose document is not stale was left by who was cut off, or came too late, and is not told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Self

from eventsourcing.persistence import ProgrammingError

from infra.elasticsearch.bulk import Bulk
from infra.elasticsearch.connection import Connection, Missing
from infra.elasticsearch.documents import (
    Entry,
    Stored,
    bare,
    letter_entry,
    letter_id,
    letter_of,
    mended_letter,
    models_of,
    reflects_id,
)
from infra.elasticsearch.generations import Generations
from infra.elasticsearch.letters import Letters
from infra.elasticsearch.search import PAGE, Search, get_many, whole
from infra.elasticsearch.tracking import Tracked, Tracking
from infra.seen import Seen
from infra.store_settings import ElasticsearchSettings
from projections.fold import DEAD_LETTERS, DeadLetter, Found, Parked
from projections.ports import ReadModelsMoved
from projections.projection import Document, Projection, dependants_first

PREFIX = "everbook"
MENDING_SECONDS = 30.0


class ElasticsearchReadModels:
    """``projections.ports.ReadModelStore``; the indices of each ledger bear its id, so that no other's are used.

    ``generation`` is the one that this object made and alone writes; None: the one that is served. A mending by others
    is waited for as long as ``mending_seconds``.
    """

    mending_seconds = MENDING_SECONDS

    def __init__(
        self, connection: Connection, projections: Sequence[Projection], ledger_id: str, *, prefix: str = PREFIX,
        shards: int = 1, replicas: int = 0, generation: int | None = None,
    ) -> None:
        self._connection = connection
        self._projections = projections
        self.ledger_id = ledger_id
        self._options: dict[str, Any] = {"prefix": prefix, "shards": shards, "replicas": replicas}
        self.models = models_of(f"{prefix}-{ledger_id}", projections)
        self._order = dependants_first(projections)
        self.generations = Generations(connection, shards=shards, replicas=replicas)
        self._bulk = Bulk(connection)
        self._letters = Letters(connection, self._read)
        self._tracking = Tracking(connection, self._bulk, self._read, self._index)
        self._generation = generation
        self._served: dict[str, int] = {}
        self._seen = {name: Seen() for name in self.models} if generation is not None else {}
        self._unrefreshed: set[str] = set()
        self._unseen: set[str] = set()
        if generation is None:
            self._find_served()

    @classmethod
    def open(cls, urls: str, projections: Sequence[Projection], ledger_id: str, **connection: Any) -> Self:
        """Opens the served generation, on the cluster at ``urls``; ``connection`` as ``Connection`` takes it."""
        return cls(Connection(urls, **connection), projections, ledger_id)

    @classmethod
    def of(cls, settings: ElasticsearchSettings, projections: Sequence[Projection], ledger_id: str) -> Self:
        """As ``open``, with everything that is set of Elasticsearch."""
        return cls(
            Connection.of(settings), projections, ledger_id, shards=settings.elasticsearch_shards,
            replicas=settings.elasticsearch_replicas,
        )

    def get_many(self, model: str, ids: Sequence[str]) -> Mapping[str, Document]:
        if model == DEAD_LETTERS:
            known = [key for key in ids if key.split("/")[0] in self.models]
            letters = self._get([(key.split("/")[0], letter_id(key)) for key in known])
            found = [letter_of(each) for each in letters if each and each.letter]
            return {each.id: each for each in self._letters.telling(found)}
        return self.find({model: ids})[model]

    def find(self, wanted: Mapping[str, Sequence[str]]) -> Found:
        asked = [
            (model, key) for model, ids in wanted.items()
            for key in (self._seen[model].among(ids) if model in self._seen else ids)
        ]
        found: dict[str, dict[str, Document]] = {model: {} for model in wanted}
        for (model, _), each in zip(asked, self._get(asked), strict=True):
            if each and each.id:
                found[model][each.id] = self.models[model].document(each)
        return found

    def scan(self, model: str, prefix: str) -> Sequence[Document]:
        return self.select(model, prefix=prefix, limit=-1)

    def select(
        self, model: str, *, where: Mapping[str, Any] | None = None, after: str | None = None, limit: int = 1000,
        prefix: str = "", shape: type[Document] | None = None,
    ) -> Sequence[Document]:
        if model == DEAD_LETTERS:
            letters = self._letters.telling(self._every_letter(where or {}, prefix))
            found = [each for each in letters if after is None or each.id > after]
            return found if limit < 0 else found[:limit]
        search, document = self._search(model, where or {}, prefix)
        if shape is not None:
            document = self.models[model].reader(shape)
        if 0 <= limit <= PAGE:
            stored = whole(lambda: search.first(limit, after)) if limit else []
        else:
            stored = whole(lambda: [each for page in search.pages(after) for each in page])
        return [document(each) for each in (stored if limit < 0 else stored[:limit])]

    def write(
        self, log: str, documents: Mapping[str, Mapping[str, Document]], *, expected: int, reflected: int,
        models: Sequence[str], leaf: bytes = b"", parked: Set[Parked] | None = None,
    ) -> None:
        with self._looking_again():
            found = self._tracking.settled(models, log, self.mending_seconds)
            _require_place(log, expected, found)
            # What one object alone writes, nobody mends.
            if parked is not None and self._generation is None and parked != self._parked(log, models):
                raise ReadModelsMoved(f"documents of {log} were parked or mended meanwhile")
            self._write(documents, found)
            self._tracking.move(log, found, reflected, leaf)

    def mend(
        self, documents: Mapping[Parked, Document | None], letters: Sequence[DeadLetter], *, at: int,
        models: Sequence[str],
    ) -> None:
        (log,) = {each.log for each in documents}
        kept: dict[str, DeadLetter | None] = {letter.id: letter for letter in letters}
        with self._looking_again(), self._tracking.mending(log, models, at, self.mending_seconds) as mendings:
            for letter in self._every_letter({"model": models}):
                if letter.parked in documents:
                    kept.setdefault(letter.id, None)
            self._bulk.write([
                self.models[each.model].mended(
                    each.key, document, at, self._written(each.model), mendings[each.model]
                ) for each, document in documents.items()
            ])
            of = {letter: letter.partition("/")[0] for letter in kept}
            self._bulk.write([
                mended_letter(each, letter, at, self._index(of[each]), mendings[of[each]])
                for each, letter in kept.items()
            ])
            self.generations.refresh(map(self._index, models))

    def reflected(self, model: str, log: str) -> int:
        (found,) = self._get([(model, reflects_id(log))])
        return found.visible if found else 0

    def places(self, models: Sequence[str], log: str) -> Set[int]:
        places = set(self._places(models, log))
        # Who wrote before may have been cut off ahead of the refresh.
        self._unseen.update(models)
        # Who was cut off while it moved the tracking left models behind: from the last of them all is folded again.
        return places if len(places) > 1 and self._some_are_new(models) else {min(places)}

    def heads(self, logs: Iterable[str]) -> Set[tuple[str, int, bytes]]:
        # By id: a search would need a refresh of every model, and every worker asks for this once a second.
        found = self._get([(name, reflects_id(log)) for log in logs for name in self.models])
        return {(each.reflects, each.visible, each.leaf) for each in found if each}

    def clear(self, models: Sequence[str]) -> None:
        cleared = [self.models[name] for name in models]
        if self._generation is None:
            self.beside([each for each in self._projections if each.name in models]).serve()
            self._find_served()
            return
        self.generations.drop(cleared, self._generation)
        self.generations.create(cleared, self._generation, served=False)
        self._seen.update({name: Seen() for name in models})

    def digest(self, model: str, on_document: Callable[[int], None] | None = None) -> str:
        search, _ = self._search(model, {}, "")
        return whole(lambda: _digest(search, on_document))

    def beside(self, projections: Sequence[Projection]) -> "ElasticsearchReadModels":
        models = [self.models[each.name] for each in projections]
        generation = 1 + max((number for each in self.generations.of(models).values() for number in each), default=0)
        while not self.generations.create(models[:1], generation, served=False):
            generation += 1
        if not self.generations.create(models[1:], generation, served=False):
            raise ProgrammingError(f"somebody else builds generation {generation} too")
        return ElasticsearchReadModels(
            self._connection, projections, self.ledger_id, **self._options, generation=generation
        )

    def serve(self) -> None:
        assert self._generation is not None
        self._refresh_for(self.models)
        self.generations.serve(list(self.models.values()), self._generation)
        self._bulk.close()

    def drop(self) -> None:
        assert self._generation is not None
        self.generations.drop(self.models.values(), self._generation)
        self._bulk.close()

    def remove(self) -> None:
        """Drops every generation: nothing of this ledger is left."""
        self.generations.drop_all(list(self.models.values()))

    def close(self) -> None:
        self._bulk.close()
        self._connection.close()

    @contextmanager
    def _looking_again(self) -> Iterator[None]:
        """Whoever finds that something moved looks again which generation is served."""
        try:
            yield
        except (ReadModelsMoved, Missing) as error:
            if self._generation is None:
                self._find_served()
            if isinstance(error, ReadModelsMoved):
                raise
            raise ReadModelsMoved(f"a generation is no longer there: {error}") from error

    def _write(self, documents: Mapping[str, Mapping[str, Document]], models: Mapping[str, Tracked]) -> None:
        mendings = {name: found.mendings.count for name, found in models.items()}
        where = {name: self._index(name) for name in models}
        letters = [each for each in documents.get(DEAD_LETTERS, {}).values() if isinstance(each, DeadLetter)]
        # A model that only moved on in the log looks the same to searches, and a refresh costs as much as a batch.
        self._unseen.update(name for name in models if name in documents)
        self._unseen.update(each.model for each in letters)
        self._bulk.write([letter_entry(each, where[each.model], mendings[each.model]) for each in letters])
        for group in self._order:
            self._bulk.write([
                entry for name in group if name in documents
                for entry in self._entries(name, documents[name], mendings.get(name, 0))
            ])
        if self._generation is None:
            self._let_searches_see(where)
        else:
            self._unrefreshed.update(models)

    def _let_searches_see(self, where: Mapping[str, str]) -> None:
        """Refreshes what was written of these models since they were refreshed here, or by whoever wrote before."""
        if unseen := self._unseen.intersection(where):
            with _done(self._unseen, unseen):
                self.generations.refresh([where[name] for name in sorted(unseen)])

    def _get(self, wanted: Sequence[tuple[str, str]]) -> list[Stored | None]:
        """The entries of (model, ``_id``)."""
        return whole(lambda: get_many(self._connection, [(self._read(model), key) for model, key in wanted]))

    def _entries(self, name: str, documents: Mapping[str, Document], mendings: int) -> list[Entry]:
        if name in self._seen:
            self._seen[name].add(documents)
        return self.models[name].entries(documents.values(), self._written(name), mendings) if documents else []

    def _every_letter(self, where: Mapping[str, Any], prefix: str = "") -> list[DeadLetter]:
        if {*where} - {"model"}:
            raise KeyError(f"dead letters are kept by model, not by {', '.join(where)}")
        wanted = _any_of(where["model"]) if where else [*self.models]
        chosen = [name for name in wanted if name in self.models]
        self._refresh_for(chosen, whoever_wrote=True)
        return self._letters.every(chosen, [{"prefix": {"letter": prefix}}] if prefix else [])

    def _search(
        self, model: str, where: Mapping[str, Any], prefix: str
    ) -> tuple[Search, Callable[[Stored], Document]]:
        filters: list[Mapping[str, Any]] = [{"prefix": {"id": prefix}}] if prefix else []
        for column, value in where.items():
            if column not in self.models[model].columns:
                raise KeyError(f"{model} is not kept by {column}")
            filters.append(_equal(column, value))
        self._refresh_for([model])
        return Search(self._connection, self._read(model), "id", filters), self.models[model].document

    def _refresh_for(self, models: Sequence[str] | Mapping[str, Any], *, whoever_wrote: bool = False) -> None:
        """Lets searches of this object see what it wrote."""
        if behind := [name for name in models if whoever_wrote or name in self._unrefreshed]:
            with _done(self._unrefreshed, behind):
                self.generations.refresh(self._read(name) for name in behind)

    def _places(self, models: Sequence[str], log: str) -> list[int]:
        return [each.sequence for each in self._tracking.of(models, log).values()]

    def _parked(self, log: str, models: Sequence[str]) -> set[Parked]:
        """The parked documents as searches see them: whoever parks or mends refreshes when it is done."""
        letters = self._letters.every(models, [{"term": {"log": log}}])
        return {each.parked for each in self._letters.telling(letters)}

    def _some_are_new(self, models: Sequence[str]) -> bool:
        self._refresh_for(models, whoever_wrote=True)
        return not all(self._tracked(name) for name in models)

    def _tracked(self, model: str) -> list[Stored]:
        """What ``model`` reflects of each log, as searches see it."""
        search = Search(self._connection, self._read(model), "reflects", [])
        return whole(lambda: [each for page in search.pages() for each in page])

    def _read(self, model: str) -> str:
        """What reads name: the alias always leads to the generation that is served at this moment."""
        of = self.models[model]
        return of.alias if self._generation is None else of.index(self._generation)

    def _index(self, model: str) -> str:
        return self.models[model].index(self._written(model))

    def _written(self, model: str) -> int:
        return self._served[model] if self._generation is None else self._generation

    def _find_served(self) -> None:
        """Which generations are served; a model that has none gets its first."""
        models = list(self.models.values())
        found = self.generations.of(models)
        for generation in {1 + max(each, default=0) for each in found.values() if True not in each.values()}:
            first = [model for model in models if 1 + max(found[model.name], default=0) == generation]
            unserved = [model for model in first if True not in found[model.name].values()]
            self.generations.create(unserved, generation, served=True)
        found = self.generations.of(models)
        self._served = {name: max(n for n, served in each.items() if served) for name, each in found.items()}


def _require_place(log: str, expected: int, found: Mapping[str, Tracked]) -> None:
    # A worker that was cut off while it moved the tracking leaves some models ahead of the others.
    last = min(found, key=lambda name: found[name].sequence)
    if found[last].sequence != expected:
        raise ReadModelsMoved(f"{last} no longer reflects {log} up to {expected}")


@contextmanager
def _done(waiting: set[str], names: Iterable[str]) -> Iterator[None]:
    """They wait no more, unless it fails. Before, not after: what another thread writes meanwhile may be too late."""
    waiting.difference_update(names)
    try:
        yield
    except BaseException:
        waiting.update(names)
        raise


def _digest(search: Search, on_document: Callable[[int], None] | None) -> str:
    digest = sha256()
    for page in search.pages():
        for each in page:
            # What a stale document held when it was parked is not to be used, and not kept by every worker.
            key, document = each.key.encode(), bare(each) if each.stale else bytes(each.document)
            digest.update(len(key).to_bytes(4, "big") + key)
            digest.update(len(document).to_bytes(4, "big") + document)
        if on_document:
            on_document(len(page))
    return digest.hexdigest()


def _equal(column: str, value: Any) -> Mapping[str, Any]:
    """What is stale from the beginning has no columns: it may match, and must not be left out of a sum."""
    unknown = {"filter": [{"term": {"stale": True}}], "must_not": [{"exists": {"field": column}}]}
    return {"bool": {"should": [{"terms": {column: _any_of(value)}}, {"bool": unknown}]}}


def _any_of(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)
