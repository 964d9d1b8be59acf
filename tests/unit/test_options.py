"""Options: a premium for a right, which is used, used against us, or lost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AssignOption,
    EngageKillSwitch,
    ExerciseOption,
    ExpireOption,
    RecordPrice,
    RestrictInstrument,
    SetLimit,
    SettleTrade,
)
from domain.events import TradeBooked
from domain.refusals import Refused
from projections.trial_balance import trial_balance
from projections.valuation import Marks, value
from tests.documents import History
from tests.instruments import EXPIRY, INSTRUMENTS, day, followed, options, trade
from tests.rules import DAY, Rules, booking
from tests.trade_commands import about

LAST = (EXPIRY - DAY).days
SETTLED = (trade(options()), about(SettleTrade))
WRITTEN = (trade(options(side="sell")), about(SettleTrade))


def exercise(kind: Any = ExerciseOption, **fields: Any) -> Any:
    return about(kind, delivery_trade_id="T1-X", **fields)


def history(*commands: Any) -> History:
    return followed(History(), *INSTRUMENTS, *commands)


def refusal(*commands: Any) -> tuple[str, str]:
    rules = followed(Rules(), *INSTRUMENTS, *commands[:-1])
    with pytest.raises(Refused) as caught:
        rules.when(commands[-1])
    return caught.value.code, caught.value.field


def test_the_premium_is_paid_for_every_share_of_every_contract() -> None:
    found = history(trade(options()), RecordPrice(command_id="p", instrument="CALL", price=Decimal(4)))
    position = found.documents("positions")["EQ-1/CALL"]
    assert (position.quantity, position.cost, position.lots[0].price) == (10, 2500, 250)
    assert found.documents("cash")["EQ-1/EUR"].payable == 2500
    valued: Any = value(position, Marks(found.documents("reference").values()))
    assert (valued.market_value, valued.unrealised) == (4000, 1500)


@pytest.mark.parametrize(
    ("instrument", "side", "kind", "delivered", "strike_paid"),
    [
        ("CALL", "buy", ExerciseOption, 1000, -90_000), ("PUT", "buy", ExerciseOption, -1000, 90_000),
        ("CALL", "sell", AssignOption, -1000, 90_000), ("PUT", "sell", AssignOption, 1000, -90_000),
    ],
)
def test_a_right_that_is_used_delivers_the_shares_at_the_strike(
    instrument: str, side: str, kind: Any, delivered: int, strike_paid: int
) -> None:
    found = history(
        trade(options(instrument=instrument, side=side)), about(SettleTrade), day(LAST), exercise(kind)
    )
    delivery = found.documents("trades")["EQ-1/T1-X"].state.terms
    assert (delivery.instrument, delivery.quantity, delivery.amount) == ("SAN", delivered, strike_paid)
    assert (delivery.trade_date, delivery.counterparty, delivery.mark) == (EXPIRY, "ACME", None)
    assert found.documents("positions")[f"EQ-1/{instrument}"].quantity == 0
    assert found.documents("positions")["EQ-1/SAN"].quantity == delivered
    used = "exercised" if kind is ExerciseOption else "assigned"
    assert found.documents("trades")["EQ-1/T1"].status == used


def test_the_delivery_is_recorded_with_the_exercise_and_names_its_parent() -> None:
    events = followed(History(), *INSTRUMENTS, *SETTLED).when(exercise())
    assert [type(each).__name__ for each in events] == ["TradeBooked", "OptionExercised"]
    assert isinstance(events[0], TradeBooked)
    assert (events[0].parents, events[1].delivery) == (("T1",), "T1-X")  # type: ignore[attr-defined]


def test_a_part_may_be_used_and_the_rest_expire() -> None:
    found = history(*SETTLED, exercise(quantity=Decimal(4)), day(LAST), about(ExpireOption))
    position = found.documents("positions")["EQ-1/CALL"]
    assert (position.quantity, position.settled, position.cost, position.realised) == (0, 0, 0, -2500)
    assert found.documents("positions")["EQ-1/SAN"].quantity == 400
    assert found.documents("trades")["EQ-1/T1"].status == "expired"
    (exposure,) = (each for each in found.documents("exposure").values() if each.instrument == "CALL")
    assert (exposure.quantity, exposure.net, exposure.gross) == (0, 0, 0)


def test_a_written_option_that_expires_has_earned_its_premium() -> None:
    found = history(*WRITTEN, day(LAST), about(ExpireOption))
    position = found.documents("positions")["EQ-1/CALL"]
    assert (position.quantity, position.realised) == (0, 2500)
    balances = trial_balance(found.documents("journal").values())
    assert {(each.account, each.asset): each.balance for each in balances if each.balance} == {
        ("Assets:Nostro", "EUR"): 2500, ("Income:RealisedPnL", "EUR"): -2500,
    }


def test_what_expires_comes_after_what_was_traded_that_day() -> None:
    """A late sale of the last day is closed against the purchase, and what expires is the rest."""
    late = trade(options("4", "1", side="sell"), "T2", trade_date=EXPIRY)
    found = history(*SETTLED, day(LAST), about(ExpireOption, quantity=Decimal(6)), late)
    position = found.documents("positions")["EQ-1/CALL"]
    assert (position.quantity, position.realised) == (0, 400 - 2500)


def test_what_expires_leaves_at_the_average_of_all_that_was_bought_that_day() -> None:
    other: dict[str, Any] = {"book": "EQ-2"}
    late = trade(options("10", "1"), "T2", trade_date=EXPIRY, **other)
    expired = about(ExpireOption, quantity=Decimal(5), **other)
    found = history(trade(options(), **other), about(SettleTrade, **other), day(LAST), expired, late)
    assert found.documents("positions")["EQ-2/CALL"].realised == -5 * 175


def test_what_the_book_has_sold_on_cannot_be_exercised() -> None:
    sold = trade(options("8", "3", side="sell"), "T2")
    assert refusal(*SETTLED, sold, exercise()) == ("not-held", "$.quantity")
    assert history(*SETTLED, sold, exercise(quantity=Decimal(2))).documents("positions")["EQ-1/CALL"].quantity == 0


@pytest.mark.parametrize(
    ("commands", "code", "field"),
    [
        ([trade(options("0.5"))], "not-whole", "$.terms.quantity"),
        ([trade(options(price="-1"))], "negative-premium", "$.terms.price"),
        ([trade(options(), trade_date=EXPIRY + timedelta(1))], "expired", "$.trade_date"),
        ([trade(options()), exercise()], "wrong-state", ""),
        ([*SETTLED, exercise(quantity=Decimal("0.5"))], "not-whole", "$.quantity"),
        ([*SETTLED, exercise(quantity=Decimal(11))], "more-than-open", "$.quantity"),
        ([*SETTLED, exercise(quantity=Decimal(-1))], "not-positive", "$.quantity"),
        ([*SETTLED, exercise(AssignOption)], "not-the-writer", "$.trade_id"),
        ([*WRITTEN, exercise()], "not-the-holder", "$.trade_id"),
        ([*SETTLED, about(ExpireOption)], "not-due", "$.on"),
        ([*SETTLED, day(LAST + 1), exercise()], "expired", "$.on"),
        ([*SETTLED, exercise(on=DAY - timedelta(1))], "date-out-of-range", "$.on"),
        ([*SETTLED, exercise(), exercise(command_id="again")], "wrong-state", ""),
        ([*SETTLED, booking("T1-X"), exercise()], "trade-exists", "$.delivery_trade_id"),
        ([booking(), about(SettleTrade), exercise()], "wrong-product", "$.trade_id"),
        ([trade(options(instrument="PUT")), about(SettleTrade), exercise()], "not-due", "$.on"),
    ],
)
def test_a_right_that_is_not_there_is_refused(commands: list[Any], code: str, field: str) -> None:
    assert refusal(*commands) == (code, field)


HELD_BACK = [
    (RestrictInstrument(command_id="r", instrument="SAN", reason="inside"), "restricted-instrument"),
    (EngageKillSwitch(command_id="k", book="EQ-1"), "kill-switch"),
    (SetLimit(command_id="l", book="EQ-1", kind="position-quantity", amount=Decimal(999)), "limit-position-quantity"),
    (SetLimit(command_id="l", book="EQ-1", kind="gross-notional", amount=Decimal(90_000)), "limit-gross-notional"),
]


@pytest.mark.parametrize(("holding", "code"), HELD_BACK, ids=[code for _, code in HELD_BACK])
def test_what_holds_back_a_purchase_holds_back_an_exercise(holding: Any, code: str) -> None:
    assert refusal(*SETTLED, trade(options(), "T2"), holding, exercise())[0] == code


@pytest.mark.parametrize("holding", [holding for holding, _ in HELD_BACK], ids=[code for _, code in HELD_BACK])
def test_what_the_other_side_decides_is_held_back_by_nothing(holding: Any) -> None:
    assert followed(Rules(), *INSTRUMENTS, *WRITTEN, holding).when(exercise(AssignOption))


def test_a_strike_has_no_collar() -> None:
    collar = SetLimit(command_id="l", book="EQ-1", kind="price-collar", amount=Decimal(1))
    assert followed(Rules(), *INSTRUMENTS, *SETTLED, collar).when(exercise())
