"""The books of the published example: 100 bought at 50 with a fee of 5, 40 of them sold at 55; and what then moves."""

from decimal import Decimal
from typing import Any

from domain.commands import DefineBook, SettleTrade
from tests.documents import History
from tests.properties.test_second_model import posted
from tests.rules import booking
from tests.trade_commands import about, moving

BUY = booking("T1", "100", "50", instrument="IBM", fees={"broker": Decimal(5)})
SELL = booking("T2", "40", "55", side="sell", instrument="IBM")


def entries(*commands: Any, book: str = "EQ-1") -> list[dict[tuple[str, str], Decimal]]:
    """What each entry posts to the accounts of a book."""
    journal = History(*commands).documents("journal")
    return [
        {(account, asset): quantity for (_, account, asset), quantity in posted([entry]).items()}
        for entry in sorted(journal.values(), key=lambda each: each.sequence) if entry.book == book
    ]


def total(found: list[dict[tuple[str, str], Decimal]]) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = {}
    for entry in found:
        for account, quantity in entry.items():
            sums[account] = sums.get(account, Decimal(0)) + quantity
    return {account: quantity for account, quantity in sums.items() if quantity}


def test_the_purchase_and_the_sale_post_what_is_published() -> None:
    bought, sold = entries(BUY, SELL)
    assert bought == {
        ("Assets:SecuritiesReceivable:ACME", "IBM"): 100, ("Equity:Trading:IBM", "IBM"): -100,
        ("Equity:Trading:IBM", "USD"): 5000, ("Liabilities:CashPayable:ACME", "USD"): -5005,
        ("Expense:Fees:broker", "USD"): 5,
    }
    assert sold == {
        ("Equity:Trading:IBM", "IBM"): 40, ("Liabilities:SecuritiesDeliverable:ACME", "IBM"): -40,
        ("Assets:CashReceivable:ACME", "USD"): 2200, ("Equity:Trading:IBM", "USD"): -2000,
        ("Income:RealisedPnL", "USD"): -200,
    }
    left = total([bought, sold])
    assert [left["Equity:Trading:IBM", "IBM"], left["Equity:Trading:IBM", "USD"]] == [-60, 3000]


def test_fees_that_are_in_the_cost_are_no_expense() -> None:
    dear = DefineBook(command_id="d", book="DEAR", name="With fees", desk="EQ", fees_in_cost=True)
    (bought, sold) = entries(
        dear, booking("T1", "100", "50", instrument="IBM", fees={"broker": Decimal(5)}, book="DEAR"),
        booking("T2", "40", "55", side="sell", instrument="IBM", book="DEAR"), book="DEAR",
    )
    assert bought == {
        ("Assets:SecuritiesReceivable:ACME", "IBM"): 100, ("Equity:Trading:IBM", "IBM"): -100,
        ("Equity:Trading:IBM", "USD"): 5005, ("Liabilities:CashPayable:ACME", "USD"): -5005,
    }
    assert sold["Income:RealisedPnL", "USD"] == -198
    assert total([bought, sold])["Equity:Trading:IBM", "USD"] == 3003


def test_settlement_moves_custody_and_cash() -> None:
    _, settled = entries(BUY, about(SettleTrade))
    assert settled == {
        ("Assets:Custody", "IBM"): 100, ("Assets:SecuritiesReceivable:ACME", "IBM"): -100,
        ("Liabilities:CashPayable:ACME", "USD"): 5005, ("Assets:Nostro", "USD"): -5005,
    }


def test_what_is_sent_leaves_custody_and_trading_at_cost_for_what_is_in_transit() -> None:
    _, sent = entries(booking(), moving(("T1", "4", "400")))
    assert sent == {
        ("Assets:Custody", "SAN"): -4, ("Assets:InTransit", "SAN"): 4, ("Equity:Trading:SAN", "SAN"): 4,
        ("Equity:InTransit:SAN", "SAN"): -4, ("Equity:Trading:SAN", "EUR"): -400, ("Equity:InTransit:SAN", "EUR"): 400,
    }
