"""Loans and deposits once their money has moved: fixings, rolling over, repaying early."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AmendTrade, FixRate, LoanTerms, RepayEarly, RollOverLoan, SettleTrade
from domain.refusals import Refused
from projections.trial_balance import trial_balance
from tests.documents import History
from tests.instruments import day, followed, trade
from tests.rules import DAY, Rules, booking
from tests.trade_commands import about, money

DUE = date(2027, 1, 3)
TERM = (DUE - DAY).days
MATURE = (day(30), day(TERM))
LENT = (day(0), trade(money()), about(SettleTrade))
TAKEN = (day(0), trade(money("take")), about(SettleTrade))


def floating(side: Any = "lend") -> LoanTerms:
    """36,000 for forty days at 4 % and 1 %: 200 of interest while it stays there."""
    return LoanTerms(
        side=side, currency="EUR", principal=Decimal(36000), rate_type="floating", rate=Decimal(4), index="ESTR",
        spread=Decimal(1), start_date=DAY, maturity_date=DUE,
    )


def fixing(rate: str, days: int, **fields: Any) -> FixRate:
    fixed: FixRate = about(
        FixRate, rate=Decimal(rate), fixed_from=DAY + timedelta(days), **{"command_id": f"fix-{days}-{rate}", **fields}
    )
    return fixed


def balances(*commands: Any) -> dict[tuple[str, str], Decimal]:
    entries = followed(History(), *commands).documents("journal").values()
    return {(each.account, each.asset): each.balance for each in trial_balance(entries) if each.balance}


def trade_of(*commands: Any, trade_id: str = "T1") -> Any:
    return followed(History(), *commands).documents("trades")[f"EQ-1/{trade_id}"].state


def refusal(*commands: Any) -> tuple[str, str]:
    rules = followed(Rules(), *commands[:-1])
    with pytest.raises(Refused) as caught:
        rules.when(commands[-1])
    return caught.value.code, caught.value.field


def test_a_fixing_changes_the_interest_from_its_day_on() -> None:
    """Ten days at 5 %, thirty at 3 %."""
    booked = [day(0), trade(floating())]
    assert trade_of(*booked).terms.loan.interest == 200
    assert trade_of(*booked, fixing("2", 10)).terms.loan.interest == 50 + 90
    assert trade_of(*booked, fixing("2", 10), fixing("6", 25)).terms.loan.interest == 50 + 45 + 105


def test_a_late_fixing_comes_to_what_one_in_time_would_have() -> None:
    booked = [day(0), trade(floating()), about(SettleTrade)]
    in_time = trade_of(*booked, fixing("2", 10), fixing("6", 25))
    late = trade_of(*booked, fixing("6", 25), *MATURE, fixing("2", 10))
    assert late.terms.loan == in_time.terms.loan
    corrected = trade_of(*booked, fixing("9", 10), fixing("2", 10), fixing("6", 25))
    assert corrected.terms.loan == in_time.terms.loan


def test_what_was_fixed_is_paid_at_maturity_and_stands_in_its_obligation() -> None:
    steps = [day(0), trade(floating()), about(SettleTrade), fixing("2", 10)]
    obligation = followed(History(), *steps).documents("settlements")["EQ-1/T1/maturity"]
    assert (obligation.quantity, obligation.amount) == (-36_000, 36_140)
    assert balances(*steps, *MATURE, about(SettleTrade, command_id="s2")) == {
        ("Assets:Nostro", "EUR"): 140, ("Income:Interest", "EUR"): -140,
    }


def test_a_loan_is_rolled_over_by_a_new_one_on_the_day_it_falls_due() -> None:
    rolled = about(RollOverLoan, new_trade_id="T2", rate=Decimal(6), tenor="1M")
    history = followed(History(), *LENT, *MATURE, rolled)
    old, new = (history.documents("trades")[f"EQ-1/{each}"].state for each in ("T1", "T2"))
    assert (old.status, new.status, new.leg) == ("matured", "settled", "maturity")
    assert (new.terms.quantity, new.terms.loan.start_date, new.terms.loan.maturity_date) == (
        36_000, DUE, date(2027, 2, 3),
    )
    assert new.terms.loan.interest == 186
    position = history.documents("positions")["EQ-1/LOAN-EUR"]
    assert (position.quantity, position.settled, position.income) == (36_000, 36_000, 200)
    assert history.documents("cash")["EQ-1/EUR"].total == 200 - 36_000


@pytest.mark.parametrize(("lent", "account", "nostro"), [(LENT, "Loans", -36_000), (TAKEN, "Deposits", 36_000)])
def test_interest_that_is_capitalised_is_lent_again(lent: Any, account: str, nostro: int) -> None:
    rolled = about(RollOverLoan, new_trade_id="T2", rate=Decimal(6), tenor="1M", capitalises=True)
    left = balances(*lent, *MATURE, rolled)
    kind = "Assets" if account == "Loans" else "Liabilities"
    assert abs(left[f"{kind}:{account}:ACME", "EUR"]) == 36_200
    assert left["Assets:Nostro", "EUR"] == nostro


def test_a_loan_that_is_repaid_early_earns_until_that_day_and_the_break_cost_apart() -> None:
    repaid = about(RepayEarly, break_cost=Decimal(25))
    assert balances(*LENT, day(10), repaid) == {
        ("Assets:Nostro", "EUR"): 75, ("Income:Interest", "EUR"): -50, ("Income:BreakCosts", "EUR"): -25,
    }
    state = trade_of(*LENT, day(10), repaid)
    assert (state.status, state.terms.loan.maturity_date) == ("matured", DAY + timedelta(10))


def test_a_part_may_be_repaid_early_and_the_rest_runs_on() -> None:
    """A third for ten days, two thirds for forty."""
    part = about(RepayEarly, quantity=Decimal(12_000), break_cost=Decimal(-5))
    steps = [*TAKEN, day(10), part]
    assert trade_of(*steps).terms.loan.interest == -(Decimal("16.67") + Decimal("133.33"))
    rest = about(SettleTrade, command_id="s2")
    assert balances(*steps, *MATURE, rest) == {
        ("Assets:Nostro", "EUR"): -155, ("Expense:Interest", "EUR"): 150, ("Expense:BreakCosts", "EUR"): 5,
    }
    everything = about(RepayEarly, command_id="r2")
    assert trade_of(*steps, day(20), everything).terms.loan.interest == -(Decimal("16.67") + Decimal("66.67"))


def test_headroom_is_free_again_once_all_is_repaid() -> None:
    rules: Any = followed(Rules(), *LENT, day(10), about(RepayEarly, quantity=Decimal(12_000)))
    assert (rules.trades.used["EQ-1"], rules.trades.positions["EQ-1", "LOAN-EUR"]) == (36_000, 36_000)
    followed(rules, day(11), about(RepayEarly, command_id="r2"))
    assert (rules.trades.used["EQ-1"], rules.trades.positions["EQ-1", "LOAN-EUR"]) == (0, 0)


@pytest.mark.parametrize(
    ("commands", "code", "field"),
    [
        ([*LENT, fixing("2", 10)], "not-floating", "$.trade_id"),
        ([booking(), fixing("2", 10)], "wrong-product", "$.trade_id"),
        ([trade(floating()), fixing("2", TERM)], "date-out-of-range", "$.fixed_from"),
        ([trade(floating()), fixing("2", -1)], "date-out-of-range", "$.fixed_from"),
        ([trade(floating()), fixing("1000", 1)], "out-of-range", "$.rate"),
        ([*LENT, about(RollOverLoan, new_trade_id="T2", rate=Decimal(6), tenor="1M")], "not-due", ""),
        ([*LENT, *MATURE, about(RollOverLoan, new_trade_id="T2", rate=Decimal(6))], "maturity-or-tenor",
         "$.terms.maturity_date"),
        ([*LENT, booking("T2"), *MATURE, about(RollOverLoan, new_trade_id="T2", rate=Decimal(6), tenor="1M")],
         "trade-exists", "$.new_trade_id"),
        ([trade(money()), about(RepayEarly)], "wrong-state", ""),
        ([*LENT, about(RepayEarly, repaid_on=DUE)], "date-out-of-range", "$.repaid_on"),
        ([*LENT, about(RepayEarly, repaid_on=DAY + timedelta(1))], "date-out-of-range", "$.repaid_on"),
        ([*LENT, about(RepayEarly, quantity=Decimal(36_001))], "more-than-open", "$.quantity"),
        ([*LENT, about(RepayEarly, quantity=Decimal(0))], "not-positive", "$.quantity"),
        ([*LENT, about(RepayEarly), about(RepayEarly, command_id="r2")], "nothing-open", ""),
        ([*LENT, day(1), about(RepayEarly), about(AmendTrade, terms=money())], "wrong-state", ""),
    ],
)
def test_what_a_loan_is_not_ready_for_is_refused(commands: list[Any], code: str, field: str) -> None:
    assert refusal(*commands) == (code, field)


def test_a_rate_is_not_fixed_once_a_part_is_repaid() -> None:
    steps = [day(0), trade(floating()), about(SettleTrade), day(5), about(RepayEarly, quantity=Decimal(10))]
    assert refusal(*steps, fixing("2", 10)) == ("already-settled", "")
    part = about(SettleTrade, command_id="s2", quantity=Decimal(10))
    rolled = about(RollOverLoan, new_trade_id="T2", rate=Decimal(6), tenor="1M")
    assert refusal(*LENT, *MATURE, part, rolled) == ("already-settled", "")
