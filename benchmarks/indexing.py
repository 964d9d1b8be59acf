"""``python -m benchmarks.indexing URL``: a rebuild into Elasticsearch, against the client's own bulk writer."""

import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from elasticsearch import Elasticsearch, helpers

from benchmarks import ours
from benchmarks.measure import Figure, timed
from infra.elasticsearch.bulk import Bulk
from infra.elasticsearch.connection import Connection
from infra.elasticsearch.documents import Model, models_of, version_of
from infra.elasticsearch.generations import Generations
from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.everbook import Everbook
from infra.projection_worker import ProjectionWorker
from infra.settings import Settings
from projections.projection import Document
from projections.registry import PROJECTIONS

TRADES = 10_000


def main(url: str, trades: int) -> None:
    with tempfile.TemporaryDirectory(prefix="everbook-bench-") as folder:
        data = Path(folder)
        ours.book(data, trades)
        with Everbook(Settings(data=data)) as ledger:
            ledger.worker().catch_up()
            documents = {each.name: ledger.read_models.scan(each.name, "") for each in PROJECTIONS}
            for figure in (rebuilt(url, ledger), by_the_client(url, documents), encoded_here(url, documents)):
                sys.stdout.write(f"{figure.name:52} {figure.value:14,.1f} {figure.unit:14} {figure.against}\n")


def rebuilt(url: str, ledger: Everbook) -> Figure:
    """Events read, decoded and folded, documents written."""
    store = ElasticsearchReadModels.open(url, PROJECTIONS, f"bench-{uuid.uuid4()}")
    beside = store.beside(PROJECTIONS)
    worker = ProjectionWorker(ledger.logs.recorders, beside, PROJECTIONS)
    with timed() as watch:
        worker.catch_up()
    worker.stop()
    beside.serve()
    for model in PROJECTIONS:
        assert store.digest(model.name) == ledger.read_models.digest(model.name), model.name
    store.generations.drop_all(list(store.models.values()))
    store.close()
    return Figure("rebuild, from the log to documents", worker.documents / watch.seconds, "documents/s")


def by_the_client(url: str, documents: dict[str, Sequence[Document]]) -> Figure:
    """``helpers.bulk`` writing the same documents into the same indices, each prebuilt as a dictionary."""
    connection, generations, models = made(url)
    actions = [action for name, found in documents.items() for action in prebuilt(models[name], found)]
    with Elasticsearch(url) as client, timed() as watch:
        helpers.bulk(client, actions, chunk_size=1_000)
    generations.drop_all(list(models.values()))
    connection.close()
    return Figure("helpers.bulk of the same as prebuilt dictionaries", len(actions) / watch.seconds, "documents/s")


def encoded_here(url: str, documents: dict[str, Sequence[Document]]) -> Figure:
    """The same documents through our own encoding, without reading or folding anything."""
    connection, generations, models = made(url)
    bulk = Bulk(connection)
    with timed() as watch:
        entries = [entry for name, found in documents.items() for entry in models[name].entries(found, 1)]
        bulk.write(entries)
    generations.drop_all(list(models.values()))
    bulk.close()
    connection.close()
    return Figure("the same, encoded here, two bodies in flight", len(entries) / watch.seconds, "documents/s")


def made(url: str) -> tuple[Connection, Generations, dict[str, Model]]:
    connection = Connection(url)
    models = dict(models_of(f"everbook-bench-{uuid.uuid4()}", PROJECTIONS))
    generations = Generations(connection, shards=1, replicas=0)
    generations.create(list(models.values()), 1, served=True)
    return connection, generations, models


def prebuilt(model: Model, documents: Sequence[Document]) -> Iterator[dict[str, Any]]:
    for each in documents:
        plain = msgspec.to_builtins(each)
        columns = {column: plain.get(column) for column in model.columns}
        yield {
            "_index": model.index(1), "_id": each.id, "version": version_of(each), "version_type": "external",
            "id": each.id, "log": each.log, "sequence": each.sequence, "stale": False, **columns, "document": plain,
        }


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else TRADES)
