"""Figures finished when read: marks and rates joined to what the books hold."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AnyCommand,
    BookTrade,
    CancelTrade,
    DefineDesk,
    DefineLegalEntity,
    FxSpotTerms,
    RecordFxRate,
    RecordPrice,
    SetLimit,
    SettleTrade,
)
from domain.commands.reference import DefineBook, DefineTrader
from domain.identifiers import lei_of
from domain.market import MarketState
from domain.money import exact
from projections.risk import exposures, limit_use, market_exposures
from projections.trial_balance import sums_by_asset, trial_balance
from projections.valuation import Marks, profit, value
from tests.documents import History
from tests.rules import booking
from tests.unit.test_trades_projection import loan

AMERICAN: tuple[AnyCommand, ...] = (
    DefineLegalEntity(command_id="e", entity="INC", name="Inc", lei=lei_of("EVERBOOK0000000003"), base_currency="USD"),
    DefineDesk(command_id="d", desk="US", name="American", entity="INC"),
    DefineBook(command_id="b", book="US-1", name="American", desk="US"),
    DefineTrader(command_id="t", trader="bob", name="Bob", desk="US"),
)


def price(instrument: str, amount: str) -> RecordPrice:
    return RecordPrice(command_id=f"p-{instrument}-{amount}", instrument=instrument, price=Decimal(amount))


def rate(base: str, quote: str, units: str) -> RecordFxRate:
    return RecordFxRate(command_id=f"f-{base}{quote}-{units}", base=base, quote=quote, rate=Decimal(units))


def fx(trade_id: str, quantity: str, at: str, base: str = "EUR", quote: str = "USD") -> BookTrade:
    terms = FxSpotTerms(side="buy", base=base, quote=quote, quantity=Decimal(quantity), rate=Decimal(at))
    return booking(trade_id, terms=terms)


def american(trade_id: str, quantity: str, at: str) -> BookTrade:
    return booking(trade_id, quantity, at, instrument="IBM", book="US-1", trader="bob")


def marks(history: History) -> Marks:
    return Marks(history.documents("reference").values())


def of(history: History, model: str) -> list[Any]:
    return list(history.documents(model).values())


def exactly(function: Callable[..., Any], *arguments: Any) -> Any:
    """What ``function`` gives where no figure may be rounded."""
    with exact():
        return function(*arguments)


def valued(history: History, position: str) -> Any:
    return exactly(value, history.documents("positions")[position], marks(history))


def test_the_market_sequence_is_that_of_the_latest_price_or_rate() -> None:
    assert marks(History(price("SAN", "90"))).sequence == 3
    assert Marks(()).sequence == 0


def test_the_latest_word_on_a_pair_holds_whichever_way_round_it_was_said() -> None:
    history = History(rate("USD", "EUR", "0.5"))
    assert marks(history).rate("EUR", "USD") == history.market.rate("EUR", "USD") == 2
    again = History(rate("USD", "EUR", "0.5"), rate("EUR", "USD", "1.6"))
    assert marks(again).rate("USD", "EUR") == again.market.rate("USD", "EUR") == Decimal("0.625")


def test_a_position_is_valued_at_its_mark_and_converted_to_the_base_currency() -> None:
    found = valued(History(price("IBM", "110"), booking(instrument="IBM", fees={"b": Decimal(5)})), "EQ-1/IBM")
    assert (found.market_value, found.unrealised, found.realised, found.fees) == (1100, 100, 0, 5)
    assert found.total_in_base == 95 * Decimal("0.8")


def test_a_short_position_gains_when_its_mark_falls() -> None:
    found = valued(History(booking(side="sell"), price("SAN", "90")), "EQ-1/SAN")
    assert (found.quantity, found.market_value, found.unrealised) == (-10, -900, 100)


def test_without_a_mark_nothing_is_guessed() -> None:
    found = valued(History(booking(instrument="IBM")), "EQ-1/IBM")
    assert (found.mark, found.market_value, found.unrealised, found.total_in_base) == (None, None, None, None)


def test_a_closed_position_needs_no_mark() -> None:
    history = History(booking(instrument="IBM"), booking("T2", price="110", instrument="IBM", side="sell"))
    found = valued(history, "EQ-1/IBM")
    assert (found.market_value, found.unrealised, found.realised, found.total_in_base) == (0, 0, 100, 80)


def test_a_pair_is_worth_its_rate_and_a_loan_its_par() -> None:
    history = History(fx("T1", "1000", "1.20"), loan_as("T2"))
    pair = valued(history, "EQ-1/EURUSD")
    assert (pair.mark, pair.market_value, pair.unrealised) == (Decimal("1.25"), 1250, 50)
    assert valued(history, "EQ-1/LOAN-EUR").unrealised == 0


def loan_as(trade_id: str) -> BookTrade:
    return booking(trade_id, terms=loan().terms)


def test_profit_adds_up_by_desk_in_the_base_currency_and_names_its_rates() -> None:
    history = History(
        booking(fees={"b": Decimal(5)}), booking("T2", "10", "100", instrument="IBM"),
        booking("T3", "4", "120", side="sell"), price("SAN", "110"), price("IBM", "125"),
    )
    (line,) = exactly(profit, of(history, "positions"), marks(history))
    assert (line.name, line.base_currency, line.positions) == ("EQ", "EUR", 2)
    assert (line.realised, line.unrealised, line.fees) == (80, 60 + 200, 5)
    assert line.total == line.realised + line.unrealised + line.income - line.fees == 335
    assert line.rates == {"EUR": 1, "USD": Decimal("0.8")}


def test_profit_names_the_positions_that_have_no_mark_or_no_rate() -> None:
    history = History(booking(), booking("T2", instrument="IBM"), fx("T3", "10", "1.5", "GBP", "CHF"))
    (line,) = exactly(profit, of(history, "positions"), marks(history), "book")
    assert sorted(line.unmarked) == ["EQ-1/GBPCHF", "EQ-1/IBM"]
    assert (line.total, line.rates) == (0, {"EUR": 1})


def exposed(history: History, by: str = "book") -> Any:
    return exactly(exposures, of(history, "positions"), of(history, "exposure"), marks(history), by)


@pytest.mark.parametrize(("by", "name"), [("counterparty", "ACME"), ("book", "EQ-1"), ("desk", "EQ")])
def test_exposure_is_what_is_held_at_the_marks_beside_what_was_dealt(by: str, name: str) -> None:
    history = History(
        booking(), booking("T2", "5", "100", instrument="IBM", side="sell"), price("SAN", "110"), price("IBM", "200")
    )
    (line,) = exposed(history, by)
    assert (line.name, line.holdings, line.long, line.short, line.net) == (name, 2, 1100, -800, 300)
    assert (line.gross, line.dealt, line.unsettled, line.reserved) == (1900, 1400, 1400, 1400)
    assert line.rates == {"EUR": 1, "USD": Decimal("0.8")}


@pytest.mark.parametrize("by", ["book", "counterparty", "issuer", "currency"])
def test_what_was_bought_and_sold_again_is_no_exposure_whatever_it_earned(by: str) -> None:
    (line,) = exposed(History(booking(), booking("T2", price="150", side="sell")), by)
    assert (line.holdings, line.gross, line.net, line.dealt) == (0, 0, 0, 2500)


def test_by_currency_a_pair_is_long_of_one_and_short_of_the_other() -> None:
    history = History(
        fx("T1", "1000", "1.25", "EUR", "USD"), booking("T2", "10", "100", instrument="IBM"), price("IBM", "125")
    )
    euros, dollars = exposed(history, "currency")
    assert (euros.name, euros.long, euros.short, euros.net) == ("EUR", 1000, 0, 1000)
    assert (dollars.name, dollars.long, dollars.short, dollars.net) == ("USD", 1000, -1000, 0)
    (book,) = exposed(history, "book")
    assert book.net == 2000


def test_money_that_was_lent_is_an_exposure_to_whoever_has_it() -> None:
    (line,) = exposed(History(loan()), "issuer")
    assert (line.name, line.net) == ("ACME", 36_000)


def test_exposure_without_a_mark_or_rate_is_named() -> None:
    (line,) = exposed(History(booking(), fx("T2", "10", "1.5", "GBP", "CHF")))
    assert (line.gross, line.unmarked) == (1000, ["EQ-1/GBPCHF"])
    assert (line.dealt, line.unconverted) == (1000, ["EQ-1/ACME/GBPCHF"])


def test_sums_in_two_base_currencies_are_two_lines() -> None:
    history = History(*AMERICAN, booking(), american("T2", "10", "100"), price("IBM", "100"))
    lines = exposed(history, "counterparty")
    assert [(line.base_currency, line.dealt) for line in lines] == [("EUR", 1000), ("USD", 1000)]
    assert [(line.base_currency, line.net) for line in lines] == [("EUR", 1000), ("USD", 1000)]


def test_market_exposure_tells_long_from_short_at_the_marks() -> None:
    history = History(
        booking(), booking("T2", "5", "100", instrument="IBM", side="sell"), price("SAN", "90"), price("IBM", "200")
    )
    (line,) = exactly(market_exposures, of(history, "positions"), marks(history), "desk")
    assert (line.holdings, line.long, line.short, line.gross, line.net) == (2, 900, -800, 1700, 100)


def test_market_exposure_names_what_has_no_mark_and_leaves_out_what_is_closed() -> None:
    history = History(booking(instrument="IBM"), booking("T2"), booking("T3", side="sell"))
    lines = exactly(market_exposures, of(history, "positions"), marks(history), "issuer")
    assert [(line.name, line.unmarked, line.gross) for line in lines] == [("IBM", ["EQ-1/IBM"], 0)]


def limit(kind: Any, amount: str | None, instrument: str | None = None) -> SetLimit:
    return SetLimit(
        command_id=f"{kind}-{amount}-{instrument}", book="EQ-1", kind=kind, instrument=instrument,
        amount=None if amount is None else Decimal(amount),
    )


def uses(*commands: AnyCommand) -> Any:
    history = History(*commands)
    found = exactly(limit_use, of(history, "reference"), of(history, "exposure"), of(history, "positions"))
    return {(use.kind, use.instrument): (use.used, use.headroom) for use in found}


def test_the_gross_limit_is_used_by_what_has_not_settled() -> None:
    settled = SettleTrade(command_id="s", trade_id="T1", book="EQ-1")
    assert uses(limit("gross-notional", "5000"), booking(), booking("T2"), settled) == {
        ("gross-notional", None): (1000, 4000)
    }


def test_a_position_limit_is_used_by_the_largest_position_that_it_binds() -> None:
    found = uses(
        limit("position-quantity", "50"), limit("position-quantity", "100", "SAN"), booking(quantity="90"),
        booking("T2", "20", instrument="IBM", side="sell"),
    )
    assert found == {("position-quantity", None): (20, 30), ("position-quantity", "SAN"): (90, 10)}


def test_limits_of_each_order_have_no_use_and_lifted_limits_are_not_listed() -> None:
    found = uses(limit("order-quantity", "10"), limit("order-notional", "10"), limit("order-notional", None))
    assert found == {("order-quantity", None): (None, None)}


def test_a_limit_lowered_under_its_use_has_negative_headroom() -> None:
    assert uses(booking(), limit("gross-notional", "600")) == {("gross-notional", None): (1000, -400)}


def test_the_trial_balance_sums_to_zero_in_every_asset() -> None:
    history = History(
        booking(fees={"b": Decimal(5)}), booking("T2", "3", "120", side="sell"), fx("T3", "100", "1.2"),
        SettleTrade(command_id="s", trade_id="T1", book="EQ-1", quantity=Decimal(4)), loan_as("T4"),
        CancelTrade(command_id="c", trade_id="T3", book="EQ-1"),
    )
    balances = exactly(trial_balance, of(history, "journal"))
    assert exactly(sums_by_asset, balances) == {"SAN": 0, "EUR": 0, "USD": 0}
    nostro = next(each for each in balances if (each.account, each.asset) == ("Assets:Nostro", "EUR"))
    assert (nostro.debit, nostro.credit, nostro.balance) == (0, 402, -402)


def test_a_trial_balance_that_is_off_says_by_how_much() -> None:
    history = History(booking())
    (entry,) = of(history, "journal")
    entry.postings = entry.postings[1:]
    assert exactly(sums_by_asset, exactly(trial_balance, [entry])) == {"SAN": -10, "EUR": 0}


def test_a_rate_that_is_far_from_one_inverts_to_something() -> None:
    state = MarketState()
    state.rates["USD", "IRR"] = Decimal(1250000000000000)
    assert state.rate("IRR", "USD") == Decimal("8E-16")
