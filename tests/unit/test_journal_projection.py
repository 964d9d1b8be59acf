"""What each event of a trade posts, by account and asset."""

from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    CancelTrade,
    CorrectTrade,
    FailSettlement,
    SettleTrade,
)
from domain.refusals import Refused
from projections.journal import UnbalancedEntry, _require_balance
from projections.postings import Posting
from projections.trial_balance import sums_by_asset, trial_balance
from tests.documents import History
from tests.rules import Rules, booking
from tests.trade_commands import about, euros, money, shares

Postings = list[tuple[str, str, Decimal | int]]


def entries(*commands: Any) -> list[Any]:
    return [entry for _, entry in sorted(History(*commands).documents("journal").items())]


def last(*commands: Any) -> Postings:
    return [(posting.account, posting.asset, posting.quantity) for posting in entries(*commands)[-1].postings]


def balances(*commands: Any) -> dict[tuple[str, str], Decimal | int]:
    found = trial_balance(entries(*commands))
    return {(line.account, line.asset): line.balance for line in found if line.balance}


def test_a_purchase_posts_as_the_chart_of_accounts_says() -> None:
    """The example of the chart: buy 100 at 50, fee 5."""
    assert last(booking(quantity="100", price="50", fees={"broker": Decimal(5)})) == [
        ("Assets:SecuritiesReceivable:ACME", "SAN", 100), ("Equity:Trading:SAN", "SAN", -100),
        ("Equity:Trading:SAN", "EUR", 5000), ("Liabilities:CashPayable:ACME", "EUR", -5005),
        ("Expense:Fees:broker", "EUR", 5),
    ]


def test_its_settlement_moves_it_into_custody_and_out_of_the_nostro() -> None:
    assert last(booking(quantity="100", price="50"), about(SettleTrade)) == [
        ("Assets:Nostro", "EUR", -5000), ("Liabilities:CashPayable:ACME", "EUR", 5000),
        ("Assets:Custody", "SAN", 100), ("Assets:SecuritiesReceivable:ACME", "SAN", -100),
    ]


def test_a_sale_relieves_the_cost_and_realises_the_rest() -> None:
    """The example of the chart: then sell 40 at 55."""
    trades = [booking(quantity="100", price="50"), booking("T2", "40", "55", side="sell")]
    assert last(*trades) == [
        ("Liabilities:SecuritiesDeliverable:ACME", "SAN", -40), ("Equity:Trading:SAN", "SAN", 40),
        ("Equity:Trading:SAN", "EUR", -2200), ("Assets:CashReceivable:ACME", "EUR", 2200),
        ("Equity:Trading:SAN", "EUR", 200), ("Income:RealisedPnL", "EUR", -200),
    ]
    left = balances(*trades)
    assert (left["Equity:Trading:SAN", "SAN"], left["Equity:Trading:SAN", "EUR"]) == (-60, 3000)


def test_a_revision_reverses_the_old_terms_and_posts_the_new() -> None:
    assert balances(booking(), about(AmendTrade, terms=shares("12", "90"))) == balances(booking("T1", "12", "90"))
    other = shares("3", "50", instrument="IBM")
    corrected = balances(booking(), about(CorrectTrade, terms=other, reason="typo"))
    assert corrected == balances(booking(terms=other))


def test_a_back_dated_trade_posts_what_it_changes_of_the_profit() -> None:
    early = booking("T9", "10", "90", trade_date=booking().trade_date.replace(day=20))
    posted = last(booking(), booking("T2", "10", "110", side="sell"), early)
    assert posted[-2:] == [("Equity:Trading:SAN", "EUR", 100), ("Income:RealisedPnL", "EUR", -100)]


def test_a_revision_from_one_instrument_to_another_posts_the_profit_of_both() -> None:
    trades = [
        booking(), booking("T2", "10", "110", side="sell"), booking("T3", "5", "50", instrument="IBM"),
        about(CorrectTrade, "T2", terms=shares("5", "60", side="sell", instrument="IBM"), reason="typo"),
    ]
    left = balances(*trades)
    assert ("Income:RealisedPnL", "EUR") not in left
    assert left["Income:RealisedPnL", "USD"] == -50


def test_cash_of_a_pair_is_cash_on_both_sides() -> None:
    assert last(booking(terms=euros()), about(SettleTrade)) == [
        ("Assets:Nostro", "USD", -110), ("Liabilities:CashPayable:ACME", "USD", 110), ("Assets:Nostro", "EUR", 100),
        ("Assets:CashReceivable:ACME", "EUR", -100),
    ]


def test_a_loan_is_an_asset_and_its_interest_an_income() -> None:
    lent = [booking(terms=money()), about(SettleTrade)]
    assert balances(*lent) == {("Assets:Loans:ACME", "EUR"): 36000, ("Assets:Nostro", "EUR"): -36000}
    assert last(*lent, about(SettleTrade)) == [
        ("Assets:Nostro", "EUR", 36200), ("Assets:Loans:ACME", "EUR", -36000), ("Income:Interest", "EUR", -200),
    ]


def test_a_deposit_is_a_liability_and_its_interest_an_expense() -> None:
    taken = [booking(terms=money("take")), about(SettleTrade)]
    assert balances(*taken) == {("Liabilities:Deposits:ACME", "EUR"): -36000, ("Assets:Nostro", "EUR"): 36000}
    assert last(*taken, about(SettleTrade))[-1] == ("Expense:Interest", "EUR", 200)


def test_the_rounding_of_a_repayment_in_parts_stays_with_the_interest() -> None:
    taken = booking(terms=money("take", "100.001", "0.5"))
    parts = [about(SettleTrade), about(SettleTrade, quantity=Decimal("99.994")), about(SettleTrade)]
    cost = Decimal("0.06")
    assert balances(taken, *parts) == {("Assets:Nostro", "EUR"): -cost, ("Expense:Interest", "EUR"): cost}


def test_affirmations_and_fails_post_nothing() -> None:
    assert len(entries(booking(), about(AffirmTrade), about(FailSettlement))) == 1


def test_a_cancelled_trade_leaves_no_account_with_anything() -> None:
    fees = {"tax": Decimal(3)}
    assert balances(booking(fees=fees), about(CancelTrade)) == {}
    closing = [booking(), booking("T2", "4", "120", side="sell", fees=fees), about(CancelTrade, "T2")]
    assert balances(*closing) == balances(booking())


def test_a_settled_trade_leaves_nothing_expected() -> None:
    steps = [
        booking(quantity="3", price="33.333"), about(SettleTrade, quantity=Decimal(1)),
        about(AmendTrade, terms=shares("4", "20")), about(SettleTrade, quantity=Decimal(1)), about(SettleTrade),
    ]
    assert {account for account, _ in balances(*steps)} == {"Assets:Custody", "Assets:Nostro", "Equity:Trading:SAN"}


def test_once_cash_has_moved_a_revision_may_not_turn_round_who_pays() -> None:
    rules = Rules()
    rules.when(booking())
    rules.when(about(SettleTrade, quantity=Decimal(4)))
    with pytest.raises(Refused) as refused:
        rules.when(about(AmendTrade, terms=shares(price="-1")))
    assert (refused.value.code, refused.value.field) == ("already-settled", "$.terms")


def test_an_entry_that_does_not_balance_is_never_made() -> None:
    with pytest.raises(UnbalancedEntry, match="off by 1 EUR"):
        _require_balance("e", [Posting("Assets:Nostro", "EUR", Decimal(1))])


def test_every_asset_sums_to_zero_over_all_accounts() -> None:
    trades = [booking(), booking("T2", terms=euros()), booking("T3", terms=money()), about(SettleTrade)]
    assert set(sums_by_asset(trial_balance(entries(*trades))).values()) == {0}
