"""What the reference and market logs take, and what they refuse."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import (
    AnyCommand,
    ClosePeriod,
    DefineBook,
    DefineCalendar,
    DefineCounterparty,
    DefineDesk,
    DefineInstrument,
    DefineLegalEntity,
    DefineTrader,
    EngageKillSwitch,
    IssueKey,
    LiftRestriction,
    RecordFxRate,
    RecordPrice,
    ReleaseKillSwitch,
    RestrictInstrument,
    RevokeKey,
    RollBusinessDate,
    SetLimit,
)
from domain.events import BookDefined, BusinessDateRolled, LimitSet
from domain.identifiers import isin_of, lei_of
from domain.outcomes import EVERY_ROLE, Principal
from domain.refusals import Refused
from tests.rules import DAY, Rules

DIGEST = "ab" * 32
BEFORE = date(2026, 11, 23)


def key(
    key_id: str = "k1", digest: str = DIGEST, roles: Any = ("admin",), books: tuple[str, ...] = ()
) -> IssueKey:
    return IssueKey(command_id=f"i-{key_id}", key_id=key_id, name="Key", digest=digest, roles=roles, books=books)


def test_a_book_takes_entity_and_currency_from_its_desk() -> None:
    (event,) = Rules().when(DefineBook(command_id="b", book="EQ-3", name="Third", desk="EQ"))
    assert isinstance(event, BookDefined)
    assert (event.entity, event.base_currency, event.owner) == ("BANK", "EUR", "BANK")


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (DefineDesk(command_id="x", desk="FX", name="FX", entity="NONE"), "unknown-legal-entity", "$.entity"),
        (DefineBook(command_id="x", book="B", name="B", desk="NONE"), "unknown-desk", "$.desk"),
        (DefineBook(command_id="x", book="EQ-1", name="B", desk="EQ", lot_method="average"), "immutable",
         "$.lot_method"),
        (DefineTrader(command_id="x", trader="t", name="T", desk="EQ", books=("EQ-1", "NO")), "unknown-book",
         "$.books[1]"),
        (DefineLegalEntity(command_id="x", entity="E", name="E", lei="A" * 20, base_currency="EUR"), "invalid-lei",
         "$.lei"),
        (DefineLegalEntity(command_id="x", entity="BANK", name="B", lei=lei_of("A" * 18), base_currency="USD"),
         "immutable", "$.base_currency"),
        (DefineCalendar(command_id="x", calendar="NO", name="No", weekend=(1, 2, 3, 4, 5, 6, 7)), "no-business-day",
         "$.weekend"),
        (DefineInstrument(command_id="x", instrument="I", name="I", isin=isin_of("FR000000000"), mic="XPAR",
                          cfi="ESVUFR", currency="EUR", issuer="I", calendar="NONE"), "unknown-calendar", "$.calendar"),
        (SetLimit(command_id="x", book="EQ-1", kind="order-notional", amount=Decimal(0)), "not-positive", "$.amount"),
        (SetLimit(command_id="x", book="EQ-1", kind="order-notional"), "no-such-limit", "$.amount"),
        (SetLimit(command_id="x", book="EQ-1", kind="gross-notional", amount=Decimal(1), instrument="SAN"),
         "limit-of-whole-book", "$.instrument"),
        (EngageKillSwitch(command_id="x"), "book-or-trader", "$.book"),
        (EngageKillSwitch(command_id="x", book="EQ-1", trader="anna"), "book-or-trader", "$.book"),
        (ReleaseKillSwitch(command_id="x", book="EQ-1"), "not-engaged", ""),
        (LiftRestriction(command_id="x", instrument="SAN"), "not-restricted", "$.instrument"),
        (RevokeKey(command_id="x", key_id="none"), "unknown-key", "$.key_id"),
        (key("everbook"), "reserved", "$.key_id"),
        (RollBusinessDate(command_id="x", business_date=date(1900, 1, 1)), "date-out-of-range", "$.business_date"),
        (ClosePeriod(command_id="x", through=DAY), "date-out-of-range", "$.through"),
        (RecordPrice(command_id="x", instrument="NONE", price=Decimal(1)), "unknown-instrument", "$.instrument"),
        (RecordPrice(command_id="x", instrument="SAN", price=Decimal("NaN")), "not-a-number", "$.price"),
        (RecordFxRate(command_id="x", base="EUR", quote="EUR", rate=Decimal(1)), "same-currency", "$.quote"),
        (RecordFxRate(command_id="x", base="EUR", quote="USD", rate=Decimal(0)), "not-positive", "$.rate"),
        (RecordFxRate(command_id="x", base="XXX", quote="USD", rate=Decimal(1)), "unknown-currency", "$.base"),
    ],
)
def test_what_breaks_a_rule_names_its_field(command: AnyCommand, code: str, field: str) -> None:
    with pytest.raises(Refused) as raised:
        Rules().when(command)
    assert (raised.value.code, raised.value.field) == (code, field)


def test_a_limit_counts_its_settings_and_can_be_lifted() -> None:
    rules = Rules()
    for place, amount in enumerate((Decimal(5), Decimal(6), None), 1):
        (event,) = rules.when(SetLimit(command_id=f"l{place}", book="EQ-1", kind="order-quantity", amount=amount))
        assert isinstance(event, LimitSet)
        assert event.version == place
    assert rules.reference.limits["EQ-1"] == {}


def test_business_dates_go_forward_and_periods_close_behind_them() -> None:
    rules = Rules()
    rules.when(RollBusinessDate(command_id="r1", business_date=DAY))
    (event,) = rules.when(RollBusinessDate(command_id="r2", business_date=date(2026, 11, 25)))
    assert isinstance(event, BusinessDateRolled)
    assert (event.previous, event.business_date) == (DAY, date(2026, 11, 25))
    with pytest.raises(Refused, match="must follow"):
        rules.when(RollBusinessDate(command_id="r3", business_date=DAY))
    rules.when(ClosePeriod(command_id="p1", through=DAY))
    with pytest.raises(Refused, match="closed through"):
        rules.when(ClosePeriod(command_id="p2", through=DAY))


def test_the_last_admin_key_stays() -> None:
    rules = Rules()
    rules.when(key())
    with pytest.raises(Refused, match="last key"):
        rules.when(RevokeKey(command_id="v1", key_id="k1"))
    rules.when(key("k2", "cd" * 32))
    assert rules.when(RevokeKey(command_id="v1", key_id="k1"))
    assert "k1" not in rules.reference.principals


def test_an_admin_of_some_books_revokes_keys_for_these_alone() -> None:
    rules, of_one = Rules(), Principal("k2", "k2", ("admin",), ("EQ-1",))
    rules.when(key())
    rules.when(key("k2", "cd" * 32, books=("EQ-1",)))
    rules.when(key("k3", "ef" * 32, books=("EQ-1",)))
    rules.when(key("k4", "ab" * 31 + "cd", books=("EQ-1", "EQ-2")))
    for other in ("k1", "k4"):
        with pytest.raises(Refused, match="for these alone"):
            rules.when(RevokeKey(command_id="v", key_id=other), of_one)
    with pytest.raises(Refused, match="last key of an admin of every book"):
        rules.when(RevokeKey(command_id="v", key_id="k1"))
    assert rules.when(RevokeKey(command_id="v", key_id="k3"), of_one)


@pytest.mark.parametrize(
    "command",
    [
        DefineDesk(command_id="x", desk="FX", name="FX", entity="BANK"),
        SetLimit(command_id="x", book="EQ-1", kind="order-quantity", amount=Decimal(1)),
        RestrictInstrument(command_id="x", instrument="SAN"), key(), RecordPrice(command_id="x", instrument="SAN",
                                                                                  price=Decimal(1)),
        RollBusinessDate(command_id="x", business_date=DAY), EngageKillSwitch(command_id="x", book="EQ-1"),
    ],
)
def test_a_key_that_only_reads_commands_nothing(command: AnyCommand) -> None:
    with pytest.raises(Refused) as raised:
        Rules().when(command, Principal("r", "r", ("reporting",)))
    assert raised.value.code == "not-permitted"


OF_EQ_1 = Principal("k", "k", EVERY_ROLE, ("EQ-1",))


@pytest.mark.parametrize(
    "command",
    [
        DefineLegalEntity(command_id="x", entity="E", name="E", lei=lei_of("EVERBOOK0000000003"), base_currency="EUR"),
        DefineDesk(command_id="x", desk="FX", name="FX", entity="BANK"),
        DefineCounterparty(command_id="x", counterparty="C", name="C", lei=lei_of("EVERBOOK0000000003")),
        DefineInstrument(command_id="x", instrument="I", name="I", isin=isin_of("FR000000000"), mic="XPAR",
                         cfi="ESVUFR", currency="EUR", issuer="I", calendar="XPAR"),
        DefineCalendar(command_id="x", calendar="XPAR", name="Paris"),
        DefineTrader(command_id="x", trader="bob", name="Bob", desk="EQ"),
        DefineTrader(command_id="x", trader="bob", name="Bob", desk="EQ", books=("EQ-1", "EQ-2")),
        DefineTrader(command_id="x", trader="anna", name="Anna", desk="EQ", books=("EQ-1",)),
        RestrictInstrument(command_id="x", instrument="SAN"), LiftRestriction(command_id="x", instrument="IBM"),
        RollBusinessDate(command_id="x", business_date=date(2026, 11, 25)), ClosePeriod(command_id="x", through=BEFORE),
        EngageKillSwitch(command_id="x", trader="anna"), EngageKillSwitch(command_id="x", trader="carl"),
        ReleaseKillSwitch(command_id="x", trader="dora"),
    ],
)
def test_what_reaches_beyond_the_books_of_a_key_is_refused(command: AnyCommand) -> None:
    rules = Rules()
    rules.when(DefineTrader(command_id="t1", trader="carl", name="Carl", desk="EQ", books=("EQ-2",)))
    rules.when(DefineTrader(command_id="t2", trader="dora", name="Dora", desk="EQ"))
    rules.when(EngageKillSwitch(command_id="s", trader="dora"))
    rules.when(RestrictInstrument(command_id="r", instrument="IBM"))
    rules.when(RollBusinessDate(command_id="d", business_date=DAY))
    with pytest.raises(Refused) as raised:
        rules.when(command, OF_EQ_1)
    assert raised.value.code == "not-permitted"
    assert rules.when(command)


def test_a_key_for_some_books_defines_and_stops_the_traders_of_these() -> None:
    rules = Rules()
    rules.when(DefineTrader(command_id="t", trader="bob", name="Bob", desk="EQ", books=("EQ-1",)), OF_EQ_1)
    assert rules.when(EngageKillSwitch(command_id="s", trader="bob"), OF_EQ_1)
    both = Principal("k", "k", ("risk",), ("EQ-1", "EQ-2"))
    assert rules.when(EngageKillSwitch(command_id="s", trader="anna"), both)


def test_a_rate_is_found_direct_inverted_and_crossed() -> None:
    rules = Rules()
    rules.when(RecordFxRate(command_id="x", base="GBP", quote="USD", rate=Decimal("1.5")))
    market = rules.market
    assert (market.rate("EUR", "USD"), market.rate("USD", "EUR")) == (Decimal("1.25"), Decimal("0.8"))
    assert market.rate("GBP", "EUR") == Decimal("1.2")
    assert market.rate("GBP", "JPY") is None
    assert market.rate("JPY", "JPY") == 1
