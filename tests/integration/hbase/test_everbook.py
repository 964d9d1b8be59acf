"""The whole ledger with its events in HBase and its read models in SQLite."""

from pathlib import Path
from uuid import uuid4

import pytest

from domain.commands import AnyCommand
from domain.routing import log_of
from infra.everbook import Everbook
from infra.logs import submission_of
from infra.rebuild import compare
from infra.settings import BadSetting, Settings, settings_from
from infra.verification import verify
from projections.registry import PROJECTIONS
from tests.rules import FOUNDATION, booking

TRADES = 60


@pytest.fixture
def settings(tmp_path: Path, server_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PERSISTENCE_MODULE", "infra.hbase")
    return Settings(data=tmp_path, ledgers=4, batch_limit=25, hbase_url=f"{server_url}/e{uuid4().hex[:8]}")


def submit(ledger: Everbook, *commands: AnyCommand) -> list[str]:
    promise = ledger.gate.submit([submission_of(command) for command in commands])
    return [outcome.status for outcome in promise.result(60)]


def test_a_ledger_on_hbase_books_projects_proves_itself_and_goes_on(settings: Settings) -> None:
    bookings = [booking(f"T{n}", "1", "0.5", book=f"EQ-{1 + n % 2}") for n in range(TRADES)]
    with Everbook(settings) as ledger:
        ledger.start()
        for command in FOUNDATION:
            assert submit(ledger, command) == ["accepted"]
        assert {log_of(each, ledger.logs.ledgers) for each in bookings} == {"ledger-1", "ledger-3"}
        assert submit(ledger, *bookings) == ["accepted"] * TRADES
        ledger.worker().catch_up()
        vector = ledger.vector()
    with Everbook(settings) as ledger:
        ledger.start()
        assert ledger.vector() == vector
        assert submit(ledger, *bookings) == ["accepted"] * TRADES
        assert submit(ledger, booking("T0", command_id="other")) == ["refused"]
        ledger.worker().catch_up()
        assert all(verify(log, recorder).findings == [] for log, recorder in ledger.logs.recorders.items())
        assert sum(ledger.vector().values()) == sum(vector.values()) + 1
        digests = compare(ledger.logs.recorders, ledger.read_models, PROJECTIONS)
        assert all(live == rebuilt for live, rebuilt in digests.values())
        assert len(ledger.read_models.scan("trades", "")) == TRADES


def test_the_url_is_a_setting() -> None:
    assert settings_from({"EVERBOOK_HBASE_URL": "hbase://h:1/p"}).hbase_url == "hbase://h:1/p"
    with pytest.raises(BadSetting, match="EVERBOOK_HBASE_URL"):
        settings_from({"EVERBOOK_HBASE_URI": "hbase://h:1/p"})
