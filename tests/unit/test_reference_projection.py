"""The latest word on everything that the reference and market logs define."""

from decimal import Decimal
from typing import Any

from domain.commands import (
    AnyCommand,
    ClosePeriod,
    DefineDesk,
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
from domain.events import (
    EVENT_TYPES,
    AppliedEvent,
    CommandRefused,
    LogOpened,
    NetEvent,
    TradeEvent,
    TransferEvent,
    VariationMarginSettled,
)
from projections.reference import _KINDS
from tests.documents import History
from tests.rules import DAY, FOUNDATION, booking

DIGEST = "ab" * 32


def entries(*commands: AnyCommand) -> dict[str, Any]:
    return History(*commands).documents("reference")


def test_each_thing_that_is_defined_has_one_entry() -> None:
    assert set(entries()) == {
        "calendars/XPAR", "entities/BANK", "desks/EQ", "books/EQ-1", "books/EQ-2", "traders/anna",
        "counterparties/ACME", "instruments/SAN", "instruments/IBM", "prices/SAN", "rates/EUR/USD",
    }
    assert len(entries()) == len(FOUNDATION)


def test_an_entry_holds_the_fact_without_its_envelope_and_who_said_it() -> None:
    entry = entries()["books/EQ-2"]
    assert (entry.kind, entry.key, entry.version, entry.in_force) == ("books", "EQ-2", 1, True)
    assert {"book": "EQ-2", "desk": "EQ", "lot_method": "average", "owner": "BANK"}.items() <= entry.content.items()
    assert {"at", "actor"} <= set(entry.content)
    assert not {"command_id", "source", "recorded_at"} & set(entry.content)


def test_a_new_definition_replaces_the_old_one() -> None:
    entry = entries(DefineDesk(command_id="d", desk="EQ", name="Cash equities", entity="BANK"))["desks/EQ"]
    assert (entry.version, entry.content["name"]) == (2, "Cash equities")


def test_the_digest_of_a_key_is_never_shown() -> None:
    issue = IssueKey(command_id="k", key_id="desk-7", name="Desk", digest=DIGEST, roles=("trader",))
    issued = entries(issue)["keys/desk-7"]
    assert (issued.content["roles"], issued.in_force) == (["trader"], True)
    revoked = entries(issue, RevokeKey(command_id="r", key_id="desk-7"))["keys/desk-7"]
    assert (revoked.content["name"], revoked.in_force) == ("Desk", False)
    assert DIGEST not in str(issued.content) + str(revoked.content)


def test_a_limit_is_kept_by_book_kind_and_instrument_until_it_is_lifted() -> None:
    general = SetLimit(command_id="1", book="EQ-1", kind="position-quantity", amount=Decimal(100))
    special = SetLimit(command_id="2", book="EQ-1", kind="position-quantity", amount=Decimal(5), instrument="SAN")
    lifted = SetLimit(command_id="3", book="EQ-1", kind="position-quantity", instrument="SAN")
    found = entries(general, special, lifted)
    assert found["limits/EQ-1/position-quantity"].content["amount"] == "100"
    assert found["limits/EQ-1/position-quantity"].in_force
    assert not found["limits/EQ-1/position-quantity/SAN"].in_force


def test_switches_and_restrictions_are_in_force_until_they_end() -> None:
    begun = (EngageKillSwitch(command_id="1", book="EQ-1"), RestrictInstrument(command_id="2", instrument="SAN"))
    ended = (ReleaseKillSwitch(command_id="3", book="EQ-1"), LiftRestriction(command_id="4", instrument="SAN"))
    for key in ("kill-switches/EQ-1", "restrictions/SAN"):
        assert entries(*begun)[key].in_force
        assert not entries(*begun, *ended)[key].in_force
        assert "ended" in entries(*begun, *ended)[key].content


def test_a_trader_may_have_the_name_of_a_book() -> None:
    found = entries(
        DefineTrader(command_id="0", trader="EQ-1", name="EQ", desk="EQ"),
        EngageKillSwitch(command_id="1", book="EQ-1"), EngageKillSwitch(command_id="2", trader="EQ-1"),
        ReleaseKillSwitch(command_id="3", trader="EQ-1"),
    )
    assert found["kill-switches/EQ-1"].in_force
    assert not found["kill-switches/trader/EQ-1"].in_force


def test_the_business_date_and_the_closed_period_are_the_latest() -> None:
    rolls = [RollBusinessDate(command_id=f"r{day}", business_date=DAY.replace(day=day)) for day in (24, 25)]
    found = entries(*rolls, ClosePeriod(command_id="c", through=DAY))
    assert found["dates"].content["business_date"] == "2026-11-25"
    assert found["periods"].content["through"] == "2026-11-24"


def test_a_price_and_a_rate_come_with_the_one_before() -> None:
    price = RecordPrice(command_id="p", instrument="SAN", price=Decimal("101.50"))
    rate = RecordFxRate(command_id="f", base="EUR", quote="USD", rate=Decimal("1.2"))
    found = entries(price, rate)
    assert (found["prices/SAN"].content["price"], found["prices/SAN"].content["previous"]) == ("101.50", "100")
    assert (found["rates/EUR/USD"].content["rate"], found["rates/EUR/USD"].content["previous"]) == ("1.2", "1.25")
    assert (found["prices/SAN"].version, found["prices/SAN"].event) == (2, "market:3")


def test_trades_change_nothing_here() -> None:
    assert entries(booking()) == entries()


def test_every_fact_of_the_reference_and_market_logs_has_its_place() -> None:
    of_ledgers = (
        TradeEvent | NetEvent | TransferEvent | VariationMarginSettled | AppliedEvent | CommandRefused | LogOpened
    )
    facts = {kind for kind in EVENT_TYPES.values() if not issubclass(kind, of_ledgers)}
    assert set(_KINDS) == facts
