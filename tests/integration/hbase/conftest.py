"""Logs on a real HBase."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from infra.hbase.address import address_of
from infra.hbase.connections import Connections
from infra.hbase.recorder import HBaseRecorder
from infra.hbase.tables import create_missing

HBASE = os.environ.get("EVERBOOK_TEST_HBASE_URL", "")


@pytest.fixture(scope="session")
def server_url(request: pytest.FixtureRequest) -> str:
    """The HBase to test on: one that runs already, or the session's own."""
    url: str = HBASE or request.getfixturevalue("hbase")
    return url


@pytest.fixture(scope="session")
def hbase_url(server_url: str) -> str:
    """Tables of this session's own; tests keep logs of their own in them."""
    return f"{server_url}/t{uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def connections(hbase_url: str) -> Iterator[Connections]:
    opened = Connections(address_of(hbase_url))
    create_missing(opened)
    yield opened
    opened.close()


@pytest.fixture
def log() -> str:
    """The name of a log that is empty."""
    return f"log-{uuid4().hex[:8]}"


@pytest.fixture
def recorder(connections: Connections, log: str) -> HBaseRecorder:
    return HBaseRecorder(connections, log, create=False)
