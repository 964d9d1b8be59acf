"""Splits and cash dividends: given trades and an announcement, when the ex date and the pay date come, then."""

from datetime import timedelta
from decimal import Decimal

from domain.commands import CancelTrade, CorrectTrade, SettleTrade
from projections.as_of import Instant, position_at
from projections.explanation import explain
from tests.corporate_actions import (
    EX,
    PAY,
    Told,
    amended,
    announced,
    bought,
    cancelled,
    dividend,
    figures,
    roll,
    split,
)
from tests.properties.instants import among
from tests.rules import DAY, MOMENT
from tests.trade_commands import about, shares

APPLIED, PAID, REVERSED = (f"corporate-action.{what}.v1" for what in ("applied", "paid", "reversed"))
CASH = ("settled", "receivable", "payable")
LATER = EX + timedelta(days=1)


def test_a_split_multiplies_lots_and_leaves_their_cost_and_dates() -> None:
    told = Told(roll(DAY), bought("T1", "10", "100"), bought("T2", "5", "90"), announced(split("3")))
    assert told.types == []
    assert told.tell(roll(EX)).types == [APPLIED, PAID]
    position = told.position()
    assert figures(position, "quantity", "cost", "realised", "units") == [45, 1450, 0, 3]
    assert [(lot.trade_id, lot.trade_date, lot.quantity, lot.cost) for lot in position.lots] == [
        ("T1", DAY, 30, 1000), ("T2", DAY, 15, 450)
    ]
    assert told.limited() == 45
    accounts = told.accounts()
    assert accounts["Equity:Trading:SAN", "SAN"] == -45
    assert accounts["Equity:Trading:SAN", "EUR"] == 1450


def test_what_is_sold_of_a_split_lot_costs_its_share_and_the_last_of_it_the_rest() -> None:
    told = Told(bought("T1", "10", "100"), announced(split("3"), ex=EX))
    for number in range(3):
        told.tell(bought(f"S{number}", "10", "40", side="sell", trade_date=LATER))
        assert figures(told.position(), "realised", "cost")[1] == sum(lot.cost for lot in told.position().lots)
    assert figures(told.position(), "quantity", "cost", "realised") == [0, 0, 200]


def test_a_trade_that_comes_late_is_split_too_and_one_of_the_ex_date_is_not() -> None:
    told = Told(
        roll(DAY), bought("T1", "10", "100"), announced(split("2")), roll(EX), bought("T2", "1", "50", trade_date=EX)
    )
    assert told.position().quantity == 21
    told.tell(bought("T3", "4", "90"))
    assert figures(told.position(), "quantity", "cost") == [29, 1410]
    assert told.limited() == 29
    told.tell(about(CancelTrade, "T1"))
    assert figures(told.position(), "quantity", "cost") == [9, 410]
    assert told.limited() == 9


def test_a_late_trade_brings_the_actions_to_a_book_that_held_nothing() -> None:
    told = Told(roll(DAY), bought(), announced(split("2")), announced(dividend("1"), "A2"), roll(EX))
    assert told.types == [APPLIED, PAID, APPLIED, PAID]
    told.tell(bought("T2", "7", "80", book="EQ-2"))
    # The dividend is for what was held before the split of the same day.
    assert figures(told.position("EQ-2"), "quantity", "cost", "income") == [14, 560, 7]
    assert figures(told.cash("EQ-2"), *CASH) == [7, 0, 560]
    # Only what the first trade does not have yet comes with the next.
    told.tell(bought("T3", "1", "80", book="EQ-2"))
    assert [len(each.event.actions) for each in told.events if each.type == "trade.booked.v1"] == [0, 2, 0]  # type: ignore[attr-defined]
    assert told.position("EQ-2").quantity == 16


def test_a_correction_of_the_trade_date_to_before_the_ex_date_is_split() -> None:
    told = Told(announced(split("2")), bought("T1", "10", "100", trade_date=LATER))
    assert told.position().quantity == 10
    told.tell(about(CorrectTrade, "T1", terms=shares("10", "100"), trade_date=DAY, reason="dealt before"))
    assert told.position().quantity == told.limited() == 20


def test_a_reverse_split_pays_the_fraction_of_the_whole_holding_in_cash() -> None:
    told = Told(bought("T1", "30", "10"), bought("T2", "25", "12"), announced(split("1", "20", cash_in_lieu="210")))
    # 55 / 20 = 2.75: of the oldest lot three quarters of a new share, which cost 150, are paid out for 157.50.
    position = told.position()
    assert figures(position, "quantity", "cost", "realised") == [2, 450, Decimal("7.50")]
    assert figures(told.cash(), *CASH) == [Decimal("157.50"), 0, 600]
    accounts = told.accounts()
    assert accounts["Equity:Trading:SAN", "SAN"] == -2
    assert accounts["Equity:Trading:SAN", "EUR"] == 450


def test_a_split_and_its_reverse_are_nothing() -> None:
    plain = Told(bought("T1", "10", "100"), bought("T2", "4", "70", side="sell"))
    both = Told(
        bought("T1", "10", "100"), bought("T2", "4", "70", side="sell"), announced(split("7", "2"), "A1"),
        announced(split("2", "7"), "A2", ex=LATER),
    )
    assert both.position().lots == plain.position().lots
    assert both.limited() == plain.limited()
    assert figures(both.position(), "quantity", "cost", "realised", "units") == [6, 600, -120, 1]
    assert both.accounts()["Equity:Trading:SAN", "SAN"] == plain.accounts()["Equity:Trading:SAN", "SAN"]


def test_a_dividend_is_receivable_at_the_ex_date_and_cash_at_the_pay_date_less_the_tax_withheld() -> None:
    told = Told(roll(DAY), bought("T1", "10", "100"), announced(dividend("1.50", "25"), pay=PAY), roll(EX))
    assert told.types == [APPLIED]
    assert figures(told.position(), "income", "tax", "quantity") == [Decimal("11.25"), Decimal("3.75"), 10]
    assert figures(told.cash(), *CASH) == [0, Decimal("11.25"), 1000]
    assert told.accounts()["Assets:DividendReceivable:SANOFI", "EUR"] == Decimal("11.25")
    assert told.accounts()["Expense:WithholdingTax", "EUR"] == Decimal("3.75")
    assert told.accounts()["Income:Dividend", "EUR"] == -15
    assert told.tell(roll(PAY)).types == [APPLIED, PAID]
    assert figures(told.cash(), *CASH) == [Decimal("11.25"), 0, 1000]
    assert ("Assets:DividendReceivable:SANOFI", "EUR") not in told.accounts()


def test_unsettled_shares_are_entitled_and_who_is_short_pays_the_gross_amount() -> None:
    told = Told(
        roll(DAY), bought("T1", "10", "100", side="sell"), bought("T2", "4", "100"), about(SettleTrade, "T1"),
        announced(dividend("2", "30"), pay=PAY), roll(EX),
    )
    assert figures(told.position(), "quantity", "income", "tax") == [-6, -12, 0]
    assert figures(told.cash(), "receivable", "payable") == [0, 412]
    assert told.accounts()["Liabilities:DividendPayable:SANOFI", "EUR"] == -12


def test_an_amended_dividend_is_as_if_it_had_always_been_so() -> None:
    told = Told(roll(DAY), bought(), announced(dividend("1")), roll(EX), amended(dividend("2"), ex=EX, pay=PAY))
    assert told.types == [APPLIED, PAID, APPLIED]
    assert figures(told.position(), "income") == [20]
    assert figures(told.cash(), *CASH) == [0, 20, 1000]
    other = Told(roll(DAY), bought(), announced(dividend("2"), pay=PAY), roll(EX))
    assert told.accounts() == other.accounts()
    # It is to come only later: then it has not come yet.
    told.tell(amended(split("2"), ex=PAY))
    assert told.types[3:] == [REVERSED]
    assert figures(told.position(), "income", "quantity") == [0, 10]
    assert told.tell(roll(PAY)).types[4:] == [APPLIED, PAID]
    assert told.position().quantity == 20


def test_a_cancelled_action_never_was() -> None:
    never = Told(roll(DAY), bought(), roll(EX))
    told = Told(roll(DAY), bought(), announced(split("2")), announced(dividend("1"), "A2"), roll(EX))
    assert told.position().quantity == 20
    told.tell(cancelled("A1"), cancelled("A2"))
    assert told.accounts() == never.accounts()
    assert told.limited() == never.limited() == 10
    assert told.position().lots == never.position().lots
    # A late trade of another book is touched no more either.
    assert told.tell(bought("T9", book="EQ-2")).position("EQ-2").quantity == 10


def test_what_was_known_and_held_before_is_still_told() -> None:
    told = Told(roll(DAY), bought("T1", "10", "100", effective_at=MOMENT), announced(dividend("1"), pay=PAY))
    before = len(told.events)
    told.tell(roll(EX), roll(PAY), bought("T2", "5", "100", effective_at=MOMENT))
    groups = told.groups()
    (group,) = groups.values()
    last = len(told.events)
    known_at = [position_at(group, Instant(None, known), among(groups)) for known in (before, before + 2, last)]
    incomes = [getattr(each, "income", None) for each in known_at]
    assert incomes == [0, 10, 15]
    first_day = position_at(group, Instant(MOMENT, last), among(groups))
    assert first_day is not None
    assert figures(first_day, "quantity", "income") == [15, 0]
    explained = explain(group, Instant(None, last), among(groups))
    assert explained is not None
    assert [(each.kind, each.trade_id) for each in explained.items] == [
        ("trade", "T1"), ("trade", "T2"), ("action", "A1"), ("payment", "A1")
    ]
    assert [figures(each, "income", "amount") for each in explained.items] == [[0, -1000], [0, -500], [15, 15], [0, 0]]
