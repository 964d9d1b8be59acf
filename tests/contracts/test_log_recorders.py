"""The contract of a log's store, on every adapter."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from domain.merkle import Frontier
from domain.ports import LogRecorder
from infra.memory.recorder import MemoryRecorder
from infra.sql.engine import create_engine_for, writing
from infra.sql.recorder import SqlRecorder
from tests.contracts.log_recorder_contract import LogRecorderContract, commit_of, stored
from tests.postgres import dispose


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


class TestPostgres(LogRecorderContract):
    @pytest.fixture
    def recorder(self, postgres: str) -> Iterator[LogRecorder]:
        engine = create_engine_for(postgres)
        recorder = SqlRecorder(engine, f"log-{uuid4().hex[:8]}")
        with writing(engine) as connection:
            connection.exec_driver_sql("DELETE FROM tracking")
        yield recorder
        dispose(engine)


def test_a_file_that_is_opened_again_goes_on(tmp_path: Path) -> None:
    frontier = Frontier()
    for number in range(3):
        engine = create_engine_for(f"sqlite:///{tmp_path / 'events.db'}")
        recorder = SqlRecorder(engine, "ledger-0")
        recorder.insert_events([stored(f"trade:{number}")], commit=commit_of([stored(f"trade:{number}")], frontier))
        assert recorder.max_notification_id() == number + 1
        engine.dispose()
