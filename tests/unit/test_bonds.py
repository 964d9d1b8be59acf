"""Bonds and bills: a clean price, the interest that has accrued, and both apart in the books."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import CancelTrade, DefineCalendar, RecordPrice, SettleTrade
from domain.commands.contracts import BondContract
from domain.refusals import Refused
from projections.trial_balance import trial_balance
from projections.valuation import Marks, value
from tests.documents import History
from tests.instruments import BILL, GILT, INSTRUMENTS, OAT, day, define, nominal, trade
from tests.rules import Rules
from tests.trade_commands import about, shares

DUE = date(2026, 11, 26)


def rules() -> Rules:
    found = Rules()
    for command in INSTRUMENTS:
        found.when(command)
    return found


def booked(terms: Any, **changes: Any) -> Any:
    (event,) = rules().when(trade(terms, **changes))
    return event.terms  # type: ignore[attr-defined]


def refusal(terms: Any, **changes: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        rules().when(trade(terms, **changes))
    return caught.value.code, caught.value.field


def balances(*commands: Any) -> dict[tuple[str, str], Decimal]:
    entries = History(*INSTRUMENTS, *commands).documents("journal").values()
    return {(line.account, line.asset): line.balance for line in trial_balance(entries) if line.balance}


def test_a_purchase_pays_the_clean_price_and_what_has_accrued() -> None:
    """185 days of 365 at 3.5 % on 100,000 are 1,773.97."""
    terms = booked(nominal())
    assert (terms.settlement_date, terms.accrued.days) == (DUE, (DUE - date(2026, 5, 25)).days)
    assert terms.accrued.amount == Decimal("-1773.97")
    assert terms.amount == -99500 + Decimal("-1773.97")
    assert (terms.price, terms.value, terms.notional) == (Decimal("99.5"), 99500, Decimal("101273.97"))


def test_in_the_ex_coupon_period_the_buyer_is_paid_for_the_days_without_a_coupon() -> None:
    """Eleven of the 183 days of a half-yearly coupon of 2 on 100,000."""
    terms = booked(nominal(instrument="GILT"))
    assert terms.accrued.ex_coupon
    assert terms.accrued.amount == Decimal("120.22") == round(Decimal(2000) * 11 / 183, 2)
    assert not booked(nominal(instrument="GILT", settlement_date=date(2026, 11, 25))).accrued.ex_coupon


def test_the_ex_coupon_period_begins_business_days_before_the_payment() -> None:
    found = rules()
    holiday = DefineCalendar(command_id="h", calendar="XPAR", name="Paris", holidays=(date(2026, 12, 1),))
    found.when(holiday)
    (event,) = found.when(trade(nominal(instrument="GILT", settlement_date=date(2026, 11, 25))))
    assert event.terms.accrued.ex_coupon  # type: ignore[attr-defined]


def test_a_bill_bears_no_interest() -> None:
    terms = booked(nominal(price="98.765", instrument="BILL"))
    assert (terms.accrued, terms.amount) == (None, -98765)


def test_a_fund_is_traded_as_a_share() -> None:
    terms = booked(shares("10", "25", instrument="ETF"))
    assert (terms.product, terms.amount, terms.contract) == ("equity", -250, None)


@pytest.mark.parametrize(
    ("terms", "code", "field"),
    [
        (shares(instrument="OAT"), "wrong-product", "$.terms.instrument"),
        (nominal(instrument="SAN"), "wrong-product", "$.terms.instrument"),
        (nominal(instrument="CALL"), "wrong-product", "$.terms.instrument"),
        (nominal(instrument="NONE"), "unknown-instrument", "$.terms.instrument"),
        (nominal("0"), "not-positive", "$.terms.quantity"),
        (nominal(price="NaN"), "not-a-number", "$.terms.price"),
        (nominal(settlement_date=date(2035, 5, 25)), "date-out-of-range", "$.terms.settlement_date"),
        (nominal(fees={"tax": Decimal(-1)}), "negative-fee", "$.terms.fees.tax"),
    ],
)
def test_a_bond_that_cannot_be_traded_so_names_its_field(terms: Any, code: str, field: str) -> None:
    assert refusal(terms) == (code, field)


def test_bought_and_sold_interest_is_booked_apart_from_the_price() -> None:
    """Sold at the price that it was bought at: the interest of a day is all that was earned."""
    sale = nominal(side="sell", settlement_date=date(2026, 11, 27))
    assert balances(trade(nominal()), about(SettleTrade), trade(sale, "T2"), about(SettleTrade, "T2")) == {
        ("Assets:Nostro", "EUR"): Decimal("9.59"), ("Assets:AccruedInterest", "EUR"): Decimal("1773.97"),
        ("Income:Interest", "EUR"): Decimal("-1783.56"),
    }


def test_the_journal_of_a_purchase_says_where_its_price_and_its_interest_are() -> None:
    assert balances(trade(nominal())) == {
        ("Assets:SecuritiesReceivable:ACME", "OAT"): 100_000, ("Equity:Trading:OAT", "OAT"): -100_000,
        ("Equity:Trading:OAT", "EUR"): 99_500, ("Assets:AccruedInterest", "EUR"): Decimal("1773.97"),
        ("Liabilities:CashPayable:ACME", "EUR"): Decimal("-101273.97"),
    }
    assert balances(trade(nominal()), about(CancelTrade)) == {}


def test_the_clean_profit_and_the_interest_are_told_apart() -> None:
    history = History(
        *INSTRUMENTS, trade(nominal()), trade(nominal("40000", "101", side="sell"), "T2"),
        RecordPrice(command_id="p", instrument="OAT", price=Decimal("100.5")), day(0),
    )
    position = history.documents("positions")["EQ-1/OAT"]
    assert (position.quantity, position.cost, position.realised) == (60_000, 59_700, 600)
    assert position.income == Decimal("-1773.97") + Decimal("709.59")
    valued: Any = value(position, Marks(history.documents("reference").values()))
    assert (valued.market_value, valued.unrealised) == (60_300, 600)
    # By the business date 183 days have accrued on what is left.
    assert valued.accrued == Decimal("1052.88") == round(Decimal(2100) * 183 / 365, 2)
    assert valued.total_in_base == 600 + 600 + position.income + Decimal("1052.88")


def test_a_calendar_that_changes_after_the_booking_leaves_the_trade_its_dates() -> None:
    found = rules()
    found.when(trade(nominal()))
    found.when(DefineCalendar(command_id="h", calendar="XPAR", name="Paris", holidays=(DUE,)))
    assert found.trades.trades["T1"].terms.settlement_date == DUE
    (settled,) = found.when(about(SettleTrade, settled_on=DUE))
    assert settled.amount == Decimal("-101273.97")  # type: ignore[attr-defined]
    (later,) = found.when(trade(nominal(), "T2"))
    assert later.terms.settlement_date == date(2026, 11, 27)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"contract": GILT}, "immutable", "$.contract"), ({"contract": None}, "immutable", "$.contract"),
        ({"cfi": "ESVUFR"}, "cfi-mismatch", "$.cfi"),
    ],
)
def test_a_contract_is_fixed_and_of_the_kind_of_the_instrument(changes: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        rules().when(define("OAT", **{"cfi": "DBFTFB", "contract": OAT, **changes}))
    assert (caught.value.code, caught.value.field) == (code, field)


def test_a_share_does_not_become_a_bond() -> None:
    with pytest.raises(Refused, match="fixed"):
        rules().when(define("SAN", "DBFTFB", OAT))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"coupon": Decimal(-1)}, "out-of-range", "coupon"), ({"coupon": Decimal("1e-13")}, "too-precise", "coupon"),
        ({"maturity_date": date(2025, 5, 25)}, "date-out-of-range", "maturity_date"),
        ({"maturity_date": date(2300, 1, 1)}, "date-out-of-range", "maturity_date"),
        ({"first_coupon_date": date(2025, 5, 1)}, "date-out-of-range", "first_coupon_date"),
        ({"first_coupon_date": date(2026, 5, 24)}, "off-schedule", "first_coupon_date"),
    ],
)
def test_a_bond_that_cannot_be_is_not_defined(changes: dict[str, Any], code: str, field: str) -> None:
    contract = BondContract(**{name: getattr(OAT, name) for name in OAT.__struct_fields__} | changes)
    with pytest.raises(Refused) as caught:
        rules().when(define("NEW", "DBFTFB", contract))
    assert (caught.value.code, caught.value.field) == (code, f"$.contract.{field}")


def test_a_bill_defined_for_the_29th_of_february_matures_then() -> None:
    contract = BondContract(coupon=Decimal(0), issue_date=BILL.issue_date, maturity_date=date(2028, 2, 29))
    found = rules()
    found.when(define("LEAP", "DBZTFB", contract))
    (event,) = found.when(trade(nominal(instrument="LEAP", settlement_date=date(2028, 2, 28))))
    assert event.terms.amount == -99500  # type: ignore[attr-defined]
