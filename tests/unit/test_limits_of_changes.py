"""What limits say of trades that are changed, come late, or are dealt off the spot market."""

from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AmendTrade,
    CorrectTrade,
    DecreaseTrade,
    RecordFxRate,
    RecordPrice,
    SetLimit,
)
from domain.commands.reference import LimitKind
from tests.corporate_actions import EX, Told, announced, bought, roll, split
from tests.instruments import define, outright, trade
from tests.ledger import send
from tests.rules import Rules, booking, refusal, rules_after
from tests.trade_commands import about, shares


def limit(kind: LimitKind, amount: str, command_id: str = "l1") -> SetLimit:
    return SetLimit(command_id=command_id, book="EQ-1", kind=kind, amount=Decimal(amount))


def smaller(quantity: str, price: str = "100") -> Any:
    return about(DecreaseTrade, quantity=Decimal(quantity), price=Decimal(price))


def price(of: str) -> RecordPrice:
    return RecordPrice(command_id=f"price-{of}", instrument="SAN", price=Decimal(of))


@pytest.mark.parametrize("kind", ["order-quantity", "order-notional"])
def test_what_becomes_smaller_is_welcome_above_a_limit_that_was_lowered(kind: LimitKind) -> None:
    rules = rules_after(booking(quantity="100"), limit(kind, "50" if kind == "order-quantity" else "5000"))
    assert rules.when(smaller("30"))
    assert rules.when(about(AmendTrade, terms=shares("60")))
    assert refusal(rules, about(AmendTrade, command_id="a2", terms=shares("61"))).limit == kind


@pytest.mark.parametrize("kind", ["order-quantity", "order-notional"])
@pytest.mark.parametrize("changed", [{"side": "sell"}, {"instrument": "AXA"}])
def test_what_goes_the_other_way_or_is_of_another_instrument_is_a_new_order(kind: LimitKind, changed: Any) -> None:
    lowered = limit(kind, "50" if kind == "order-quantity" else "5000")
    rules = rules_after(define("AXA", "ESVUFR", None), booking(quantity="100"), lowered)
    assert refusal(rules, about(AmendTrade, terms=shares("100", **changed))).limit == kind


def test_a_correction_that_leaves_the_price_is_not_held_against_the_market_of_now() -> None:
    rules = rules_after(booking(), limit("price-collar", "5"), price("150"))
    fees = shares(fees={"broker": Decimal(3)})
    assert rules.when(about(CorrectTrade, terms=fees, reason="fees"))
    assert refusal(rules, about(CorrectTrade, command_id="c2", terms=shares(price="101"), reason="price")).code == (
        "price-collar"
    )


def test_the_collar_of_a_forward_is_held_against_its_spot() -> None:
    rate = RecordFxRate(command_id="r", base="EUR", quote="USD", rate=Decimal("1.1"))
    rules = rules_after(rate, limit("price-collar", "5"))
    assert rules.when(trade(outright(points=Decimal("0.3"))))
    assert refusal(rules, trade(outright(rate=Decimal("1.2")), "T2")).code == "price-collar"


def test_an_order_of_a_round_sum_at_the_limit_is_within_it_at_a_rate_that_does_not_invert() -> None:
    rules = Rules()
    rules.when(RecordFxRate(command_id="r", base="EUR", quote="USD", rate=Decimal("1.1")))
    rules.when(limit("order-notional", "1000000"))
    (event,) = rules.when(booking(instrument="IBM", quantity="11000", price="100"))
    assert event.terms.notional == 1_000_000  # type: ignore[attr-defined]
    assert refusal(rules, booking("T2", instrument="IBM", quantity="11000", price="100.0001")).limit == "order-notional"


def test_a_late_trade_counts_against_the_limit_of_a_position_as_what_it_has_become() -> None:
    told = Told(limit("position-quantity", "250"), bought("T1", "100"), announced(split("2")), roll(EX))
    assert told.limited() == 200
    (outcome,) = send(told.logs, bought("T2", "50"))
    assert (outcome.code, outcome.detail) == (
        "limit-position-quantity", "the position would be 300, over the limit of 250"
    )
    told.tell(bought("T3", "25"))
    (outcome,) = send(told.logs, about(CorrectTrade, terms=shares("101"), reason="quantity"))
    assert outcome.code == "limit-position-quantity"
    assert told.tell(about(CorrectTrade, command_id="c2", terms=shares("99"), reason="quantity")).limited() == 248


def test_a_late_trade_of_many_units_may_have_become_few() -> None:
    told = Told(limit("position-quantity", "2500"), bought("T1", "2000"), announced(split("1", "20")), roll(EX))
    told.tell(limit("position-quantity", "150", "l2"), bought("T2", "200"))
    assert told.limited() == 110
