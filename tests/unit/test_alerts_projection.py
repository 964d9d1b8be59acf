"""When an alert is raised, with which evidence, and that it is never taken away."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AmendTrade,
    AnyCommand,
    BookTrade,
    CancelTrade,
    CorrectTrade,
    DefineBook,
    EquityTerms,
    RecordFxRate,
    RecordPrice,
)
from projections.activity import MOST_FILLS
from tests.documents import History
from tests.instruments import outright, trade
from tests.rules import MOMENT, booking
from tests.unit.test_trades_projection import loan

NOON = MOMENT + timedelta(hours=-3)


def alerts(*commands: AnyCommand) -> dict[str, Any]:
    return History(*commands).documents("alerts")


def fill(trade_id: str, minutes: float, **changes: Any) -> BookTrade:
    return booking(trade_id, effective_at=NOON + timedelta(minutes=minutes), **changes)


def amend(price: str, quantity: str = "10") -> AmendTrade:
    terms = EquityTerms(side="buy", instrument="SAN", quantity=Decimal(quantity), price=Decimal(price))
    return AmendTrade(command_id="a" + price, trade_id="T1", book="EQ-1", terms=terms)


@pytest.mark.parametrize("price", ["95", "100", "105"])
def test_a_price_within_five_percent_of_the_mark_raises_nothing(price: str) -> None:
    assert alerts(booking(price=price)) == {}


@pytest.mark.parametrize(
    ("price", "severity"), [("105.01", "medium"), ("94.99", "medium"), ("120", "medium"), ("120.01", "high")]
)
def test_a_price_off_the_market_raises_an_alert_by_how_far_it_is(price: str, severity: str) -> None:
    alert = alerts(booking(price=price))["EQ-1/off-market/T1"]
    assert (alert.kind, alert.severity, alert.status) == ("off-market", severity, "open")
    assert alert.evidence == {"price": price, "mark": "100", "tolerance_percent": "5"}
    assert (alert.trades, alert.events, alert.parameters) == (("T1",), ("ledger-0:1",), "2026-11-26")


def test_without_a_mark_there_is_nothing_to_be_off() -> None:
    assert alerts(booking(instrument="IBM", price="1")) == {}


def test_an_amendment_to_a_price_off_the_market_raises_an_alert_of_its_own() -> None:
    found = alerts(booking(), amend("150"))
    assert list(found) == ["EQ-1/off-market/T1/0002"]
    assert found["EQ-1/off-market/T1/0002"].events == ("ledger-0:2",)


def test_an_amendment_that_keeps_its_price_raises_nothing_new() -> None:
    assert list(alerts(booking(price="150"), amend("150", "11"))) == ["EQ-1/off-market/T1"]


def test_another_instrument_at_the_same_price_is_off_its_own_market() -> None:
    price = RecordPrice(command_id="p", instrument="IBM", price=Decimal(10))
    terms = EquityTerms(side="buy", instrument="IBM", quantity=Decimal(10), price=Decimal(100))
    correction = CorrectTrade(command_id="c", trade_id="T1", book="EQ-1", terms=terms, reason="name")
    assert list(alerts(price, booking(), correction)) == ["EQ-1/off-market/T1/0002"]


def test_the_points_of_a_forward_are_not_off_the_market() -> None:
    rate = RecordFxRate(command_id="r", base="EUR", quote="USD", rate=Decimal("1.1"))
    assert alerts(rate, trade(outright(points=Decimal("0.3")))) == {}
    (alert,) = alerts(rate, trade(outright(rate=Decimal("1.2")))).values()
    assert (alert.kind, alert.evidence["price"], alert.evidence["mark"]) == ("off-market", "1.2", "1.1")


def test_both_legs_of_a_fill_between_books_of_one_owner_in_one_book_are_one_alert() -> None:
    legs = (booking(contra_book="EQ-1", execution_id="X1"), booking("T2", contra_book="EQ-1", execution_id="X1"))
    found = alerts(*legs)
    assert list(found) == ["EQ-1/wash-same-owner/X1"]
    assert found["EQ-1/wash-same-owner/X1"].trades == ("T1", "T2")
    assert found["EQ-1/wash-same-owner/X1"].evidence == {"owner": "BANK", "contra_book": "EQ-1"}


def test_a_same_owner_trade_without_an_execution_is_named_by_itself() -> None:
    assert list(alerts(booking(contra_book="EQ-2"))) == ["EQ-1/wash-same-owner/T1"]


def test_a_trade_with_a_book_of_another_owner_raises_nothing() -> None:
    other = DefineBook(command_id="b", book="CLIENT", name="Client", desk="EQ", owner="client-7")
    assert alerts(other, booking(contra_book="CLIENT")) == {}


def test_a_round_trip_within_five_minutes_raises_an_alert() -> None:
    alert = alerts(fill("T1", 0), fill("T2", 5, side="sell"))["EQ-1/wash-round-trip/T2"]
    assert (alert.trades, alert.events) == (("T1", "T2"), ("ledger-0:1", "ledger-0:2"))
    assert alert.evidence == {"quantity": "10", "price": "100", "first": "T1"}


@pytest.mark.parametrize("changes", [
    {"minutes": 5.1, "side": "sell"}, {"minutes": 1, "side": "buy"}, {"minutes": 1, "side": "sell", "price": "101"},
    {"minutes": 1, "side": "sell", "quantity": "9"}, {"minutes": 1, "side": "sell", "instrument": "IBM"},
    {"minutes": 1, "side": "sell", "book": "EQ-2"},
])
def test_what_differs_in_time_side_price_quantity_instrument_or_book_is_no_round_trip(changes: Any) -> None:
    assert alerts(fill("T1", 0), fill("T2", **changes)) == {}


def test_a_back_dated_fill_makes_no_round_trip_with_a_much_later_one() -> None:
    assert alerts(fill("T1", 60), fill("T2", 0, side="sell")) == {}


def test_a_back_dated_fill_makes_a_round_trip_with_one_of_its_own_time() -> None:
    assert list(alerts(fill("T1", 3), fill("T2", 0, side="sell"))) == ["EQ-1/wash-round-trip/T2"]


def test_what_was_cancelled_is_no_leg_of_a_round_trip() -> None:
    cancelled = CancelTrade(command_id="x", trade_id="T1", book="EQ-1")
    assert alerts(fill("T1", 0), cancelled, fill("T2", 1, side="sell")) == {}
    assert set(alerts(fill("T1", 0), fill("T3", 0), cancelled, fill("T2", 1, side="sell"))) == {
        "EQ-1/wash-round-trip/T2"
    }


def test_what_is_anothers_since_is_no_leg_of_a_round_trip() -> None:
    terms = EquityTerms(side="buy", instrument="IBM", quantity=Decimal(10), price=Decimal(100))
    correction = CorrectTrade(command_id="c", trade_id="T1", book="EQ-1", terms=terms, reason="name")
    assert alerts(fill("T1", 0), correction, fill("T2", 1, side="sell")) == {}


def test_loans_are_no_round_trips() -> None:
    history = History(loan())
    assert history.documents("activity") == {}
    assert history.documents("alerts") == {}


def test_no_more_fills_are_remembered_than_the_bound() -> None:
    history = History(*(fill(f"T{number}", 0) for number in range(MOST_FILLS + 5)))
    (activity,) = history.documents("activity").values()
    assert [each.trade_id for each in activity.fills] == [f"T{number}" for number in range(5, MOST_FILLS + 5)]


def test_fills_older_than_the_window_are_forgotten() -> None:
    (activity,) = History(fill("T1", 0), fill("T2", 6)).documents("activity").values()
    assert [each.trade_id for each in activity.fills] == ["T2"]


def test_a_cancellation_is_noted_on_every_alert_of_the_trade_and_removes_none() -> None:
    cancel = CancelTrade(command_id="x", trade_id="T2", book="EQ-1")
    before = alerts(fill("T1", 0, price="150"), fill("T2", 1, price="150", side="sell"))
    after = alerts(fill("T1", 0, price="150"), fill("T2", 1, price="150", side="sell"), cancel)
    assert set(after) == set(before) == {
        "EQ-1/off-market/T1", "EQ-1/off-market/T2", "EQ-1/wash-round-trip/T2"
    }
    assert {key: alert.cancelled for key, alert in after.items()} == {
        "EQ-1/off-market/T1": (), "EQ-1/off-market/T2": ("T2",), "EQ-1/wash-round-trip/T2": ("T2",)
    }
    assert after["EQ-1/off-market/T2"].evidence == before["EQ-1/off-market/T2"].evidence


def test_the_cancellation_of_a_trade_without_alerts_raises_none() -> None:
    assert alerts(booking(), CancelTrade(command_id="x", trade_id="T1", book="EQ-1")) == {}
