"""Nobody sends under the name of Everbook, which carries the dates into the ledger logs, nor of another key."""

from datetime import date
from decimal import Decimal

import pytest

from domain.batch import Unit
from domain.commands import ClosePeriod, IssueKey, RecordPrice, RevokeKey, RollBusinessDate
from domain.outcomes import Outcome
from domain.trades import TradeDecider
from infra.logs import CommandedLogs, submission_of
from tests.ledger import logs_in_memory, send
from tests.rules import booking

LEDGER = "ledger-0"
FIRST, NEXT = date(2026, 11, 24), date(2026, 11, 25)
TAKEN = ("roll-2026-11-25", "close-2026-11-24")


@pytest.fixture
def logs() -> CommandedLogs:
    found = logs_in_memory()
    send(found, IssueKey(command_id="k", key_id="desk-7", name="Desk", digest="a" * 64, roles=("trader",)))
    send(found, RollBusinessDate(command_id="r1", business_date=FIRST))
    return found


def squat(logs: CommandedLogs, *, atomic: bool) -> list[Outcome]:
    commands = [booking(f"T-{command_id}", source="everbook", command_id=command_id) for command_id in TAKEN]
    return logs.commit(LEDGER, [Unit(tuple(submission_of(each, "desk-7") for each in commands), atomic)])


@pytest.mark.parametrize("atomic", [False, True])
def test_a_source_of_everbooks_own_is_refused_and_leaves_no_receipt(logs: CommandedLogs, atomic: bool) -> None:
    outcomes = squat(logs, atomic=atomic)
    assert [(each.status, each.code, each.count) for each in outcomes] == [("refused", "reserved", 0)] * 2
    assert logs.recorders[LEDGER].select_receipts([("everbook", command_id) for command_id in TAKEN]) == {}


def test_two_refusals_are_two_streams_however_source_and_key_divide(logs: CommandedLogs) -> None:
    unknown = [
        RecordPrice(command_id=command_id, source=source, instrument="NONE", price=Decimal(1))
        for source, command_id in (("Xa:b", "c"), ("Xa", "b:c"), ("Xa%3Ab", "c"))
    ]
    outcomes = [send(logs, each)[0] for each in unknown[:1]] + list(send(logs, *unknown[1:]))
    assert [each.code for each in outcomes] == ["unknown-instrument"] * 3
    assert len({each.stream for each in outcomes}) == 3


def test_dates_turn_in_the_ledger_log_whatever_a_trader_sent_before(logs: CommandedLogs) -> None:
    squat(logs, atomic=False)
    send(logs, RollBusinessDate(command_id="r2", business_date=NEXT), ClosePeriod(command_id="p", through=FIRST))
    decider = logs.by_log[LEDGER].decider
    assert isinstance(decider, TradeDecider)
    assert (decider.business_date(), decider.closed_through()) == (NEXT, FIRST)


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("revoked", [False, True])
def test_the_id_of_another_key_is_no_source_and_its_command_ids_stay_free(
    logs: CommandedLogs, atomic: bool, revoked: bool
) -> None:
    send(logs, IssueKey(command_id="k2", key_id="desk-8", name="Desk", digest="b" * 64, roles=("trader",)))
    if revoked:
        send(logs, RevokeKey(command_id="v", key_id="desk-7"))
    command = booking("T-1", source="desk-7", command_id="next")
    (outcome,) = logs.commit(LEDGER, [Unit((submission_of(command, "desk-8"),), atomic)])
    assert (outcome.status, outcome.code, outcome.field, outcome.count) == ("refused", "reserved", "$.source", 0)
    assert logs.recorders[LEDGER].select_receipts([("desk-7", "next")]) == {}
    (own,) = logs.commit(LEDGER, [Unit((submission_of(command, "desk-7"),), atomic)])
    assert own.status == ("refused" if revoked else "accepted")
    assert not own.repeated
