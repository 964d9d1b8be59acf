"""Futures: contracts for no money, and what they gain or lose is paid each day."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import CancelTrade, CorrectTrade, RecordPrice, SettleTrade, SettleVariationMargin
from domain.events import VariationMarginSettled
from domain.money import exact
from domain.refusals import Refused
from projections.trial_balance import trial_balance
from projections.valuation import Marks, value
from tests.documents import History
from tests.instruments import EXPIRY, INSTRUMENTS, day, followed, futures, trade
from tests.rules import DAY, MOMENT, Rules
from tests.trade_commands import about

FOUND = (*INSTRUMENTS, day(0))


def margin(price: str | None = None, number: int = 0, **fields: Any) -> SettleVariationMargin:
    """The settlement of so many days after the first."""
    return SettleVariationMargin(**{
        "command_id": f"margin-{number}", "book": "EQ-1", "instrument": "CRUDE", "on": DAY + timedelta(number),
        "price": None if price is None else Decimal(price), **fields,
    })


def paid(*commands: Any) -> list[Decimal]:
    history = followed(History(), *FOUND, *commands)
    return [each.event.amount for each in history.events if isinstance(each.event, VariationMarginSettled)]


def held(*commands: Any) -> Any:
    return followed(History(), *FOUND, *commands).documents("positions")["EQ-1/CRUDE"]


def refusal(*commands: Any) -> tuple[str, str]:
    rules = followed(Rules(), *FOUND, *commands[:-1])
    with pytest.raises(Refused) as caught:
        rules.when(commands[-1])
    return caught.value.code, caught.value.field


def test_a_trade_costs_nothing_but_its_fees_and_counts_with_what_it_is_worth() -> None:
    history = followed(History(), *FOUND, trade(futures(fees={"clearing": Decimal(12)})))
    (terms,) = (each.state.terms for each in history.documents("trades").values())
    assert (terms.amount, terms.total_fees, terms.value, terms.notional) == (0, 12, 600_000, 600_000)
    cash = history.documents("cash")["EQ-1/EUR"]
    assert (cash.payable, cash.total) == (12, -12)
    (exposure,) = history.documents("exposure").values()
    assert (exposure.net, exposure.gross) == (600_000, 600_000)


def test_the_first_day_pays_from_the_trade_and_each_later_one_from_the_day_before() -> None:
    days = [trade(futures()), margin("61.25"), day(1), margin("59", 1), day(2), margin("59.01", 2)]
    assert paid(*days) == [12_500, -22_500, 100]


def test_what_is_traded_in_between_pays_from_its_own_price() -> None:
    days = [
        trade(futures("10", "60")), margin("61"), day(1), trade(futures("4", "63", side="sell"), "T2", trade_date=DAY),
        trade(futures("1", "70"), "T3", trade_date=DAY + timedelta(1)), margin("62", 1),
    ]
    assert paid(*days) == [10_000, (10 * 1 + 4 * 1 - 1 * 8) * 1000]


def test_a_trade_of_a_later_day_does_not_count_yet() -> None:
    later = trade(futures("5", "64"), "T2", trade_date=DAY + timedelta(1))
    assert paid(trade(futures()), later, margin("61"), day(1), margin("66", 1)) == [10_000, 50_000 + 10_000]


def test_oil_may_cost_less_than_nothing() -> None:
    """2020-04-20: from 18.27 to -37.63."""
    assert paid(trade(futures("1", "18.27")), margin("-37.63")) == [-55_900]
    sold = trade(futures("1", "-37.63", side="sell"))
    assert paid(sold, margin("0")) == [-37_630]


def test_a_correction_is_paid_with_the_next_day() -> None:
    corrected = about(CorrectTrade, terms=futures("10", "60.50"), reason="typo")
    assert paid(trade(futures()), margin("61"), corrected, day(1), margin("61", 1)) == [10_000, -5_000]
    cancelled = about(CancelTrade)
    assert paid(trade(futures()), margin("61"), cancelled, day(1), margin("64", 1)) == [10_000, -10_000]


def test_profit_is_the_margin_that_was_paid_and_is_not_counted_again() -> None:
    bought: list[Any] = [trade(futures()), RecordPrice(command_id="p", instrument="CRUDE", price=Decimal("61.50"))]
    for commands, gained in ((bought, 15_000), ([*bought, margin()], 0), ([*bought, margin("61")], 5_000)):
        history = followed(History(), *FOUND, *commands)
        position = history.documents("positions")["EQ-1/CRUDE"]
        with exact():
            valued: Any = value(position, Marks(history.documents("reference").values()))
        assert (valued.unrealised, valued.market_value, valued.total_in_base) == (gained, gained, 15_000)
    assert held(*bought, margin("61")).realised == 10_000


def test_contracts_stand_in_the_memo_and_the_margin_goes_through_the_nostro() -> None:
    history = followed(History(), *FOUND, trade(futures()), about(SettleTrade), margin("61"))
    entries = history.documents("journal").values()
    assert {(each.account, each.asset): each.balance for each in trial_balance(entries) if each.balance} == {
        ("Memo:Contracts", "CRUDE"): 10, ("Memo:Trading:CRUDE", "CRUDE"): -10,
        ("Assets:Nostro", "EUR"): 10_000, ("Income:RealisedPnL", "EUR"): -10_000,
    }


def test_the_last_settlement_closes_the_position() -> None:
    to_expiry = (EXPIRY - DAY).days
    commands = [trade(futures()), about(SettleTrade), day(to_expiry), margin("64", to_expiry, final=True)]
    position = held(*commands)
    assert (position.quantity, position.settled, position.cost, position.realised) == (0, 0, 0, 40_000)
    rules = followed(Rules(), *FOUND, *commands)
    assert rules.trades.positions["EQ-1", "CRUDE"] == 0


@pytest.mark.parametrize(
    ("commands", "code", "field"),
    [
        ([trade(futures("1.5"))], "not-whole", "$.terms.quantity"),
        ([trade(futures(price="60.005"))], "off-tick", "$.terms.price"),
        ([trade(futures(price="Infinity"))], "not-a-number", "$.terms.price"),
        ([trade(futures(), trade_date=EXPIRY + timedelta(1))], "expired", "$.trade_date"),
        ([margin("61")], "nothing-open", "$.instrument"),
        ([trade(futures()), margin()], "price-missing", "$.price"),
        ([trade(futures()), margin("61.001")], "off-tick", "$.price"),
        ([trade(futures()), margin("61", 1)], "date-out-of-range", "$.on"),
        ([trade(futures()), margin("61"), margin("62", 0, command_id="m")], "already-settled", "$.on"),
        ([trade(futures()), margin("61", final=True)], "not-due", "$.on"),
        ([margin("61", instrument="SAN")], "wrong-product", "$.instrument"),
        ([margin("61", instrument="NONE")], "unknown-instrument", "$.instrument"),
        ([margin("61", book="NONE")], "unknown-book", "$.book"),
    ],
)
def test_what_a_future_does_not_know_is_refused(commands: list[Any], code: str, field: str) -> None:
    assert refusal(*commands) == (code, field)


def test_margins_are_kept_with_what_the_rules_know() -> None:
    rules, again = followed(Rules(), *FOUND, trade(futures()), margin("61")), Rules(())
    rules.trades.undo.keep()
    again.trades.resume(rules.trades.kept())
    assert again.trades.margins == rules.trades.margins
    assert again.trades.margins["EQ-1", "CRUDE"].through == date(2026, 11, 24)


def test_a_price_of_a_later_day_is_none_of_the_day_that_is_settled() -> None:
    def price(of: str, number: int) -> RecordPrice:
        moment = MOMENT + timedelta(number)
        return RecordPrice(command_id=f"p-{number}", instrument="CRUDE", price=Decimal(of), effective_at=moment)

    told = (trade(futures("3", "51", side="sell")), price("50", 0), day(1))
    assert paid(*told, margin()) == [3_000]
    assert refusal(*told, price("55", 1), margin()) == ("price-missing", "$.price")
    assert paid(*told, price("55", 1), margin("50"), margin(number=1)) == [3_000, -15_000]


def test_the_day_of_business_takes_the_last_price_whatever_the_clock_says() -> None:
    moment = MOMENT + timedelta(1)
    price = RecordPrice(command_id="p", instrument="CRUDE", price=Decimal(50), effective_at=moment)
    assert paid(trade(futures("3", "51", side="sell")), price, margin()) == [3_000]
