"""Generated days: the same seed, the same day; and commands that stand in the right order."""

from collections import Counter

import pytest
from stdnum import isin, lei

from api.generator import Shape, TradingDay
from domain.commands import BookTrade, DefineCounterparty, DefineInstrument, LoanTerms, TradeCommand
from domain.schema import business_content, decode_command

DAY = Shape(trades=2_000, seed=3)


def content(shape: Shape) -> list[bytes]:
    day = TradingDay(shape)
    return [business_content(command) for command in (*day.reference_commands(), *day.day_commands())]


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
        elif isinstance(command, TradeCommand):
            assert command.trade_id in booked


def test_the_day_has_the_shape_that_was_asked_for() -> None:
    bookings = {c.trade_id: c for c in TradingDay(DAY).day_commands() if isinstance(c, BookTrade)}
    kinds = Counter(type(command.terms) for command in bookings.values())
    assert len(bookings) == DAY.trades
    assert kinds[LoanTerms] / DAY.trades == pytest.approx(DAY.loan_share, abs=0.02)
