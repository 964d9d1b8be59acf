"""What a book has, is to receive and is to pay, by currency."""

from decimal import Decimal
from typing import Any

from domain.commands import AffirmTrade, AmendTrade, CancelTrade, CorrectTrade, FailSettlement, SettleTrade
from tests.documents import History
from tests.rules import booking
from tests.trade_commands import about, euros, money, shares


def cash(*commands: Any, currency: str = "EUR") -> tuple[Decimal | int, ...]:
    shown = History(*commands).documents("cash")[f"EQ-1/{currency}"]
    return (shown.settled, shown.receivable, shown.payable, shown.total, shown.fees)


FEES = {"broker": Decimal("1.5"), "tax": Decimal(3)}


def test_a_purchase_is_payable_with_its_fees_and_a_sale_receivable_without_them() -> None:
    assert cash(booking(fees=FEES)) == (0, 0, Decimal("1004.5"), Decimal("-1004.5"), Decimal("4.5"))
    assert cash(booking(fees=FEES, side="sell")) == (0, Decimal("995.5"), 0, Decimal("995.5"), Decimal("4.5"))


def test_a_sale_for_less_than_its_fees_is_to_be_paid() -> None:
    assert cash(booking(side="sell", price="0.1", fees=FEES)) == (0, 0, Decimal("3.5"), Decimal("-3.5"), Decimal("4.5"))


def test_a_settlement_moves_what_was_expected() -> None:
    settled = cash(booking(fees=FEES), about(SettleTrade))
    assert settled == (Decimal("-1004.5"), 0, 0, Decimal("-1004.5"), Decimal("4.5"))


def test_the_last_part_of_a_settlement_takes_what_rounding_left() -> None:
    trade, parts = booking(quantity="3", price="33.333"), [about(SettleTrade, quantity=Decimal(1))] * 3
    assert cash(trade, *parts[:1])[:3] == (Decimal("-33.33"), 0, Decimal("66.669"))
    assert cash(trade, *parts[:2])[:3] == (Decimal("-66.66"), 0, Decimal("33.339"))
    assert cash(trade, *parts)[:3] == (Decimal("-99.999"), 0, 0)


def test_affirmations_and_fails_move_no_cash() -> None:
    assert cash(booking(), about(AffirmTrade), about(FailSettlement)) == cash(booking())


def test_both_currencies_of_a_pair_move() -> None:
    fx = euros()
    assert cash(booking(terms=fx))[:3] == (0, 100, 0)
    assert cash(booking(terms=fx), currency="USD")[:3] == (0, 0, 110)
    in_part = [booking(terms=fx), about(SettleTrade, quantity=Decimal(40))]
    assert cash(*in_part)[:3] == (40, 60, 0)
    assert cash(*in_part, currency="USD")[:3] == (-44, 0, 66)


def test_a_loan_goes_out_and_comes_back_with_its_interest() -> None:
    steps: list[Any] = [booking(terms=money()), about(SettleTrade), about(SettleTrade)]
    assert [cash(*steps[:number])[:3] for number in (1, 2, 3)] == [(0, 0, 36000), (-36000, 0, 0), (200, 0, 0)]


def test_an_amendment_changes_what_is_still_expected() -> None:
    in_part = [booking(), about(SettleTrade, quantity=Decimal(4))]
    assert cash(*in_part, about(AmendTrade, terms=shares(price="110")))[:3] == (-400, 0, 700)
    assert cash(*in_part, about(AmendTrade, terms=shares(price="110")), about(SettleTrade))[:3] == (-1100, 0, 0)


def test_a_correction_of_the_currency_moves_the_expectation_there() -> None:
    other = shares("3", "50", instrument="IBM", fees=FEES)
    corrected = [booking(fees=FEES), about(CorrectTrade, terms=other, reason="typo")]
    assert cash(*corrected) == (0, 0, 0, 0, 0)
    assert cash(*corrected, currency="USD") == (0, 0, Decimal("154.5"), Decimal("-154.5"), Decimal("4.5"))


def test_a_cancelled_trade_leaves_no_cash() -> None:
    assert cash(booking(fees=FEES), about(CancelTrade)) == (0, 0, 0, 0, 0)


def test_what_was_paid_for_a_trade_that_then_costs_nothing_is_owed_back() -> None:
    free = about(CorrectTrade, terms=shares("0.5", "0"), reason="typo")
    assert cash(booking(quantity="0.5"), about(SettleTrade, quantity=Decimal("0.25")), free)[:4] == (-25, 0, -25, 0)
