"""The contract of a log's store, on every adapter."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from domain.merkle import Frontier
from domain.ports import LogRecorder
from infra.memory.recorder import MemoryRecorder
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
from tests.contracts.log_recorder_contract import LogRecorderContract, commit_of, stored

POSTGRES = os.environ.get("EVERBOOK_TEST_POSTGRES_URL", "")


class TestMemory(LogRecorderContract):
    @pytest.fixture
    def recorder(self) -> LogRecorder:
        return MemoryRecorder()


class TestSqlite(LogRecorderContract):
    @pytest.fixture
    def recorder(self, tmp_path: Path) -> Iterator[LogRecorder]:
        engine = create_engine_for(f"sqlite:///{tmp_path / 'events.db'}")
        yield SqlRecorder(engine, "ledger-0")
        engine.dispose()


@pytest.mark.skipif(not POSTGRES, reason="EVERBOOK_TEST_POSTGRES_URL names no PostgreSQL to test on")
class TestPostgres(LogRecorderContract):
    @pytest.fixture
    def recorder(self) -> Iterator[LogRecorder]:
        engine = create_engine_for(POSTGRES)
        yield SqlRecorder(engine, f"log-{uuid4().hex[:8]}")
        engine.dispose()


def test_a_file_that_is_opened_again_goes_on(tmp_path: Path) -> None:
    frontier = Frontier()
    for number in range(3):
        engine = create_engine_for(f"sqlite:///{tmp_path / 'events.db'}")
        recorder = SqlRecorder(engine, "ledger-0")
        recorder.insert_events([stored(f"trade:{number}")], commit=commit_of([stored(f"trade:{number}")], frontier))
        assert recorder.max_notification_id() == number + 1
        engine.dispose()
