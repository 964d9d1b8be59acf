"""What a book has at risk with a counterparty in an instrument."""

from decimal import Decimal
from typing import Any

from domain.commands import AmendTrade, CancelTrade, CorrectTrade, EquityTerms, SettleTrade, TradeCommand
from tests.documents import History
from tests.rules import booking
from tests.unit.test_trades_projection import loan


def about(kind: type[TradeCommand], **fields: Any) -> Any:
    return kind(**{"command_id": kind.__name__, "trade_id": "T1", "book": "EQ-1", **fields})


def exposures(*commands: Any) -> dict[str, Any]:
    return History(*commands).documents("exposure")


def figures(exposure: Any) -> tuple[Decimal | int, ...]:
    return (exposure.quantity, exposure.net, exposure.gross, exposure.unsettled, exposure.reserved)


def test_opposite_trades_net_and_add_to_the_gross() -> None:
    exposure = exposures(booking(), booking("T2", "4", "110", side="sell"))["EQ-1/ACME/SAN"]
    assert figures(exposure) == (6, 560, 1440, 1440, 1440)


def test_a_notional_in_another_currency_reserves_the_limit_in_the_base_currency() -> None:
    exposure = exposures(booking(instrument="IBM"))["EQ-1/ACME/IBM"]
    assert (exposure.currency, exposure.gross) == ("USD", 1000)
    assert (exposure.base_currency, exposure.reserved) == ("EUR", 800)


def test_a_cancelled_trade_leaves_nothing() -> None:
    assert figures(exposures(booking(), about(CancelTrade))["EQ-1/ACME/SAN"]) == (0, 0, 0, 0, 0)


def test_an_amended_trade_counts_with_its_new_terms() -> None:
    terms = EquityTerms(side="sell", instrument="SAN", quantity=Decimal(3), price=Decimal(90))
    assert figures(exposures(booking(), about(AmendTrade, terms=terms))["EQ-1/ACME/SAN"]) == (-3, -270, 270, 270, 270)


def test_a_correction_of_the_instrument_moves_the_exposure_there() -> None:
    terms = EquityTerms(side="buy", instrument="IBM", quantity=Decimal(3), price=Decimal(100))
    found = exposures(booking(), about(CorrectTrade, terms=terms, reason="wrong instrument"))
    assert figures(found["EQ-1/ACME/SAN"]) == (0, 0, 0, 0, 0)
    assert figures(found["EQ-1/ACME/IBM"]) == (3, 300, 300, 300, 240)


def test_a_settled_trade_still_counts_but_reserves_nothing() -> None:
    in_part = exposures(booking(), about(SettleTrade, quantity=Decimal(4)))["EQ-1/ACME/SAN"]
    assert (in_part.unsettled, in_part.reserved) == (1000, 1000)
    whole = exposures(booking(), about(SettleTrade))["EQ-1/ACME/SAN"]
    assert figures(whole) == (10, 1000, 1000, 0, 0)


def test_a_loan_counts_until_it_is_repaid() -> None:
    started = exposures(loan(), about(SettleTrade))["EQ-1/ACME/LOAN-EUR"]
    assert figures(started) == (36000, 36000, 36000, 36000, 36000)
    repaid = exposures(loan(), about(SettleTrade), about(SettleTrade))["EQ-1/ACME/LOAN-EUR"]
    assert figures(repaid) == (0, 0, 0, 0, 0)


def test_reserved_is_what_the_rules_hold_of_the_limit_after_any_of_these_steps() -> None:
    terms = EquityTerms(side="buy", instrument="IBM", quantity=Decimal(7), price=Decimal(101))
    history = History(
        booking(), booking("T2", instrument="IBM"), about(AmendTrade, terms=terms), about(SettleTrade, trade_id="T2"),
        booking("T3"), about(CancelTrade, trade_id="T3"),
    )
    reserved = sum(each.reserved for each in history.documents("exposure").values())
    assert reserved == history.trades.used["EQ-1"]
    assert reserved > 0
