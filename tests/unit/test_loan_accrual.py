"""What money has earned and is not paid yet: 36,000 at 5 % earn five euros a day."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AmendTrade, CancelTrade, DefineCounterparty, FixRate, NovateTrade, RepayEarly, SettleTrade
from domain.identifiers import lei_of
from projections.accruals import accrued_on
from projections.as_of import Instant, position_at
from projections.valuation import Marks, value
from tests.documents import History
from tests.instruments import day, followed, trade
from tests.properties.instants import among
from tests.rules import DAY
from tests.trade_commands import about, money
from tests.unit.test_loan_life import DUE, LENT, MATURE, TAKEN, fixing, floating

FLOATING = (day(0), trade(floating()), about(SettleTrade))


def told(*commands: Any) -> History:
    return followed(History(), *commands)


def accrued(history: History, days: int, name: str = "LOAN-EUR", valid_at: Any = None) -> Decimal:
    """By a day, the same of the live position and of the fold of its movements."""
    known = max(each.sequence for each in history.events if each.log == "ledger-0")
    movements = [each for each in history.documents("movements").values() if each.instrument == name]
    live = history.documents("positions")[f"EQ-1/{name}"]
    folded = position_at(movements, Instant(valid_at, known), among({}))
    assert folded is not None
    if valid_at is None:
        assert folded.loans == live.loans
    found = accrued_on(folded, DAY + timedelta(days))
    assert found is not None
    return found


@pytest.mark.parametrize(("days", "interest"), [(-1, 0), (0, 0), (1, 5), (10, 50), (40, 200), (90, 200)])
def test_money_earns_day_by_day_until_it_is_due(days: int, interest: int) -> None:
    assert accrued(told(*LENT), days) == interest
    assert accrued(told(*TAKEN), days, "DEPOSIT-EUR") == -interest


def test_what_accrued_becomes_income_when_it_is_paid_and_nothing_is_earned_by_that() -> None:
    before, after = told(*LENT, *MATURE), told(*LENT, *MATURE, about(SettleTrade, command_id="s2"))
    total = [history.documents("positions")["EQ-1/LOAN-EUR"].income + accrued(history, 40)
             for history in (before, after)]
    assert total == [200, 200]
    assert accrued(after, 40) == 0


def test_profit_has_what_accrued_by_the_day_of_business() -> None:
    history = told(*LENT, day(10))
    marks = Marks(history.documents("reference").values())
    valued = value(history.documents("positions")["EQ-1/LOAN-EUR"], marks)
    assert [valued.accrued, valued.unrealised, valued.total_in_base] == [50, 0, 50]


def test_a_fixing_changes_what_is_earned_from_its_day_on() -> None:
    """Ten days at 5 %, then 3 %: as it was known before the fixing, and after."""
    history = told(*FLOATING, fixing("2", 10))
    assert [accrued(history, days) for days in (10, 20, 40)] == [50, 80, 140]
    unfixed = told(*FLOATING)
    assert [accrued(unfixed, days) for days in (10, 20, 40)] == [50, 100, 200]
    known = max(each.sequence for each in unfixed.events if each.log == "ledger-0")
    then = position_at(list(history.documents("movements").values()), Instant(None, known), among({}))
    assert then is not None
    assert accrued_on(then, DUE) == 200


def test_of_what_is_repaid_early_only_the_rest_earns_on() -> None:
    history = told(*LENT, day(10), about(RepayEarly, quantity=Decimal(12_000)))
    assert [accrued(history, days) for days in (10, 25, 40)] == [
        Decimal("33.33"), Decimal("83.33"), Decimal("133.33"),
    ]
    assert history.documents("positions")["EQ-1/LOAN-EUR"].income == Decimal("16.67")


def test_terms_that_are_agreed_anew_begin_without_what_was_fixed_for_the_old_ones() -> None:
    booked = [day(0), trade(floating()), fixing("2", 0)]
    history = told(*booked, about(AmendTrade, terms=floating("lend")))
    assert accrued(history, 40) == 200
    # Until then the old terms held, with what was fixed for them.
    (amended,) = (each for each in history.events if each.type == "trade.amended.v1")
    just_before = amended.event.effective_at - timedelta(microseconds=1)
    assert accrued(history, 40, valid_at=just_before) == 120
    again: FixRate = fixing("0", 10, command_id="again")
    assert accrued(told(*booked, about(AmendTrade, terms=floating("lend")), again), 40) == 80


def test_a_loan_that_never_was_earns_nothing_and_one_that_is_handed_over_what_it_would_have() -> None:
    assert accrued(told(day(0), trade(money()), about(CancelTrade)), 40) == 0
    assert accrued(told(day(0), trade(floating()), fixing("2", 10), about(CancelTrade)), 40) == 0


def test_the_parts_of_a_loan_that_was_novated_earn_as_the_whole_did() -> None:
    beta = DefineCounterparty(command_id="beta", counterparty="BETA", name="Beta", lei=lei_of("EVERBOOK0000000004"))
    novated = about(NovateTrade, new_trade_id="N1", counterparty="BETA", quantity=Decimal(9_000))
    history = told(beta, day(0), trade(floating()), fixing("2", 10), novated)
    assert accrued(history, 40) == 140
    assert [each.quantity for each in history.documents("positions")["EQ-1/LOAN-EUR"].loans] == [9_000, 27_000]


@pytest.mark.parametrize("name", ["A1", "Z1"])
def test_what_is_fixed_and_repaid_after_a_loan_was_handed_over_is_known_of_its_successor(name: str) -> None:
    """Whichever of the two names comes first."""
    beta = DefineCounterparty(command_id="beta", counterparty="BETA", name="Beta", lei=lei_of("EVERBOOK0000000004"))
    handed_over = [
        beta, day(0), trade(floating()), about(NovateTrade, new_trade_id=name, counterparty="BETA"),
        fixing("2", 10, trade_id=name),
    ]
    assert accrued(told(*handed_over), 40) == 140
    repaid = [about(SettleTrade, name), day(10), about(RepayEarly, name, quantity=Decimal(12_000))]
    history = told(*handed_over, *repaid)
    assert [accrued(history, days) for days in (10, 40)] == [Decimal("33.33"), Decimal("93.33")]
