"""What the trades model shows of a trade through its life."""

from datetime import date
from decimal import Decimal
from typing import Any

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    BookTrade,
    CancelTrade,
    EquityTerms,
    FailSettlement,
    LoanTerms,
    SettleTrade,
    TradeCommand,
)
from tests.documents import History
from tests.rules import DAY, booking


def about(kind: type[TradeCommand], **fields: Any) -> Any:
    return kind(**{"command_id": f"{kind.__name__}", "trade_id": "T1", "book": "EQ-1", **fields})


def loan() -> BookTrade:
    terms = LoanTerms(
        side="lend", currency="EUR", principal=Decimal(36000), rate=Decimal(5), start_date=DAY,
        maturity_date=date(2027, 1, 3),
    )
    return booking(terms=terms)


def trade(*commands: Any) -> Any:
    return History(*commands).documents("trades")["EQ-1/T1"]


def test_a_booked_trade_shows_its_terms_parties_and_due_date() -> None:
    shown = trade(booking())
    assert (shown.book, shown.trade_id, shown.status) == ("EQ-1", "T1", "booked")
    assert (shown.counterparty, shown.instrument, shown.due_on) == ("ACME", "SAN", date(2026, 11, 26))
    assert (shown.state.terms.quantity, shown.state.terms.trader, shown.state.version) == (Decimal(10), "anna", 1)


def test_an_amendment_shows_the_new_terms_and_counts_version_and_revision() -> None:
    terms = EquityTerms(side="buy", instrument="SAN", quantity=Decimal(12), price=Decimal(101))
    shown = trade(booking(), about(AffirmTrade), about(AmendTrade, terms=terms))
    assert (shown.status, shown.state.version, shown.state.revision) == ("booked", 3, 2)
    assert shown.state.terms.quantity == Decimal(12)
    assert shown.booked_at < shown.changed_at


def test_an_affirmed_and_a_cancelled_trade_say_so() -> None:
    assert trade(booking(), about(AffirmTrade)).status == "affirmed"
    assert trade(booking(), about(CancelTrade)).status == "cancelled"


def test_a_settlement_in_parts_shows_what_has_settled_and_when() -> None:
    in_part = trade(booking(), about(SettleTrade, quantity=Decimal(4), settled_on=date(2026, 11, 26)))
    assert (in_part.status, in_part.state.settled_quantity) == ("partially-settled", Decimal(4))
    parts = [about(SettleTrade, quantity=Decimal(4)), about(SettleTrade, settled_on=date(2026, 11, 27))]
    whole = trade(booking(), *parts)
    assert (whole.status, whole.settled_on) == ("settled", date(2026, 11, 27))


def test_every_failed_settlement_is_counted() -> None:
    shown = trade(booking(), about(FailSettlement), about(FailSettlement))
    assert (shown.status, shown.fails) == ("failing", 2)


def test_a_loan_is_due_at_its_start_and_then_at_its_maturity() -> None:
    assert trade(loan()).due_on == DAY
    started = trade(loan(), about(SettleTrade))
    assert (started.status, started.due_on) == ("settled", date(2027, 1, 3))
    assert trade(loan(), about(SettleTrade), about(SettleTrade)).status == "matured"
