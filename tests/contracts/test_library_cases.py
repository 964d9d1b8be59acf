"""The library's own test cases, on our persistence modules."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from eventsourcing.persistence import InfrastructureFactory, JSONTranscoder, Transcoding
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


class FactoryCase(cases.InfrastructureFactoryTestCase[Any]):
    classes: ClassVar[dict[str, type]]

    def expected_factory_class(self) -> Any:
        return self.classes["factory"]

    def expected_aggregate_recorder_class(self) -> Any:
        return self.classes["aggregate"]

    def expected_application_recorder_class(self) -> Any:
        return self.classes["log"]

    def expected_process_recorder_class(self) -> Any:
        return self.classes["log"]

    def expected_tracking_recorder_class(self) -> Any:
        return self.classes["tracking"]

    def tracking_recorder_subclass(self) -> Any:
        return self.classes["tracking_subclass"]


class TestSqlFactory(FactoryCase):
    classes: ClassVar[dict[str, type]] = {
        "factory": SqlFactory, "aggregate": SqlAggregateRecorder, "log": SqlRecorder, "tracking": SqlTrackingRecorder,
        "tracking_subclass": TrackingOfSql,
    }

    @pytest.fixture(autouse=True)
    def _environment(self, tmp_path: Any) -> None:
        self.env = Environment("application")
        self.env["PERSISTENCE_MODULE"] = "infra.sql"
        self.env["EVERBOOK_DATABASE_URL"] = f"sqlite:///{tmp_path / 'events.db'}"


class TestPostgresFactory(FactoryCase):
    classes = TestSqlFactory.classes

    @pytest.fixture(autouse=True)
    def _environment(self, postgres: str) -> None:
        self.env = Environment("application")
        self.env["PERSISTENCE_MODULE"] = "infra.sql"
        self.env["EVERBOOK_DATABASE_URL"] = postgres


class TestMemoryFactory(FactoryCase):
    classes: ClassVar[dict[str, type]] = {
        "factory": MemoryFactory, "aggregate": POPOAggregateRecorder, "log": MemoryRecorder,
        "tracking": POPOTrackingRecorder,
        "tracking_subclass": TrackingOfMemory,
    }

    def setUp(self) -> None:
        self.env = Environment("application")
        self.env["PERSISTENCE_MODULE"] = "infra.memory"
        super().setUp()


def transcoding(kind: type, plain: type) -> Transcoding:
    """A transcoding of a class that is built on a plain type, under its own name."""

    class OfKind(Transcoding):
        type = kind
        name = kind.__name__.lower()

        def encode(self, obj: Any) -> Any:
            return plain(obj)

        def decode(self, data: Any) -> Any:
            return kind(data)

    return OfKind()


class TranscoderCase(cases.TranscoderTestCase):
    factory: InfrastructureFactory[Any]

    def construct_transcoder(self) -> Any:
        transcoder = self.factory.transcoder()
        assert isinstance(transcoder, JSONTranscoder)
        for kind, plain in ((cases.Mydict, dict), (cases.MyList, list), (cases.MyStr, str), (cases.MyInt, int)):
            transcoder.register(transcoding(kind, plain))
        transcoder.register(cases.CustomType1AsDict())
        transcoder.register(cases.CustomType2AsDict())
        return transcoder


class TestMemoryTranscoder(TranscoderCase):
    factory = MemoryFactory(Environment("application"))


class TestSqlTranscoder(OnSql, TranscoderCase):
    def setUp(self) -> None:
        self.factory = SqlFactory(Environment("application", {"EVERBOOK_DATABASE_URL": str(self.engine.url)}))
        self.addCleanup(self.factory.close)
        super().setUp()


del FactoryCase, TranscoderCase
