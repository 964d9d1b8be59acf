"""What each command does to a trade, and why it may be refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    AnyCommand,
    CancelTrade,
    CorrectTrade,
    DefineCalendar,
    EngageKillSwitch,
    EquityTerms,
    FailSettlement,
    FxSpotTerms,
    LoanTerms,
    RestrictInstrument,
    RollBusinessDate,
    SetLimit,
    SettleTrade,
    TradeCommand,
)
from domain.events import (
    SettlementFailed,
    TradeAffirmed,
    TradeAmended,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradePartiallySettled,
    TradeSettled,
)
from domain.outcomes import Principal
from domain.refusals import Refused
from tests.rules import DAY, Rules, booking


def about(kind: type[TradeCommand], trade_id: str = "T1", **fields: Any) -> Any:
    fields = {"command_id": f"{kind.__name__}-{trade_id}", "trade_id": trade_id, "book": "EQ-1", **fields}
    return kind(**fields)


def terms(quantity: str = "10", price: str = "100", **fields: Any) -> EquityTerms:
    return EquityTerms(
        **{"side": "buy", "instrument": "SAN", "quantity": Decimal(quantity), "price": Decimal(price), **fields}
    )


def refusal(rules: Rules, command: AnyCommand, principal: Principal | None = None) -> Refused:
    with pytest.raises(Refused) as raised:
        rules.when(command, principal) if principal else rules.when(command)
    return raised.value


def test_a_booking_records_signed_economics_and_the_reference_facts() -> None:
    (event,) = Rules().when(booking(side="sell", fees={"broker": Decimal("1.5")}))
    assert isinstance(event, TradeBooked)
    booked = event.terms
    assert (booked.quantity, booked.amount, booked.notional) == (Decimal(-10), Decimal(1000), Decimal(1000))
    assert (booked.isin, booked.desk, booked.entity, booked.mark) == ("FR0000120578", "EQ", "BANK", Decimal(100))
    assert booked.settlement_date == date(2026, 11, 26)


def test_a_notional_is_in_the_base_currency_of_the_book() -> None:
    (event,) = Rules().when(booking(instrument="IBM"))
    assert isinstance(event, TradeBooked)
    assert event.terms.notional == Decimal(800)


def test_a_currency_trade_settles_after_two_days_and_moves_both_currencies() -> None:
    fx = FxSpotTerms(side="buy", base="EUR", quote="USD", quantity=Decimal(100), rate=Decimal("1.1"))
    (event,) = Rules().when(booking(terms=fx))
    assert isinstance(event, TradeBooked)
    assert (event.terms.asset, event.terms.amount, event.terms.currency) == ("EUR", Decimal("-110.0"), "USD")
    assert (event.terms.mark, event.terms.settlement_date) == (Decimal("1.25"), date(2026, 11, 26))


def test_a_holiday_of_the_dollar_moves_the_spot_date_of_a_cross() -> None:
    rules = Rules()
    thanksgiving = (date(2026, 11, 26),)
    rules.when(DefineCalendar(command_id="c", calendar="USD", name="Dollar", holidays=thanksgiving))
    cross = FxSpotTerms(side="buy", base="EUR", quote="GBP", quantity=Decimal(100), rate=Decimal("0.85"))
    (event,) = rules.when(booking(terms=cross))
    assert isinstance(event, TradeBooked)
    assert event.terms.settlement_date == date(2026, 11, 27)


@pytest.mark.parametrize(("closed", "settles"), [("USD", 26), ("EUR", 27), ("GBP", 26)])
def test_the_day_between_trade_and_spot_need_not_be_one_of_the_dollar(closed: str, settles: int) -> None:
    rules = Rules()
    rules.when(DefineCalendar(command_id="c", calendar=closed, name=closed, holidays=(date(2026, 11, 25),)))
    fx = FxSpotTerms(side="buy", base="EUR", quote="USD", quantity=Decimal(100), rate=Decimal("1.1"))
    (event,) = rules.when(booking(terms=fx))
    assert event.terms.settlement_date == date(2026, 11, settles)  # type: ignore[attr-defined]


def test_a_loan_pays_its_interest_at_maturity() -> None:
    rules = Rules()
    loan = LoanTerms(
        side="lend", currency="EUR", principal=Decimal(1_000_000), rate=Decimal("3.6"), start_date=DAY, tenor="1M"
    )
    (event,) = rules.when(booking(terms=loan))
    assert isinstance(event, TradeBooked)
    schedule = event.terms.loan
    assert schedule is not None
    assert (schedule.maturity_date, schedule.interest) == (date(2026, 12, 24), Decimal("3000.00"))
    (start,) = rules.when(about(SettleTrade))
    (end,) = rules.when(about(SettleTrade, command_id="s2"))
    assert isinstance(start, TradeSettled)
    assert isinstance(end, TradeSettled)
    assert (start.leg, start.amount) == ("start", Decimal(-1_000_000))
    assert (end.leg, end.amount) == ("maturity", Decimal("1003000.00"))
    assert refusal(rules, about(SettleTrade, command_id="s3")).code == "nothing-open"


def test_an_amendment_replaces_the_terms_and_names_the_event_it_replaces() -> None:
    rules = Rules()
    rules.when(booking())
    (event,) = rules.when(about(AmendTrade, terms=terms("12")))
    assert isinstance(event, TradeAmended)
    assert (event.revision, event.previous.quantity, event.terms.quantity) == (2, Decimal(10), Decimal(12))
    assert event.supersedes == "ledger-0:1"


def test_a_correction_needs_a_reason() -> None:
    rules = Rules()
    rules.when(booking())
    assert refusal(rules, about(CorrectTrade, terms=terms("12"))).field == "$.reason"
    (event,) = rules.when(about(CorrectTrade, terms=terms("12"), reason="typo", trade_date=date(2026, 11, 23)))
    assert isinstance(event, TradeCorrected)
    assert event.terms.trade_date == date(2026, 11, 23)


def test_a_trade_is_affirmed_once() -> None:
    rules = Rules()
    rules.when(booking())
    assert isinstance(rules.when(about(AffirmTrade))[0], TradeAffirmed)
    assert refusal(rules, about(AffirmTrade)).code == "wrong-state"


def test_partial_settlements_add_up_to_the_whole_and_the_last_takes_the_rounding() -> None:
    rules = Rules()
    rules.when(booking(quantity="3", price="33.333"))
    parts = [
        rules.when(about(SettleTrade, quantity=Decimal(1), command_id=f"s{place}"))[0] for place in range(3)
    ]
    assert [type(part) for part in parts] == [TradePartiallySettled, TradePartiallySettled, TradeSettled]
    amounts = [part.amount for part in parts if isinstance(part, TradePartiallySettled | TradeSettled)]
    assert amounts == [Decimal("-33.33"), Decimal("-33.33"), Decimal("-33.339")]
    assert refusal(rules, about(CancelTrade)).code == "already-settled"


def test_no_more_settles_than_is_open() -> None:
    rules = Rules()
    rules.when(booking())
    found = refusal(rules, about(SettleTrade, quantity=Decimal(11)))
    assert (found.code, found.field) == ("more-than-open", "$.quantity")


def test_a_settlement_fails_only_once_it_is_due() -> None:
    rules = Rules()
    rules.when(booking())
    rules.when(RollBusinessDate(command_id="r1", business_date=DAY))
    rules.trades.dates["business-date"] = DAY
    assert refusal(rules, about(FailSettlement)).code == "not-due"
    rules.trades.dates["business-date"] = date(2026, 11, 26)
    (event,) = rules.when(about(FailSettlement))
    assert isinstance(event, SettlementFailed)
    assert event.open_quantity == Decimal(10)


def test_a_cancelled_trade_changes_no_more_and_frees_its_headroom() -> None:
    rules = Rules()
    rules.when(SetLimit(command_id="l1", book="EQ-1", kind="gross-notional", amount=Decimal(1000)))
    rules.when(booking())
    assert refusal(rules, booking("T2")).code == "limit-gross-notional"
    assert isinstance(rules.when(about(CancelTrade))[0], TradeCancelled)
    assert refusal(rules, about(AmendTrade, terms=terms())).code == "wrong-state"
    assert rules.when(booking("T2"))


@pytest.mark.parametrize(
    ("limit", "command", "code"),
    [
        (("order-notional", 999), booking(), "limit-order-notional"),
        (("order-quantity", 9), booking(), "limit-order-quantity"),
        (("position-quantity", 9), booking(side="sell"), "limit-position-quantity"),
        (("price-collar", 5), booking(price="105.01"), "price-collar"),
        (("price-collar", 5), booking(instrument="IBM"), "price-missing"),
        (("gross-notional", 999), booking(), "limit-gross-notional"),
    ],
)
def test_a_hard_limit_refuses(limit: tuple[Any, int], command: AnyCommand, code: str) -> None:
    rules = Rules()
    rules.when(SetLimit(command_id="l1", book="EQ-1", kind=limit[0], amount=Decimal(limit[1])))
    refused = refusal(rules, command)
    assert (refused.code, refused.limit) == (code, limit[0])


def test_what_reaches_a_limit_exactly_is_within_it() -> None:
    rules = Rules()
    for kind, amount in (("order-notional", 1000), ("order-quantity", 10), ("price-collar", 5)):
        rules.when(SetLimit(command_id=kind, book="EQ-1", kind=kind, amount=Decimal(amount)))  # type: ignore[arg-type]
    assert rules.when(booking())
    assert rules.when(booking("T2", quantity="9", price="105"))


def test_a_kill_switch_stops_new_business_but_not_a_cancellation() -> None:
    rules = Rules()
    rules.when(booking())
    rules.when(EngageKillSwitch(command_id="k1", trader="anna"))
    assert refusal(rules, booking("T2")).code == "kill-switch"
    assert rules.when(about(CancelTrade))


def test_a_restricted_instrument_is_not_traded() -> None:
    rules = Rules()
    rules.when(RestrictInstrument(command_id="r1", instrument="SAN"))
    assert refusal(rules, booking()).code == "restricted-instrument"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"book": "NONE"}, "unknown-book", "$.book"),
        ({"trader": "none"}, "unknown-trader", "$.trader"),
        ({"counterparty": "NONE"}, "unknown-counterparty", "$.counterparty"),
        ({"instrument": "NONE"}, "unknown-instrument", "$.terms.instrument"),
        ({"contra_book": "NONE"}, "unknown-book", "$.contra_book"),
        ({"quantity": "-1"}, "not-positive", "$.terms.quantity"),
        ({"quantity": "0"}, "not-positive", "$.terms.quantity"),
        ({"quantity": "NaN"}, "not-a-number", "$.terms.quantity"),
        ({"price": "Infinity"}, "not-a-number", "$.terms.price"),
        ({"price": "1e400"}, "out-of-range", "$.terms.price"),
        ({"price": "1e-13"}, "too-precise", "$.terms.price"),
        ({"trade_date": date(1900, 1, 1)}, "date-out-of-range", "$.trade_date"),
        ({"fees": {"tax": Decimal(-1)}}, "negative-fee", "$.terms.fees.tax"),
        ({"settlement_date": date(2026, 11, 23)}, "date-out-of-range", "$.terms.settlement_date"),
    ],
)
def test_a_booking_that_breaks_a_rule_names_its_field(changes: dict[str, Any], code: str, field: str) -> None:
    found = refusal(Rules(), booking(**changes))
    assert (found.code, found.field) == (code, field)


def test_a_key_without_the_role_or_the_book_is_refused() -> None:
    reader = Principal("k", "k", ("reporting",))
    assert refusal(Rules(), booking(), reader).code == "not-permitted"
    other = Principal("k", "k", ("trader",), ("EQ-2",))
    assert refusal(Rules(), booking(), other).code == "not-permitted"


def test_a_position_over_a_lowered_limit_may_shrink_but_not_turn_round() -> None:
    rules = Rules()
    rules.when(booking("T1", "150"))
    rules.when(SetLimit(command_id="l", book="EQ-1", kind="position-quantity", amount=Decimal(100)))
    with pytest.raises(Refused, match="would be 140"):
        rules.when(booking("T2", "290", side="sell"))
    with pytest.raises(Refused, match="would be 160"):
        rules.when(about(AmendTrade, terms=terms("160")))
    assert rules.when(about(AmendTrade, terms=terms("140")))
    assert rules.when(booking("T3", "20", side="sell"))
    assert rules.trades.positions["EQ-1", "SAN"] == 120


def test_a_revision_to_another_instrument_keeps_the_limit_of_the_one_it_leaves() -> None:
    rules = Rules()
    rules.when(booking("T1", "80"))
    rules.when(booking("T2", "90", side="sell"))
    rules.when(booking("T3", "60"))
    rules.when(SetLimit(command_id="l", book="EQ-1", kind="position-quantity", amount=Decimal(60), instrument="SAN"))
    to_ibm = {"quantity": "1", "instrument": "IBM"}
    found = refusal(rules, about(AmendTrade, "T2", terms=terms(**to_ibm, side="sell")))
    assert (found.code, str(found)) == (
        "limit-position-quantity", "the position would be 140, over the limit of 60"
    )
    assert rules.when(about(AmendTrade, "T3", terms=terms(**to_ibm)))
    assert rules.trades.positions["EQ-1", "SAN"] == -10


def test_nothing_has_settled_on_a_day_to_come_but_it_may_settle_early() -> None:
    rules = Rules()
    rules.when(booking())
    rules.trades.dates["business-date"] = DAY
    found = refusal(rules, about(SettleTrade, settled_on=date(2026, 11, 25)))
    assert (found.code, found.field) == ("date-out-of-range", "$.settled_on")
    (event,) = rules.when(about(SettleTrade, settled_on=DAY))
    assert isinstance(event, TradeSettled)
    assert event.settled_on == DAY < event.terms.settlement_date
