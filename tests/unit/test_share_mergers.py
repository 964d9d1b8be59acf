"""Mergers for stock, and for stock and cash: given what is held, when the ex date comes, then it is another holding."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AmendTrade, CancelTrade, DefineBook, IncreaseTrade
from domain.commands.lots import NamedLot
from tests.corporate_actions import EX, PAY, Told, announced, bought, cancelled, figures, merger, mixed, of, roll
from tests.instruments import define
from tests.ledger import send
from tests.rules import DAY
from tests.trade_commands import about, shares

NEW = define("AXA", "ESVUFR", None, issuer="AXA")
FIGURES, CASH = ("quantity", "cost", "realised"), ("settled", "receivable", "payable")
LATER = EX + timedelta(days=1)


def test_every_lot_becomes_one_of_the_other_company_at_its_cost_and_with_its_date() -> None:
    told = Told(
        NEW, roll(DAY), bought("T1", "10", "100"), bought("T2", "5", "90"), announced(merger("3", "2"), pay=PAY),
        roll(EX),
    )
    assert figures(told.position(), *FIGURES, "settled") == [0, 0, 0, 0]
    new = told.position(instrument="AXA")
    assert figures(new, *FIGURES, "settled") == [Decimal("22.5"), 1450, 0, 0]
    assert [(lot.trade_id, lot.trade_date, lot.quantity, lot.cost) for lot in new.lots] == [
        ("T1", DAY, 15, 1000), ("T2", DAY, Decimal("7.5"), 450)
    ]
    accounts = told.accounts()
    assert accounts["Liabilities:SecuritiesDeliverable:SANOFI", "SAN"] == -15
    assert accounts["Assets:SecuritiesReceivable:AXA", "AXA"] == Decimal("22.5")
    assert [told.limited(), told.limited(instrument="AXA")] == [0, Decimal("22.5")]
    # What is sold of it then is the older lot, at what that cost.
    told.tell(roll(PAY), bought("T3", "15", "70", side="sell", instrument="AXA", trade_date=PAY))
    assert figures(told.position(instrument="AXA"), *FIGURES) == [Decimal("7.5"), 450, 50]
    assert figures(told.position(), "settled") == [-15]


def test_the_fraction_of_all_that_comes_is_paid_out() -> None:
    told = Told(NEW, bought("T1", "10", "100"), bought("T2", "5", "90"), announced(merger("3", "2", cash_in_lieu="80")))
    # Half of a unit of the oldest lot, of which one cost two thirds of 100.
    position = told.position(instrument="AXA")
    assert position.quantity == 22
    assert abs(position.realised - (40 - Decimal(100) / 3)) < Decimal("1e-9")
    assert position.cost + 40 - position.realised == 1450
    assert figures(told.cash(), *CASH) == [40, 0, 1450]
    assert told.accounts()["Equity:Trading:AXA", "EUR"] == position.cost


@pytest.mark.parametrize(("price", "realised", "cost"), [
    # Ten bought at 100 become ten of another company and 300 of cash.
    ("90", "200", "900"),   # 300 + 900 - 1000 is gained, less than the cash: all of it is realised
    ("150", "300", "1000"),  # 800 is gained: only so much of it as there is cash
    ("50", "0", "700"),     # 200 is lost: none of it is realised, and it stays in the cost
])
def test_of_a_mixed_merger_the_gain_is_realised_up_to_the_cash_and_a_loss_is_not(
    price: str, realised: str, cost: str
) -> None:
    told = Told(NEW, roll(DAY), bought("T1", "10", "100"), announced(mixed("1", "1", "30", price), pay=PAY), roll(EX))
    assert figures(told.position(), *FIGURES) == [0, 0, Decimal(realised)]
    assert figures(told.position(instrument="AXA"), *FIGURES) == [10, Decimal(cost), 0]
    assert figures(told.cash(), *CASH) == [0, 300, 1000]
    assert figures(told.tell(roll(PAY)).cash(), *CASH) == [300, 0, 1000]
    assert told.accounts()["Equity:Trading:AXA", "EUR"] == Decimal(cost)
    assert told.accounts().get(("Income:RealisedPnL", "EUR"), 0) == -Decimal(realised)


@pytest.mark.parametrize(("price", "realised", "cost"), [
    # Ten bought at 100 become six and two thirds of another company and 300 of cash; the units are rounded upwards.
    ("105", "0", "700"),    # they are worth 700: nothing is gained
    ("135", "200", "900"),  # 900, so 200 is gained
    ("150", "300", "1000"),  # 1000, so 300 is, which is all of the cash
    ("200.01", "300", "1000"),
    ("105.0001", "0.000666666667", "700.000666666667"),
])
def test_what_is_rounded_of_the_units_is_neither_gained_nor_lost(price: str, realised: str, cost: str) -> None:
    told = Told(NEW, roll(DAY), bought("T1", "10", "100"), announced(mixed("2", "3", "30", price), pay=PAY), roll(EX))
    assert figures(told.position(), *FIGURES) == [0, 0, Decimal(realised)]
    assert figures(told.position(instrument="AXA"), *FIGURES) == [Decimal("6.666666666667"), Decimal(cost), 0]
    assert told.accounts().get(("Income:RealisedPnL", "EUR"), 0) == -Decimal(realised)
    assert told.accounts()["Equity:Trading:AXA", "EUR"] == Decimal(cost)
    assert ("Equity:Exchanged:SAN", "EUR") not in told.accounts()


def test_of_several_lots_each_gains_nothing_by_itself() -> None:
    lots = [bought(f"T{number}", str(number), "100") for number in (1, 2, 4)]
    told = Told(NEW, *lots, announced(mixed("2", "3", "30", "105")))
    assert told.position().realised == 0
    assert [lot.cost for lot in told.position(instrument="AXA").lots] == [70, 140, 280]


def test_gain_and_loss_are_told_lot_by_lot() -> None:
    told = Told(NEW, bought("T1", "10", "100"), bought("T2", "10", "200"), announced(mixed("1", "1", "30", "150")))
    # The first gained 800, of which 300 is realised; the second lost 200, which stays.
    assert told.position().realised == 300
    assert [lot.cost for lot in told.position(instrument="AXA").lots] == [1000, 1700]


def test_who_is_short_owes_the_new_shares_and_the_cash() -> None:
    told = Told(
        NEW, roll(DAY), bought("T1", "10", "100", side="sell"), announced(mixed("1", "2", "30", "80"), pay=PAY),
        roll(EX),
    )
    # Sold for 1000; 300 and five units of 80 are owed: 300 is gained, and all of it is realised.
    assert figures(told.position(), *FIGURES) == [0, 0, 300]
    assert figures(told.position(instrument="AXA"), *FIGURES) == [-5, -400, 0]
    assert figures(told.cash(), *CASH) == [0, 1000, 300]
    assert told.accounts()["Liabilities:SecuritiesDeliverable:AXA", "AXA"] == -5


def test_two_companies_that_become_each_other_on_one_day_do_so_from_what_was_held_before() -> None:
    told = Told(
        NEW, bought("T1", "10", "100"), bought("T2", "6", "50", instrument="AXA"), announced(merger("1", "2"), "A1"),
        of("AXA", merger("1", "1", "SAN"), "A2", EX),
    )
    assert figures(told.position(), *FIGURES) == [6, 300, 0]
    assert figures(told.position(instrument="AXA"), *FIGURES) == [5, 1000, 0]
    # And back again the day after.
    told.tell(announced(merger("2", "1"), "A3", ex=LATER))
    assert figures(told.position(), *FIGURES) == [0, 0, 0]
    assert figures(told.position(instrument="AXA"), *FIGURES) == [17, 1300, 0]
    assert [told.limited(), told.limited(instrument="AXA")] == [0, 17]


def test_trades_that_change_after_the_merger_change_what_came_of_them() -> None:
    told = Told(NEW, roll(DAY), bought("T1", "10", "100"), bought("T2", "4", "90"), announced(merger("1", "2")))
    told.tell(roll(EX))
    told.tell(about(AmendTrade, "T1", terms=shares("20", "100")), about(CancelTrade, "T2"))
    assert figures(told.position(instrument="AXA"), *FIGURES) == [10, 2000, 0]
    assert told.limited(instrument="AXA") == 10
    # It is of the other company that more could be agreed.
    (outcome,) = send(told.logs, about(IncreaseTrade, "T1", quantity=Decimal(1), price=Decimal(9)))
    assert outcome.code == "units-changed"
    told.tell(cancelled())
    assert figures(told.position(), *FIGURES) == [20, 2000, 0]
    assert figures(told.position(instrument="AXA"), *FIGURES) == [0, 0, 0]


def test_lots_that_came_are_named_by_the_trades_that_opened_them() -> None:
    chosen: Any = DefineBook(command_id="b", book="SPEC", name="Chosen", desk="EQ", lot_method="specific")
    told = Told(
        NEW, chosen, bought("T1", "10", "100", book="SPEC"), bought("T2", "10", "90", book="SPEC"),
        announced(merger("1", "1")),
    )
    told.tell(bought(
        "T3", "4", "120", side="sell", instrument="AXA", book="SPEC", trade_date=LATER,
        closes=(NamedLot(trade_id="T2", quantity=Decimal(4)),),
    ))
    assert figures(told.position("SPEC", "AXA"), *FIGURES, "substituted") == [16, 1540, 120, 0]
    (outcome,) = send(told.logs, bought(
        "T4", "1", "120", side="sell", book="SPEC", trade_date=LATER, instrument="IBM",
        closes=(NamedLot(trade_id="T2", quantity=Decimal(1)),),
    ))
    assert outcome.code == "unknown-lot"


@pytest.mark.parametrize(("terms", "field", "code"), [
    (mixed("1", "1", "0", "80"), "$.terms.amount", "not-positive"),
    (mixed("1", "1", "3", "0"), "$.terms.price", "not-positive"),
    (merger("1", "0"), "$.terms.old", "not-positive"),
    (merger("1", "1", "SAN"), "$.terms.into", "same-instrument"),
])
def test_what_cannot_be_meant_is_refused_by_its_field(terms: Any, field: str, code: str) -> None:
    (outcome,) = send(Told(NEW).logs, announced(terms))
    assert (outcome.code, outcome.field) == (code, field)
