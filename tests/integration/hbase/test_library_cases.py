"""The library's own test cases, on HBase."""

from typing import Any, ClassVar
from uuid import uuid4

import pytest
from eventsourcing.persistence import InfrastructureFactoryError
from eventsourcing.tests import persistence as cases
from eventsourcing.utils import Environment

from infra.hbase.address import Address, address_of
from infra.hbase.aggregates import HBaseAggregateRecorder
from infra.hbase.connections import Connections
from infra.hbase.factory import HBaseFactory
from infra.hbase.recorder import HBaseRecorder
from infra.hbase.tracking import HBaseTrackingRecorder
from tests.contracts import library_cases as ours


class OnHBase:
    """A log of its own for every test."""

    connections: Connections

    @pytest.fixture(autouse=True)
    def _connected(self, connections: Connections) -> None:
        self.connections = connections

    def create_recorder(self) -> Any:
        return HBaseRecorder(self.connections, f"log-{uuid4().hex[:8]}", create=False)


class TestAggregates(OnHBase, cases.AggregateRecorderTestCase):
    def create_recorder(self) -> Any:
        return HBaseAggregateRecorder(self.connections, f"log-{uuid4().hex[:8]}", create=False)


class TestApplication(OnHBase, cases.ApplicationRecorderTestCase[Any]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestTracking(OnHBase, cases.TrackingRecorderTestCase):
    pass


class TestProcess(OnHBase, cases.ProcessRecorderTestCase):
    pass


class TestOrderOfIds(OnHBase, cases.NonInterleavingNotificationIDsBaseCase):
    insert_num = 1000


class TestTrackingAlone(cases.TrackingRecorderTestCase):
    @pytest.fixture(autouse=True)
    def _url(self, server_url: str) -> None:
        self.url = f"{server_url}/t{uuid4().hex[:8]}"

    def create_recorder(self) -> Any:
        connections = Connections(address_of(self.url))
        self.addCleanup(connections.close)
        return HBaseTrackingRecorder(connections)


class TrackingOfHBase(HBaseTrackingRecorder):
    pass


class TestFactory(ours.FactoryCase):
    classes: ClassVar[dict[str, type]] = {
        "factory": HBaseFactory, "aggregate": HBaseAggregateRecorder, "log": HBaseRecorder,
        "tracking": HBaseTrackingRecorder, "tracking_subclass": TrackingOfHBase,
    }

    @pytest.fixture(autouse=True)
    def _environment(self, hbase_url: str, connections: Connections) -> None:
        assert connections.address == address_of(hbase_url)
        self.env = Environment("application")
        self.env["PERSISTENCE_MODULE"] = "infra.hbase"
        self.env["EVERBOOK_HBASE_URL"] = hbase_url


class TestTranscoder(ours.TranscoderCase):
    @pytest.fixture(autouse=True)
    def _factory(self, hbase_url: str) -> Any:
        self.factory = HBaseFactory(Environment("application", {"EVERBOOK_HBASE_URL": hbase_url}))
        yield
        self.factory.close()


def test_addresses_are_read_from_urls() -> None:
    assert address_of("hbase://example.org:7/books") == Address("example.org", 7, "books")
    assert address_of("hbase://127.0.0.1") == Address("127.0.0.1", 9090, "everbook")


@pytest.mark.parametrize("url", ["", "http://h:1/p", "hbase://", "hbase://h:99999/p", "hbase://h:1/a/b", "hbase://h?x=1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InfrastructureFactoryError):
        address_of(url)


def test_logs_of_one_process_share_connections_until_the_last_is_closed(hbase_url: str) -> None:
    first, second = (HBaseFactory(Environment(name, {"EVERBOOK_HBASE_URL": hbase_url})) for name in ("a", "b"))
    assert first.connections is second.connections
    first.close()
    first.close()
    assert second.process_recorder().max_tracking_id("up") is None
    second.close()
