"""Holdings of an instrument in a book: by trade date, settled and in flight, with lots, cost and profit."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AmendTrade, CancelTrade, CorrectTrade, FailSettlement, SettleTrade
from domain.refusals import Refused
from tests.documents import History
from tests.rules import DAY, MOMENT, booking
from tests.trade_commands import about, euros, money, shares

YESTERDAY = DAY - timedelta(1)


def position(*commands: Any, key: str = "EQ-1/SAN") -> Any:
    return History(*commands).documents("positions")[key]


def lots(shown: Any) -> list[tuple[str, Decimal | int, Decimal | int]]:
    return [(lot.trade_id, lot.quantity, lot.price) for lot in shown.lots]


def test_a_booking_is_a_position_in_flight_until_it_settles() -> None:
    booked = position(booking(fees={"broker": Decimal("1.5"), "tax": Decimal(2)}))
    assert (booked.quantity, booked.settled, booked.in_flight) == (10, 0, 10)
    assert (booked.cost, booked.realised, booked.fees, booked.trades) == (1000, 0, Decimal("3.5"), 1)
    in_part = position(booking(), about(SettleTrade, quantity=Decimal(4)))
    assert (in_part.quantity, in_part.settled, in_part.in_flight) == (10, 4, 6)
    whole = position(booking(), about(SettleTrade, quantity=Decimal(4)), about(SettleTrade))
    assert (whole.settled, whole.in_flight) == (10, 0)


def test_profit_is_realised_before_fees() -> None:
    closed = position(
        booking(fees={"tax": Decimal(3)}), booking("T2", "10", "110", side="sell", fees={"tax": Decimal(4)})
    )
    assert (closed.quantity, closed.realised, closed.fees, closed.cost) == (0, 100, 7, 0)


def test_a_trade_through_zero_closes_the_old_lots_and_opens_one_of_its_own() -> None:
    flipped = position(booking(), booking("T2", "5", "104"), booking("T3", "18", "110", side="sell"))
    assert lots(flipped) == [("T3", -3, 110)]
    assert (flipped.quantity, flipped.cost, flipped.realised) == (-3, -330, 100 + 30)
    assert flipped.realised_change == 130


def test_the_lot_method_is_that_of_the_book() -> None:
    averaged = position(
        booking(book="EQ-2"), booking("T2", "10", "110", book="EQ-2"),
        booking("T3", "5", "120", side="sell", book="EQ-2"), key="EQ-2/SAN",
    )
    assert (averaged.realised, averaged.cost) == (75, 1575)
    assert lots(averaged) == [("", 15, 105)]


def test_a_back_dated_trade_takes_its_place_before_later_ones() -> None:
    late = booking("T9", "10", "90", trade_date=YESTERDAY)
    shown = position(booking(), booking("T2", "10", "110", side="sell"), late)
    assert (shown.realised, shown.cost) == (200, 1000)
    assert lots(shown) == [("T1", 10, 100)]
    assert shown.realised_change == 100


def test_trades_of_one_day_are_ordered_by_when_they_were_executed() -> None:
    early = booking("T9", "10", "90", effective_at=MOMENT - timedelta(hours=1))
    shown = position(booking(), booking("T2", "10", "110", side="sell"), early)
    assert lots(shown) == [("T1", 10, 100)]


def test_an_amended_trade_keeps_its_place_among_the_lots() -> None:
    amended = position(booking(), booking("T2", "10", "110"), about(AmendTrade, terms=shares("8", "101")))
    assert lots(amended) == [("T1", 8, 101), ("T2", 10, 110)]
    assert (amended.quantity, amended.cost, amended.trades) == (18, 1908, 2)


def test_a_correction_of_the_trade_date_moves_a_lot() -> None:
    moved = position(
        booking(), booking("T2", "10", "110"),
        about(CorrectTrade, "T2", terms=shares(price="110"), trade_date=YESTERDAY, reason="typo"),
    )
    assert lots(moved) == [("T2", 10, 110), ("T1", 10, 100)]


def test_a_correction_of_the_instrument_leaves_one_position_for_the_other() -> None:
    history = History(booking(), about(CorrectTrade, terms=shares("3", instrument="IBM"), reason="wrong"))
    found = history.documents("positions")
    left, taken = found["EQ-1/SAN"], found["EQ-1/IBM"]
    assert (left.quantity, left.cost, left.trades, left.lots, left.last_place) == (0, 0, 0, (), None)
    assert (taken.quantity, taken.cost, taken.trades, taken.currency) == (3, 300, 1, "USD")


def test_a_cancelled_closing_trade_takes_its_profit_back() -> None:
    shown = position(booking(), booking("T2", "4", "120", side="sell"), about(CancelTrade, "T2"))
    assert (shown.quantity, shown.realised, shown.realised_change, shown.cost) == (10, 0, -80, 1000)


def test_a_settlement_changes_nothing_that_was_earned() -> None:
    shown = position(booking(), booking("T2", "10", "120", side="sell"), about(SettleTrade, "T2"))
    assert (shown.realised, shown.realised_change, shown.settled, shown.in_flight) == (200, 0, -10, 10)


def test_a_currency_pair_is_a_position_in_its_base_currency() -> None:
    shown = position(booking(terms=euros("sell")), key="EQ-1/EURUSD")
    assert (shown.quantity, shown.cost, shown.asset, shown.currency) == (-100, Decimal("-110.0"), "EUR", "USD")


def test_a_loan_is_held_at_par_and_earns_its_interest_when_it_is_repaid() -> None:
    steps: list[Any] = [booking(terms=money()), about(SettleTrade), about(SettleTrade, quantity=Decimal(9000))]
    key = "EQ-1/LOAN-EUR"
    booked, started, in_part = (position(*steps[:number], key=key) for number in (1, 2, 3))
    assert (booked.quantity, booked.settled, booked.cost, booked.lots) == (36000, 0, 36000, ())
    assert (started.quantity, started.settled, started.income) == (36000, 36000, 0)
    assert (in_part.quantity, in_part.settled, in_part.income) == (27000, 27000, 50)
    repaid = position(*steps, about(SettleTrade), key=key)
    assert (repaid.quantity, repaid.settled, repaid.cost, repaid.income, repaid.realised) == (0, 0, 0, 200, 0)


def test_loans_to_several_are_one_position_without_an_issuer() -> None:
    shown = position(booking(terms=money()), booking("T2", terms=money()), key="EQ-1/LOAN-EUR")
    assert (shown.issuer, shown.quantity) == ("", 72000)
    assert position(booking()).issuer == "SANOFI"


def test_a_loan_that_has_started_stands_even_when_its_repayment_fails() -> None:
    history = History(booking(terms=money()), about(SettleTrade))
    history.trades.dates["business-date"] = date(2027, 1, 4)
    history.when(about(FailSettlement))
    with pytest.raises(Refused) as refused:
        history.when(about(CancelTrade))
    assert refused.value.code == "already-settled"


def test_a_deposit_costs_its_interest() -> None:
    shown = position(booking(terms=money("take")), about(SettleTrade), about(SettleTrade), key="EQ-1/DEPOSIT-EUR")
    assert (shown.quantity, shown.income) == (0, -200)
