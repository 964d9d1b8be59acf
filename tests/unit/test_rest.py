"""Whoever posts on top of transfers and dates waits until they are everywhere."""

import pytest

from api.cli.rest import Rest
from domain.routing import ledger_of
from infra.logs import CommandedLogs
from tests.instruments import day
from tests.ledger import logs_in_memory, send
from tests.rules import booking
from tests.trade_commands import moving

LEDGERS = 5


def with_lots() -> CommandedLogs:
    logs = logs_in_memory(LEDGERS)
    assert ledger_of("EQ-1", LEDGERS) != ledger_of("EQ-2", LEDGERS)
    send(logs, booking("T1", "10"))
    return logs


def test_a_transfer_is_waited_for_until_it_has_arrived() -> None:
    logs = with_lots()
    rest = Rest(logs.recorders)
    assert rest.is_reached()
    send(logs, moving(("T1", "10", "1000")))
    assert not rest.wait(0)
    logs.carry_all()
    assert rest.wait(0)


def test_a_date_is_waited_for_until_every_log_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = with_lots()
    rest = Rest(logs.recorders)
    monkeypatch.setattr(logs, "_carry_on", lambda: None)
    send(logs, day(1))
    assert not rest.wait(0)
    logs.carry_over()
    assert rest.wait(0)
