"""Generated days: the same seed, the same day; and commands that stand in the right order."""

from collections import Counter
from functools import lru_cache
from typing import get_args

import pytest
from stdnum import isin, lei

from api.generator import Shape, TradingDay
from domain import commands
from domain.commands import (
    AnnounceCorporateAction,
    BookTrade,
    CompressTrades,
    DefineCounterparty,
    DefineInstrument,
    LoanTerms,
    TradeCommand,
)
from domain.commands.corporate_actions import ActionTerms
from domain.schema import business_content, decode_command
from projections.business import business_digest
from projections.registry import PROJECTIONS
from tests.documents import read_models
from tests.generated import Decided

DAY = Shape(trades=2_000, seed=3)
SMALL = Shape(trades=600, seed=5, unknown=0.03, restricted=0.03, oversized=0.03)
DELIBERATE = {"limit-order-quantity", "restricted-instrument", "unknown-counterparty"}


def content(shape: Shape) -> list[bytes]:
    day = TradingDay(shape)
    return [business_content(command) for command in (*day.reference_commands(), *day.day_commands())]


@lru_cache
def decided(ledgers: int) -> Decided:
    return Decided(SMALL, ledgers)


def names_of(union: object) -> set[str]:
    return {each.__name__ for each in get_args(union)}


def test_a_seed_makes_one_day_and_another_seed_another() -> None:
    assert content(DAY) == content(DAY)
    assert content(DAY) != content(Shape(trades=2_000, seed=4))


def test_every_command_can_be_read_back() -> None:
    for line in content(Shape(trades=200)):
        assert business_content(decode_command(line)[0]) == line


def test_the_identifiers_are_valid() -> None:
    for command in TradingDay(DAY).reference_commands():
        if isinstance(command, DefineInstrument):
            assert isin.is_valid(command.isin)
        elif isinstance(command, DefineCounterparty):
            assert lei.is_valid(command.lei)


def test_nothing_happens_to_a_trade_before_it_is_booked() -> None:
    booked: set[str] = set()
    for command in TradingDay(DAY).day_commands():
        if isinstance(command, BookTrade):
            booked.add(command.trade_id)
        elif isinstance(command, CompressTrades):
            assert booked.issuperset(command.trade_ids)
        elif isinstance(command, TradeCommand):
            assert command.trade_id in booked


@pytest.mark.parametrize("trades", [1, 20, 2_000])
def test_the_day_has_as_many_trades_as_were_asked_for(trades: int) -> None:
    day = TradingDay(Shape(trades=trades, seed=3))
    assert len({each.trade_id for each in day.day_commands() if isinstance(each, BookTrade)}) == trades


def test_the_day_has_the_shape_that_was_asked_for() -> None:
    bookings = {c.trade_id: c for c in TradingDay(DAY).day_commands() if isinstance(c, BookTrade)}
    kinds = Counter(type(command.terms) for command in bookings.values())
    assert kinds[LoanTerms] / DAY.trades == pytest.approx(DAY.loan_share, abs=0.02)
    assert {kind.__name__ for kind in kinds} == names_of(commands.Terms)
    days = Counter(command.effective_at.date() for command in bookings.values() if command.effective_at)
    assert days[DAY.day] / DAY.trades == pytest.approx(1 - 3 * DAY.later, abs=0.01)
    assert set(days) == set(DAY.days)


def test_every_kind_of_command_of_the_ledger_is_given() -> None:
    """But those that Everbook gives by itself."""
    given = Counter(type(each).__name__ for each in TradingDay(DAY).day_commands())
    kinds = (commands.LedgerCommand, commands.SettlementCommand, commands.ProductCommand, commands.MarketCommand)
    asked = set[str]().union(*(names_of(kind) for kind in kinds))
    issuers = {"AnnounceCorporateAction", "AmendCorporateAction", "CancelCorporateAction"}
    assert (asked | issuers | {"TransferPosition", "RollBusinessDate", "SetLimit"}) == set(given)


def test_every_kind_of_corporate_action_is_announced() -> None:
    announced = [c for c in TradingDay(DAY).day_commands() if isinstance(c, AnnounceCorporateAction)]
    assert {type(command.terms).__name__ for command in announced} == names_of(ActionTerms)
    assert all(DAY.day < command.ex_date <= (command.pay_date or DAY.day) <= DAY.days[-1] for command in announced)


def test_the_rules_refuse_nothing_but_what_is_wrong_on_purpose() -> None:
    refused = {outcome.code for outcome in decided(1).outcomes.values() if outcome.status == "refused"}
    assert refused == DELIBERATE


def test_every_command_comes_to_the_same_in_one_log_and_in_several() -> None:
    one, three = (
        {key: (outcome.status, outcome.code, outcome.count) for key, outcome in decided(ledgers).outcomes.items()}
        for ledgers in (1, 3)
    )
    assert one == three


def test_the_business_is_the_same_in_one_log_and_in_several() -> None:
    one, three = (read_models(decided(ledgers).events(), at_once=True) for ledgers in (1, 3))
    for projection in PROJECTIONS:
        name = projection.name
        assert business_digest(one[name].values()) == business_digest(three[name].values()), name


def test_funds_go_from_log_to_log_and_one_of_them_comes_back() -> None:
    several = decided(3)
    types = Counter(event.type for event in several.events())
    assert types["transfer.sent.v1"] == types["transfer.received.v1"] + types["transfer.returned.v1"]
    assert types["transfer.returned.v1"] == 1
    sent = {event.event.transfer_id: event.log for event in several.events() if event.type == "transfer.sent.v1"}  # type: ignore[attr-defined]
    received = {
        event.event.transfer_id: event.log for event in several.events()  # type: ignore[attr-defined]
        if event.type == "transfer.received.v1"
    }
    assert any(sent[name] != log for name, log in received.items())


def test_no_lot_that_is_handed_over_turns_out_not_to_have_been_there() -> None:
    positions = read_models(decided(1).events(), at_once=True)["positions"].values()
    assert [each.id for each in positions if each.substituted] == []
