"""Forwards and swaps: currencies exchanged on a later day, or there and back again."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AmendTrade,
    CancelTrade,
    CorrectTrade,
    DefineCalendar,
    RecordFxRate,
    SetLimit,
    SettleTrade,
)
from domain.refusals import Refused
from projections.trial_balance import sums_by_asset, trial_balance
from projections.valuation import Marks, value
from tests.documents import History
from tests.instruments import followed, outright, swap, trade
from tests.rules import Rules
from tests.trade_commands import about, euros


def terms_of(history: History, trade_id: str = "T1") -> Any:
    return history.documents("trades")[f"EQ-1/{trade_id}"].state.terms


def refusal(*commands: Any) -> tuple[str, str]:
    rules = followed(Rules(), *commands[:-1])
    with pytest.raises(Refused) as caught:
        rules.when(commands[-1])
    return caught.value.code, caught.value.field


def test_an_outright_is_dealt_at_spot_and_points_for_a_tenor_after_spot() -> None:
    terms = terms_of(History(trade(outright())))
    assert (terms.product, terms.price, terms.amount) == ("fx-forward", Decimal("1.1012"), Decimal("-110.12"))
    assert (terms.settlement_date, terms.forward.spot, terms.forward.points) == (
        date(2027, 2, 26), Decimal("1.1"), Decimal("0.0012"),
    )


def test_a_forward_rolls_over_the_holidays_of_both_currencies_and_the_dollar() -> None:
    dollar = DefineCalendar(command_id="d", calendar="USD", name="Dollar", holidays=(date(2027, 2, 26),))
    assert terms_of(History(dollar, trade(outright()))).settlement_date == date(2027, 2, 25)


def test_from_the_last_business_day_of_a_month_a_tenor_leads_to_the_last_of_its_month() -> None:
    """Spot is Friday the 29th of January; a month later is the 26th of February, two are the 31st of March."""
    dealt = date(2027, 1, 27)
    for tenor, due in (("1M", date(2027, 2, 26)), ("2M", date(2027, 3, 31))):
        assert terms_of(History(trade(outright(tenor=tenor), trade_date=dealt))).settlement_date == due


def test_a_forward_and_spot_are_one_position_in_whichever_order_they_come() -> None:
    both = [trade(outright()), trade(euros("sell"), "T2")]
    for commands in (both, both[::-1]):
        position = History(*commands).documents("positions")["EQ-1/EURUSD"]
        assert (position.product, position.quantity, position.realised) == ("fx-spot", 0, Decimal("-0.12"))


def test_a_forward_is_worth_what_the_currency_is() -> None:
    history = History(trade(outright()), RecordFxRate(command_id="r", base="EUR", quote="USD", rate=Decimal("1.2")))
    position = history.documents("positions")["EQ-1/EURUSD"]
    assert value(position, Marks(history.documents("reference").values())).unrealised == Decimal("9.88")


def test_a_swap_is_two_trades_each_of_which_names_the_other() -> None:
    history = History(trade(swap(fees={"broker": Decimal(2)})))
    near, far = terms_of(history), terms_of(history, "T1-FAR")
    assert (near.quantity, near.amount, near.settlement_date) == (100, -110, date(2026, 11, 26))
    assert (far.quantity, far.amount, far.settlement_date) == (-100, Decimal("110.12"), date(2026, 12, 28))
    assert (near.forward.other_leg, far.forward.other_leg) == ("T1-FAR", "T1")
    assert (near.total_fees, far.total_fees) == (2, 0)


def test_both_legs_settle_in_their_time_and_the_points_are_earned() -> None:
    history = History(trade(swap()), about(SettleTrade), about(SettleTrade, "T1-FAR"))
    balances = trial_balance(history.documents("journal").values())
    assert {(each.account, each.asset): each.balance for each in balances if each.balance} == {
        ("Assets:Nostro", "USD"): Decimal("0.12"), ("Income:RealisedPnL", "USD"): Decimal("-0.12"),
    }


@pytest.mark.parametrize("cancelled", ["T1", "T1-FAR"])
def test_a_swap_is_cancelled_as_a_whole(cancelled: str) -> None:
    history = History(trade(swap()), about(CancelTrade, cancelled))
    assert {each.status for each in history.documents("trades").values()} == {"cancelled"}
    assert not any(sums_by_asset(trial_balance(history.documents("journal").values())).values())
    assert history.documents("positions")["EQ-1/EURUSD"].trades == 0


@pytest.mark.parametrize("cancelled", ["T1", "T1-FAR"])
def test_a_swap_of_which_a_leg_has_settled_stands(cancelled: str) -> None:
    settled = about(SettleTrade, "T1", quantity=Decimal(40))
    assert refusal(trade(swap()), settled, about(CancelTrade, cancelled)) == ("already-settled", "")


def test_a_leg_that_is_revised_stays_one_of_its_swap() -> None:
    later = outright(side="sell", points=Decimal("0.002"), tenor=None, settlement_date=date(2027, 1, 28))
    history = History(trade(swap()), about(AmendTrade, "T1-FAR", terms=later))
    assert terms_of(history, "T1-FAR").forward.other_leg == "T1"
    assert refusal(trade(swap()), about(AmendTrade, terms=euros())) == ("wrong-product", "$.terms")
    again = about(CorrectTrade, terms=swap(far_trade_id="T9"), reason="typo")
    assert refusal(trade(swap()), again) == ("wrong-product", "$.terms")


def test_a_swap_takes_headroom_for_both_legs() -> None:
    """The near leg is 110 dollars at 1.25, and so is the far one: 88 euros each."""
    limit = SetLimit(command_id="l", book="EQ-1", kind="gross-notional", amount=Decimal(170))
    assert refusal(limit, trade(swap())) == ("limit-gross-notional", "$.terms.quantity")
    most = SetLimit(command_id="l", book="EQ-1", kind="position-quantity", amount=Decimal(100))
    assert History(most, trade(swap())).trades.positions["EQ-1", "EURUSD"] == 0


@pytest.mark.parametrize(
    ("terms", "code", "field"),
    [
        (outright(quote="EUR"), "same-currency", "$.terms.quote"),
        (outright(base="XXX"), "unknown-currency", "$.terms.base"),
        (outright(points=Decimal("-1.1")), "not-positive", "$.terms.points"),
        (outright(rate=Decimal(0)), "not-positive", "$.terms.rate"),
        (outright(tenor=None), "date-or-tenor", "$.terms.settlement_date"),
        (outright(settlement_date=date(2027, 1, 4)), "date-or-tenor", "$.terms.settlement_date"),
        (outright(tenor=None, settlement_date=date(2026, 11, 1)), "date-out-of-range", "$.terms.settlement_date"),
        (swap(far_date=date(2027, 1, 4)), "date-or-tenor", "$.terms.far_date"),
        (swap(tenor=None, far_date=date(2026, 11, 26)), "date-out-of-range", "$.terms.far_date"),
        (swap(near_date=date(2026, 11, 1)), "date-out-of-range", "$.terms.near_date"),
        (swap(far_trade_id="T1"), "trade-exists", "$.terms.far_trade_id"),
    ],
)
def test_a_forward_that_cannot_be_names_its_field(terms: Any, code: str, field: str) -> None:
    assert refusal(trade(terms)) == (code, field)


def test_a_far_leg_needs_a_trade_id_of_its_own() -> None:
    taken = trade(euros(), "T1-FAR")
    assert refusal(taken, trade(swap())) == ("trade-exists", "$.terms.far_trade_id")


def test_neither_leg_is_taken_when_the_trade_date_cannot_be() -> None:
    assert refusal(trade(swap(), trade_date=date(1900, 1, 1))) == ("date-out-of-range", "$.trade_date")
