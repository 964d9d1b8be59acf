"""The contract of read models, on SQLite and on a real Elasticsearch."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.sql.read_models import SqlReadModels
from projections.ports import ReadModelStore
from projections.projection import Projection
from tests.contracts.read_models_contract import Open, ReadModelsContract
from tests.indices import dropped_after


class TestSqlReadModels(ReadModelsContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[Open]:
        stores: list[ReadModelStore] = []

        def open_store(projections: Sequence[Projection], ledger_id: str) -> ReadModelStore:
            stores.append(SqlReadModels.open(f"sqlite:///{tmp_path / 'models.db'}", projections, ledger_id))
            return stores[-1]

        yield open_store
        for store in stores:
            store.close()


class TestElasticsearchReadModels(ReadModelsContract):
    @pytest.fixture
    def opened(self, elasticsearch: str) -> Iterator[Open]:
        stores: list[ReadModelStore] = []
        ledgers: set[str] = set()

        def open_store(projections: Sequence[Projection], ledger_id: str) -> ReadModelStore:
            ledgers.add(ledger_id)
            stores.append(ElasticsearchReadModels.open(elasticsearch, projections, ledger_id))
            return stores[-1]

        with dropped_after(elasticsearch, ledgers):
            yield open_store
            for store in stores:
                store.close()
