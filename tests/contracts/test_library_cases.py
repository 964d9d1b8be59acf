"""The library's own test cases, on our persistence modules."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from eventsourcing.popo import POPOAggregateRecorder, POPOTrackingRecorder
from eventsourcing.tests import persistence as cases
from eventsourcing.utils import Environment
from sqlalchemy import Engine

from infra.memory.factory import MemoryFactory
from infra.memory.recorder import MemoryRecorder
from infra.sql.engine import create_engine_for, writing
from infra.sql.factory import SqlFactory
from infra.sql.recorder import SqlRecorder
from infra.sql.snapshots import SqlAggregateRecorder
from infra.sql.tables import create_tracking
from infra.sql.tracking import SqlTrackingRecorder
from tests.contracts import library_cases as ours
from tests.postgres import dispose


class OnSql:
    """A database file of its own for every test."""

    engine: Engine

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Any) -> Iterator[None]:
        self.engine = create_engine_for(f"sqlite:///{tmp_path / 'events.db'}")
        yield
        self.engine.dispose()

    def create_recorder(self) -> Any:
        return SqlRecorder(self.engine, f"log-{uuid4().hex[:8]}")


class OnPostgres:
    """Tables of its own for every test, and no tracking yet."""

    engine: Engine

    @pytest.fixture(autouse=True)
    def _database(self, postgres: str) -> Iterator[None]:
        self.engine = create_engine_for(postgres)
        create_tracking(self.engine)
        with writing(self.engine) as connection:
            connection.exec_driver_sql("DELETE FROM tracking")
        yield
        dispose(self.engine)

    def create_recorder(self) -> Any:
        return SqlRecorder(self.engine, f"log-{uuid4().hex[:8]}")


class InMemory:
    def create_recorder(self) -> Any:
        return MemoryRecorder()


class TestSqlAggregates(OnSql, cases.AggregateRecorderTestCase):
    def create_recorder(self) -> Any:
        return SqlAggregateRecorder(self.engine, "aggregates")


class TestSqlApplication(OnSql, cases.ApplicationRecorderTestCase[Any]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestSqlTracking(OnSql, cases.TrackingRecorderTestCase):
    pass


class TestSqlProcess(OnSql, cases.ProcessRecorderTestCase):
    pass


class TestSqlOrderOfIds(OnSql, cases.NonInterleavingNotificationIDsBaseCase):
    insert_num = 1000


class TestPostgresAggregates(OnPostgres, cases.AggregateRecorderTestCase):
    def create_recorder(self) -> Any:
        return SqlAggregateRecorder(self.engine, f"aggregates-{uuid4().hex[:8]}")


class TestPostgresApplication(OnPostgres, cases.ApplicationRecorderTestCase[Any]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestPostgresTracking(OnPostgres, cases.TrackingRecorderTestCase):
    pass


class TestPostgresProcess(OnPostgres, cases.ProcessRecorderTestCase):
    pass


class TestPostgresOrderOfIds(OnPostgres, cases.NonInterleavingNotificationIDsBaseCase):
    insert_num = 1000


class TestMemoryAggregates(cases.AggregateRecorderTestCase):
    def create_recorder(self) -> Any:
        return MemoryFactory(Environment("application")).aggregate_recorder()


class TestMemoryApplication(InMemory, cases.ApplicationRecorderTestCase[Any]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestMemoryTracking(InMemory, cases.TrackingRecorderTestCase):
    pass


class TestMemoryProcess(InMemory, cases.ProcessRecorderTestCase):
    pass


class TestMemoryOrderOfIds(InMemory, cases.NonInterleavingNotificationIDsBaseCase):
    insert_num = 1000


class TrackingOfSql(SqlTrackingRecorder):
    pass


class TrackingOfMemory(POPOTrackingRecorder):
    pass


class TestSqlFactory(ours.FactoryCase):
    classes: ClassVar[dict[str, type]] = {
        "factory": SqlFactory, "aggregate": SqlAggregateRecorder, "log": SqlRecorder, "tracking": SqlTrackingRecorder,
        "tracking_subclass": TrackingOfSql,
    }

    @pytest.fixture(autouse=True)
    def _environment(self, tmp_path: Any) -> None:
        self.env = Environment("application")
        self.env["PERSISTENCE_MODULE"] = "infra.sql"
        self.env["EVERBOOK_DATABASE_URL"] = f"sqlite:///{tmp_path / 'events.db'}"


class TestPostgresFactory(ours.FactoryCase):
    classes = TestSqlFactory.classes

    @pytest.fixture(autouse=True)
    def _environment(self, postgres: str) -> None:
        self.env = Environment("application")
        self.env["PERSISTENCE_MODULE"] = "infra.sql"
        self.env["EVERBOOK_DATABASE_URL"] = postgres


class TestMemoryFactory(ours.FactoryCase):
    classes: ClassVar[dict[str, type]] = {
        "factory": MemoryFactory, "aggregate": POPOAggregateRecorder, "log": MemoryRecorder,
        "tracking": POPOTrackingRecorder,
        "tracking_subclass": TrackingOfMemory,
    }

    def setUp(self) -> None:
        self.env = Environment("application")
        self.env["PERSISTENCE_MODULE"] = "infra.memory"
        super().setUp()


class TestMemoryTranscoder(ours.TranscoderCase):
    factory = MemoryFactory(Environment("application"))


class TestSqlTranscoder(OnSql, ours.TranscoderCase):
    def setUp(self) -> None:
        self.factory = SqlFactory(Environment("application", {"EVERBOOK_DATABASE_URL": str(self.engine.url)}))
        self.addCleanup(self.factory.close)
        super().setUp()
