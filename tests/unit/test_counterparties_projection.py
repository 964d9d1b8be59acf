"""What a book has done with a counterparty."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    BookTrade,
    CancelTrade,
    EquityTerms,
    FailSettlement,
    SettleTrade,
    TradeCommand,
)
from tests.documents import History
from tests.rules import MOMENT, booking
from tests.unit.test_trades_projection import loan

DUE, LATE = date(2026, 11, 26), date(2026, 11, 27)


def about(kind: type[TradeCommand], **fields: Any) -> Any:
    return kind(**{"command_id": kind.__name__, "trade_id": "T1", "book": "EQ-1", **fields})


def relation(*commands: Any) -> Any:
    (found,) = History(*commands).documents("counterparties").values()
    return found


def paid(fee: str, **changes: Any) -> BookTrade:
    return booking(fees={"broker": Decimal(fee), "stamp": Decimal(1)}, **changes)


def test_each_book_has_a_relation_of_its_own_with_a_counterparty() -> None:
    found = History(booking(), booking("T2", book="EQ-2")).documents("counterparties")
    assert set(found) == {"EQ-1/ACME", "EQ-2/ACME"}
    assert [each.trades for each in found.values()] == [1, 1]


def test_trades_are_counted_from_the_first_to_the_last_wherever_they_come_in() -> None:
    early, late = MOMENT - timedelta(days=2), MOMENT - timedelta(days=1)
    found = relation(booking(effective_at=late), booking("T2", effective_at=early))
    assert (found.trades, found.first_trade_at, found.last_trade_at) == (2, early, late)


def test_fees_are_those_of_the_trades_that_stand_by_currency() -> None:
    assert relation(paid("2"), paid("5", trade_id="T2")).fees == {"EUR": Decimal(9)}
    assert relation(paid("2"), about(CancelTrade)).fees == {}
    terms = EquityTerms(
        side="buy", instrument="IBM", quantity=Decimal(1), price=Decimal(1), fees={"broker": Decimal(7)}
    )
    assert relation(paid("2"), about(AmendTrade, terms=terms)).fees == {"USD": Decimal(7)}


def test_a_cancellation_is_counted() -> None:
    found = relation(booking(), about(CancelTrade))
    assert (found.trades, found.cancelled) == (1, 1)


def test_a_settlement_counts_once_when_it_is_complete() -> None:
    found = relation(booking(), about(SettleTrade, quantity=Decimal(4)), about(SettleTrade, settled_on=DUE))
    assert (found.settlements, found.settled_late) == (1, 0)


def test_a_settlement_completed_after_it_was_due_is_late_once() -> None:
    part = about(SettleTrade, quantity=Decimal(4), settled_on=LATE)
    found = relation(booking(), part, about(SettleTrade, settled_on=LATE))
    assert (found.settlements, found.settled_late) == (1, 1)


def test_a_loan_is_late_by_the_date_of_the_leg_that_settles() -> None:
    start = about(SettleTrade, settled_on=date(2026, 11, 24))
    on_time = relation(loan(), start, about(SettleTrade, settled_on=date(2027, 1, 3)))
    assert (on_time.settlements, on_time.settled_late) == (2, 0)
    late = relation(loan(), start, about(SettleTrade, settled_on=date(2027, 1, 4)))
    assert (late.settlements, late.settled_late) == (2, 1)


def test_fails_are_counted_and_affirmations_change_nothing() -> None:
    assert relation(booking(), about(FailSettlement)).fails == 1
    assert relation(booking(), about(AffirmTrade)) == relation(booking())
