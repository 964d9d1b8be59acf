"""Settlement cycles, penalty rates and liquidity classes: each holds from a day on."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.commands import AnyCommand, ClassifyInstrument, DefineInstrument, SetPenaltyRate, SetSettlementCycle
from domain.events import TradeBooked
from domain.identifiers import isin_of
from domain.outcomes import Principal
from domain.reference.kept import kept, resume
from domain.reference.state import ReferenceState
from domain.refusals import Refused
from tests.rules import Rules, booking


def cycle(market: str, days: int, effective_from: date) -> SetSettlementCycle:
    command_id = f"{market}-{days}-{effective_from}"
    return SetSettlementCycle(command_id=command_id, market=market, days=days, effective_from=effective_from)


def settles_on(rules: Rules, trade_date: date, **changes: Any) -> date:
    (event,) = rules.when(booking(f"T{trade_date}", trade_date=trade_date, **changes))
    assert isinstance(event, TradeBooked)
    return event.terms.settlement_date


US = (cycle("XNYS", 2, date(2017, 9, 5)), cycle("XNYS", 1, date(2024, 5, 28)))


def after(*commands: AnyCommand) -> Rules:
    rules = Rules()
    for command in commands:
        rules.when(command)
    return rules


@pytest.mark.parametrize(("trade_date", "days"), [(date(2024, 5, 23), 4), (date(2024, 5, 28), 1)])
def test_a_trade_settles_by_the_cycle_of_its_market_on_its_day(trade_date: date, days: int) -> None:
    # From Thursday 23 May two business days lead over the weekend to Monday.
    assert (settles_on(after(*US), trade_date, instrument="IBM") - trade_date).days == days


@pytest.mark.parametrize("order", [US, US[::-1]])
def test_it_does_not_matter_in_which_order_cycles_were_told(order: tuple[AnyCommand, ...]) -> None:
    assert settles_on(after(*order), date(2024, 5, 28), instrument="IBM") == date(2024, 5, 29)


def test_a_cycle_may_be_of_a_calendar_and_gives_way_to_that_of_the_market() -> None:
    of_calendar = cycle("XPAR", 0, date(2020, 1, 1))
    assert settles_on(after(of_calendar), date(2026, 11, 24), instrument="IBM") == date(2026, 11, 24)
    assert settles_on(after(of_calendar, *US), date(2026, 11, 24), instrument="IBM") == date(2026, 11, 25)


def test_without_a_cycle_it_is_two_days_and_the_latest_word_on_a_day_holds() -> None:
    assert settles_on(after(), date(2026, 11, 24)) == date(2026, 11, 26)
    twice = (cycle("XPAR", 1, date(2026, 1, 1)), cycle("XPAR", 0, date(2026, 1, 1)))
    assert settles_on(after(*twice), date(2026, 11, 24)) == date(2026, 11, 24)


def test_the_instrument_and_the_trade_itself_may_say_otherwise() -> None:
    own = DefineInstrument(
        command_id="own", instrument="GE", name="GE", isin=isin_of("US369604301"), mic="XNYS", cfi="ESVUFR",
        currency="USD", issuer="GE", calendar="XPAR", settlement_days=3,
    )
    rules = after(own, *US)
    assert settles_on(rules, date(2026, 11, 23), instrument="GE") == date(2026, 11, 26)
    named = date(2026, 12, 1)
    assert settles_on(rules, date(2026, 11, 24), instrument="GE", settlement_date=named) == named


@pytest.mark.parametrize(("command", "code", "field"), [
    (SetPenaltyRate(command_id="x", kind="lack-of-cash", rate=Decimal(1), effective_from=date(2024, 1, 1)),
     "currency-mismatch", "$.currency"),
    (SetPenaltyRate(command_id="x", kind="other", currency="EUR", rate=Decimal(1), effective_from=date(2024, 1, 1)),
     "currency-mismatch", "$.currency"),
    (SetPenaltyRate(command_id="x", kind="lack-of-cash", currency="XXX", rate=Decimal(1),
                    effective_from=date(2024, 1, 1)), "unknown-currency", "$.currency"),
    (SetPenaltyRate(command_id="x", kind="other", rate=Decimal(-1), effective_from=date(2024, 1, 1)), "out-of-range",
     "$.rate"),
    (ClassifyInstrument(command_id="x", instrument="NONE", liquidity="other", effective_from=date(2024, 1, 1)),
     "unknown-instrument", "$.instrument"),
    (cycle("XNYS", 1, date(1969, 1, 1)), "date-out-of-range", "$.effective_from"),
])
def test_what_makes_no_sense_is_refused(command: AnyCommand, code: str, field: str) -> None:
    with pytest.raises(Refused) as raised:
        Rules().when(command)
    assert (raised.value.code, raised.value.field) == (code, field)


@pytest.mark.parametrize("principal", [
    Principal("t", "Trader", ("trader",), ()), Principal("o", "Operations", ("operations",), ("EQ-1",)),
])
def test_regimes_are_for_operations_of_every_book(principal: Principal) -> None:
    with pytest.raises(Refused, match=r"roles|books"):
        Rules().when(US[0], principal)


def test_a_snapshot_keeps_them() -> None:
    rules = after(
        *US, ClassifyInstrument(command_id="k", instrument="SAN", liquidity="other", effective_from=date(2024, 1, 1)),
        SetPenaltyRate(command_id="r", kind="other", rate=Decimal("0.5"), effective_from=date(2024, 1, 1)),
    )
    rules.reference.undo.keep()
    again = ReferenceState()
    resume(again, kept(rules.reference))
    assert again.cycles == rules.reference.cycles
    day = date(2024, 6, 1)
    assert again.liquidity_of("SAN", day) == "other"
    assert (again.penalty_rate("other", "EUR", day), again.penalty_rate("other", "EUR", date(2023, 12, 31))) == (
        Decimal("0.5"), None
    )
