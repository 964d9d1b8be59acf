"""What ends a holding, coupons, and actions on what goes from one book to another."""

from datetime import timedelta
from decimal import Decimal

from domain.commands import (
    AnnounceCorporateAction,
    BookPenalty,
    ClassifyInstrument,
    FailSettlement,
    SetPenaltyRate,
)
from domain.commands.corporate_actions import CashMerger, Coupon, Redemption, StockDividend
from tests.corporate_actions import EX, PAY, Told, announced, bought, dividend, figures, roll, split
from tests.instruments import INSTRUMENTS as CONTRACTS
from tests.instruments import OAT, define, nominal, trade
from tests.ledger import send
from tests.rules import DAY
from tests.trade_commands import about, moving

DUE = EX
CASH = ("settled", "receivable", "payable")
LATER = EX + timedelta(days=1)


def test_a_cash_merger_closes_every_lot_at_its_price_and_what_is_bought_later_is_not_touched() -> None:
    told = Told(roll(DAY), bought("T1", "10", "100"), bought("T2", "5", "90"), announced(_merger("120"), pay=PAY))
    told.tell(roll(EX), bought("T3", "1", "7", trade_date=LATER))
    assert figures(told.position(), "quantity", "cost", "realised", "income") == [1, 7, 350, 0]
    assert told.limited() == 1
    assert figures(told.cash(), *CASH) == [0, 1800, 1457]
    told.tell(roll(PAY))
    assert figures(told.cash(), *CASH) == [1800, 0, 1457]
    assert told.accounts()["Income:RealisedPnL", "EUR"] == -350


def test_a_short_holding_pays_what_it_is_closed_for() -> None:
    told = Told(roll(DAY), bought("T1", "10", "100", side="sell"), announced(_merger("120"), pay=PAY), roll(EX))
    assert figures(told.position(), "quantity", "realised") == [0, -200]
    assert figures(told.cash(), *CASH) == [0, 1000, 1200]


def test_a_stock_dividend_is_a_split_that_names_what_comes_on_top() -> None:
    told = Told(bought("T1", "15", "10"), announced(StockDividend(units=Decimal("0.1"), cash_in_lieu=Decimal(8))))
    # One and a half more: the half is sold for 4, of the 150 that 16.5 cost it takes 4.55 and the rounding.
    position = told.position()
    assert figures(position, "quantity", "units") == [16, Decimal("1.1")]
    assert position.cost + 4 - position.realised == 150
    assert abs(position.cost - Decimal("145.4545454545")) < Decimal("1e-9")


def test_a_bond_pays_its_coupon_by_nominal_and_is_redeemed_at_par() -> None:
    told = Told(define("OAT", "DBFTFB", OAT), roll(DAY), trade(nominal("100000", "98")))
    for action, terms in (("C1", Coupon(percent=Decimal("2.5"))), ("R1", Redemption(amount=Decimal(1)))):
        told.tell(AnnounceCorporateAction(
            command_id=action, action=action, instrument="OAT", ex_date=EX, pay_date=EX, terms=terms
        ))
    # The coupon is for what is held before it is redeemed on the same day.
    position = told.tell(roll(EX)).models()["positions"]["EQ-1/OAT"]
    assert figures(position, "quantity", "realised", "cost") == [0, 2000, 0]
    accounts = told.accounts()
    assert accounts["Assets:Nostro", "EUR"] == 102_500
    assert accounts["Income:Interest", "EUR"] == -2500


def test_issuers_do_nothing_to_contracts() -> None:
    told = Told(*CONTRACTS)
    (outcome,) = send(told.logs, AnnounceCorporateAction(
        command_id="c", action="C1", instrument="CRUDE", ex_date=EX, terms=_merger("1")
    ))
    assert (outcome.code, outcome.field) == ("not-entitled", "$.instrument")


def test_lots_of_after_a_split_go_to_another_book_and_what_is_said_of_before_is_split_there() -> None:
    told = Told(roll(DAY), bought("T1", "10", "100"), announced(split("2")), roll(EX))
    told.tell(moving(("T1", "8", "400"), transfer_date=EX))
    told.logs.carry_all()
    assert figures(told.position("EQ-1"), "quantity", "cost") == [12, 600]
    assert figures(told.position("EQ-2"), "quantity", "cost") == [8, 400]
    # One that is dated before the split, and comes to know of it only where it arrives.
    told.tell(moving(("T1", "3", "300"), transfer_id="M2", transfer_date=DAY))
    told.logs.carry_all()
    assert figures(told.position("EQ-1"), "quantity", "cost") == [6, 300]
    assert figures(told.position("EQ-2"), "quantity", "cost") == [14, 700]
    assert [told.limited(book) for book in ("EQ-1", "EQ-2")] == [6, 14]


def test_a_book_that_only_received_shares_is_paid_their_dividend() -> None:
    told = Told(roll(DAY), bought("T1", "10", "100"), announced(dividend("1", "25"), pay=PAY), roll(EX))
    told.tell(moving(("T1", "4", "400")))
    told.logs.carry_all()
    assert figures(told.position("EQ-1"), "income", "tax") == [Decimal("4.5"), Decimal("1.5")]
    assert figures(told.cash("EQ-2"), *CASH) == [0, 3, 0]
    told.tell(roll(PAY))
    assert figures(told.cash("EQ-2"), *CASH) == [3, 0, 0]


def _merger(amount: str) -> CashMerger:
    return CashMerger(amount=Decimal(amount))


def test_a_penalty_that_is_booked_after_an_action_moves_nothing_of_the_action_again() -> None:
    told = Told(
        SetPenaltyRate(command_id="p1", kind="liquid-shares", rate=Decimal(1), effective_from=DAY),
        ClassifyInstrument(command_id="p2", instrument="SAN", liquidity="liquid-shares", effective_from=DAY),
        roll(DAY), bought("T1", "1000", "100"), announced(dividend("1"), pay=DUE + timedelta(days=9)),
        roll(DUE), roll(DUE + timedelta(days=4)), about(FailSettlement, cause="securities"),
    )
    assert figures(told.cash(), "settled", "receivable") == [0, 1000]
    told.tell(about(BookPenalty))
    assert figures(told.cash(), "settled", "receivable", "penalties") == [30, 1000, 30]
