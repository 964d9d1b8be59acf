"""Which events change the position in a child: given a spin-off, then trades and actions of before it alone."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from domain.commands import AnyCommand, CancelTrade, SettleTrade
from domain.money import exact
from projections.as_of import Instant, position_at
from projections.changes import Changes, in_accounts
from projections.difference import difference
from projections.stands import stands
from tests.corporate_actions import EX, PAY, Told, announced, bought, cancelled, dividend, of, roll, spin_off
from tests.instruments import define
from tests.properties.instants import among
from tests.rules import DAY
from tests.trade_commands import about

CHILD = define("AXA", "ESVUFR", None, issuer="AXA")


def told(*commands: AnyCommand) -> Told:
    return Told(
        CHILD, roll(DAY), bought("T1", "10", "100"), of("SAN", dividend("1"), "D1", EX, PAY),
        announced(spin_off("1", "2", "20")), roll(EX), *commands,
    )


def sequences(after: Told) -> tuple[int, int, int]:
    """Of the child: that of the live document, and that of one as of now; then the last of the log."""
    groups, last = after.groups(), len(after.events)
    with exact():
        found: Any = position_at(groups["EQ-1/AXA"], Instant(None, last), among(groups))
    return after.position(instrument="AXA").sequence, found.sequence, last


def test_what_settles_or_is_paid_of_the_parent_or_is_traded_from_the_ex_date_on_is_nothing_to_it() -> None:
    after = told()
    spun_off = sequences(after)[0]
    for command in (
        about(SettleTrade, settled_on=EX), bought("T2", "5", "80", trade_date=EX), roll(PAY),
        bought("T3", "5", "80", trade_date=EX + timedelta(days=1)), about(CancelTrade, "T2"),
    ):
        after.tell(command)
        assert sequences(after) == (spun_off, spun_off, len(after.events))


def test_a_late_trade_and_its_end_reach_it() -> None:
    after = told(bought("T2", "4", "50"))
    assert len(set(sequences(after))) == 1
    after.tell(about(CancelTrade, "T2"))
    assert len(set(sequences(after))) == 1


def test_once_the_action_was_taken_back_nothing_of_the_parent_is_a_cause() -> None:
    after = told()
    known = len(after.events)
    after.tell(cancelled())
    taken_back = len(after.events)
    after.tell(bought("T2", "2", "60"))
    assert len({*sequences(after)[:2]}) == 1
    groups, changes = after.groups(), Changes()
    with exact():
        found = difference(groups["EQ-1/AXA"], None, known, taken_back + 1, among(groups))
        changes.take(stands(groups["EQ-1/AXA"], None, known, taken_back + 1, among(groups)), in_accounts)
    assert found is not None
    assert [each.event for each in found.causes] == [f"ledger-0:{taken_back}"]
    assert {cause.event for each in changes.found() for cause in each.causes} == {f"ledger-0:{taken_back}"}


def test_what_is_nothing_to_it_is_no_cause_of_a_difference_either() -> None:
    after = told()
    known = len(after.events)
    after.tell(about(SettleTrade, settled_on=EX), bought("T2", "4", "50"), bought("T3", "5", "80", trade_date=EX))
    groups, last = after.groups(), len(after.events)
    with exact():
        found = difference(groups["EQ-1/AXA"], None, known, last, among(groups))
    assert found is not None
    assert found.change.quantity == Decimal(2)
    assert [each.event for each in found.causes] == [after.events[known + 1].id]
