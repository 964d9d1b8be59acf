"""The contract of read models, on SQLite, on a real PostgreSQL and on a real Elasticsearch."""

from collections.abc import Iterator, Sequence

import pytest

from infra.elasticsearch.read_models import ElasticsearchReadModels
from infra.sql.read_models import SqlReadModels
from projections.ports import ReadModelStore
from projections.projection import Projection
from tests.contracts.comparison_contract import ComparisonContract
from tests.contracts.mending_contract import MendingContract
from tests.contracts.read_models_contract import Open, ReadModelsContract
from tests.indices import dropped_after
from tests.postgres import dispose


class TestSqlReadModels(ReadModelsContract, ComparisonContract, MendingContract):
    @pytest.fixture
    def opened(self, database_url: str) -> Iterator[Open]:
        stores: list[SqlReadModels] = []

        def open_store(projections: Sequence[Projection], ledger_id: str) -> ReadModelStore:
            stores.append(SqlReadModels.open(database_url, projections, ledger_id))
            return stores[-1]

        yield open_store
        for store in stores:
            dispose(store.engine)


class TestElasticsearchReadModels(ReadModelsContract, ComparisonContract, MendingContract):
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
