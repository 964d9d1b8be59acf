"""What fills leave open and what they earn, by FIFO and by the moving average."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands.reference import LotMethod
from domain.money import exact, round_to
from projections.lots import EMPTY, Fill, Holding, add, fold
from projections.movements import TRADING
from tests.rules import DAY, MOMENT


def fills(*trades: tuple[str, str]) -> list[Fill]:
    return [
        Fill((DAY + timedelta(place), TRADING, MOMENT, f"T{place + 1}"), Decimal(quantity), Decimal(price))
        for place, (quantity, price) in enumerate(trades)
    ]


def held(method: LotMethod, *trades: tuple[str, str]) -> Holding:
    with exact():
        return fold(fills(*trades), method)


def lots(holding: Holding) -> list[tuple[str, Decimal | int, Decimal | int]]:
    return [(lot.trade_id, lot.quantity, lot.price) for lot in holding.lots]


def figures(holding: Holding) -> tuple[Decimal | int, ...]:
    return (holding.quantity, holding.cost, holding.realised)


def as_printed(value: Decimal, printed: str) -> bool:
    return round_to(value, Decimal(printed)) == Decimal(printed)


def test_the_published_average_price_comes_out_to_its_last_digit() -> None:
    """Trading Technologies: B12@100, B17@99, S9@101, S4@105, B3@103."""
    trades = [("12", "100"), ("17", "99"), ("-9", "101"), ("-4", "105"), ("3", "103")]
    steps = [held("average", *trades[:number]) for number in range(1, 6)]
    assert as_printed(steps[1].lots[0].price, "99.4137931034")
    assert as_printed(steps[2].realised, "14.2758620690")
    assert as_printed(steps[3].realised, "36.6206896552")
    assert as_printed(steps[4].lots[0].price, "99.98003629764")
    assert steps[4].quantity == 19


def test_the_published_average_cost_comes_out_exactly() -> None:
    """Rotki: B2@10, S1@15, B1@30, S1.5@10, B3@20, S2@30, S1.5@10."""
    trades = [("2", "10"), ("-1", "15"), ("1", "30"), ("-1.5", "10"), ("3", "20"), ("-2", "30"), ("-1.5", "10")]
    steps = [EMPTY, *(held("average", *trades[:number]) for number in range(1, 8))]
    earned = [after.realised - before.realised for before, after in pairwise(steps)]
    assert earned == [0, 5, 0, -15, 0, 20, -15]
    assert [step.cost for step in steps[1:]] == [20, 10, 40, 10, 70, 30, 0]
    assert steps[-1].lots == ()


def test_fifo_closes_the_oldest_lot_first_and_keeps_the_rest_of_it() -> None:
    holding = held("fifo", ("10", "100"), ("5", "110"), ("-12", "120"))
    assert lots(holding) == [("T2", 3, 110)]
    assert holding.realised == 10 * 20 + 2 * 10
    assert holding.cost == 330
    assert lots(held("fifo", ("10", "100"), ("-4", "120"))) == [("T1", 6, 100)]


@pytest.mark.parametrize("method", ["fifo", "average"])
def test_a_fill_through_zero_closes_all_then_opens_the_rest_the_other_way(method: Any) -> None:
    holding = held(method, ("10", "100"), ("-15", "120"))
    assert figures(holding) == (-5, -600, 200)
    (lot,) = holding.lots
    assert lots(holding)[0][1:] == (-5, 120)
    assert lot.trade_date == DAY + timedelta(1)
    assert held(method, ("10", "100"), ("-15", "120"), ("5", "90")).realised == 200 + 5 * 30


@pytest.mark.parametrize("method", ["fifo", "average"])
def test_a_short_position_earns_when_it_is_bought_back_lower(method: Any) -> None:
    holding = held(method, ("-10", "100"), ("4", "90"))
    assert figures(holding) == (-6, -600, 40)


def test_a_purchase_at_a_negative_price_is_a_lot_like_any_other() -> None:
    holding = held("fifo", ("10", "-37.63"), ("-10", "2"))
    assert figures(holding) == (0, 0, Decimal("396.3"))


def test_what_the_average_rounds_leaves_with_the_last_of_it() -> None:
    thirds = [("1", "10"), ("2", "20")]
    step = held("average", *thirds, ("-1", "30"))
    assert step.realised == 30 - Decimal("16.666666666667")
    assert step.cost == 50 - Decimal("16.666666666667")
    end = held("average", *thirds, ("-1", "30"), ("-2", "30"))
    assert figures(end) == (0, 0, 40)


TRADES = st.lists(st.tuples(st.integers(-9, 9).filter(bool).map(str), st.integers(-2, 99).map(str)), max_size=12)


@given(TRADES, st.sampled_from(["fifo", "average"]))
def test_cost_and_proceeds_less_profit_are_nothing_at_all_times(trades: list[tuple[str, str]], method: Any) -> None:
    with exact():
        holding, proceeds = EMPTY, Decimal(0)
        for fill in fills(*trades):
            holding = add(holding, fill, method)
            proceeds -= fill.quantity * fill.price
            assert holding.cost + proceeds - holding.realised == 0
            assert sum(lot.quantity for lot in holding.lots) == holding.quantity
            assert all((lot.quantity > 0) == (holding.quantity > 0) for lot in holding.lots)
