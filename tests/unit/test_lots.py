"""What fills leave open and what they earn, by every method."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands.lots import NamedLot
from domain.commands.reference import LotMethod
from domain.money import exact, round_to
from projections.lots import EMPTY, Fill, Holding, Lot, add, fold, leaving
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


METHODS = get_args(LotMethod)
SALE = [("10", "100"), ("5", "130"), ("8", "110"), ("-12", "120")]


@pytest.mark.parametrize(("method", "left", "realised"), [
    ("fifo", [("T2", 3, 130), ("T3", 8, 110)], 10 * 20 - 2 * 10),
    ("lifo", [("T1", 10, 100), ("T2", 1, 130)], 8 * 10 - 4 * 10),
    ("hifo", [("T1", 10, 100), ("T3", 1, 110)], 7 * 10 - 5 * 10),
    ("specific", [("T2", 3, 130), ("T3", 8, 110)], 10 * 20 - 2 * 10),
])
def test_each_method_closes_its_own_lots_first(method: Any, left: list[Any], realised: int) -> None:
    holding = held(method, *SALE)
    assert lots(holding) == left
    assert holding.realised == realised


def test_hifo_buys_back_the_short_lot_of_the_lowest_proceeds_first() -> None:
    holding = held("hifo", ("-10", "100"), ("-5", "90"), ("-8", "110"), ("12", "95"))
    assert lots(holding) == [("T1", -3, 100), ("T3", -8, 110)]
    assert holding.realised == -5 * 5 + 7 * 5


def test_hifo_takes_the_older_of_two_lots_that_cost_the_same() -> None:
    assert lots(held("hifo", ("10", "100"), ("5", "100"), ("-4", "120"))) == [("T1", 6, 100), ("T2", 5, 100)]


def test_named_lots_are_closed_first_and_the_oldest_make_up_the_rest() -> None:
    opened = fills(("10", "100"), ("5", "130"), ("8", "110"))
    sale = closing("-9", "120", ("T3", "6"), ("T2", "1"))
    with exact():
        holding = add(fold(opened, "specific"), sale, "specific")
    assert lots(holding) == [("T1", 8, 100), ("T2", 4, 130), ("T3", 2, 110)]
    assert [holding.realised, holding.substituted] == [6 * 10 - 10 + 2 * 20, 0]


def test_a_named_lot_that_is_gone_is_replaced_by_the_oldest_and_the_holding_says_so() -> None:
    opened = fills(("10", "100"), ("5", "130"))
    with exact():
        holding = add(fold(opened, "specific"), closing("-8", "120", ("T9", "3"), ("T2", "7")), "specific")
    assert lots(holding) == [("T1", 7, 100)]
    assert holding.substituted == 3
    assert holding.realised == -5 * 10 + 3 * 20


def test_fees_in_cost_are_shared_by_quantity_and_the_last_part_takes_the_rest() -> None:
    """A fee of 1 on three shares: a third of it is rounded twice, and what is left leaves with the last."""
    with exact():
        bought = fold([Fill((DAY, TRADING, MOMENT, "T1"), Decimal(3), Decimal(10), Decimal(1))], "fifo")
        parts = [bought]
        for _ in range(3):
            parts.append(add(parts[-1], closing("-1", "10"), "fifo"))
    assert bought.cost == 31
    once, twice = Decimal("0.333333333333"), Decimal("0.666666666667")
    assert [part.realised for part in parts] == [0, -once, -twice, -1]
    assert [part.cost for part in parts] == [31, 21 - once, 11 - twice, 0]


def test_the_fees_of_a_fill_through_zero_are_split_by_quantity() -> None:
    with exact():
        short = Fill((DAY, TRADING, MOMENT, "T2"), Decimal(-15), Decimal(120), Decimal(3))
        holding = add(fold(fills(("10", "100")), "fifo"), short, "fifo")
    assert holding.realised == 200 - 2
    assert lots(holding) == [("T2", -5, 120)]
    assert holding.cost == -600 + 1


def test_lots_that_come_keep_their_dates_and_their_place_by_age() -> None:
    old = Lot("X1", DAY - timedelta(9), Decimal(4), Decimal(90), Decimal(360))
    arrival = Fill((DAY + timedelta(5), TRADING, MOMENT, "M1"), Decimal(4), Decimal(90), brings=(old,))
    with exact():
        holding = fold([*fills(("10", "100"), ("5", "130")), arrival], "fifo")
        sold = add(holding, closing("-5", "120"), "fifo")
    assert lots(holding) == [("X1", 4, 90), ("T1", 10, 100), ("T2", 5, 130)]
    assert holding.lots[0].trade_date == DAY - timedelta(9)
    assert [holding.realised, sold.realised] == [0, 4 * 30 + 20]


def test_lots_that_come_to_a_short_book_close_it_at_their_cost() -> None:
    lot = Lot("X1", DAY, Decimal(15), Decimal(90), Decimal(1350))
    arrival = Fill((DAY + timedelta(5), TRADING, MOMENT, "M1"), Decimal(15), Decimal(90), brings=(lot,))
    with exact():
        holding = fold([*fills(("-10", "100")), arrival], "fifo")
    assert lots(holding) == [("X1", 5, 90)]
    assert holding.realised == 100


@pytest.mark.parametrize("method", METHODS)
def test_what_leaves_says_the_lots_that_the_method_would_close(method: Any) -> None:
    holding = held(method, *SALE[:3])
    with exact():
        parts = leaving(holding, Decimal(12), method)
        sold = add(holding, closing("-12", "0"), method)
    assert sum(part.quantity for part in parts) == 12
    assert sum(part.cost for part in parts) == holding.cost - sold.cost


def closing(quantity: str, price: str, *named: tuple[str, str]) -> Fill:
    names = tuple(NamedLot(trade_id=trade_id, quantity=Decimal(size)) for trade_id, size in named)
    return Fill((DAY + timedelta(99), TRADING, MOMENT, "T99"), Decimal(quantity), Decimal(price), closes=names)


@pytest.mark.parametrize("method", METHODS)
def test_a_fill_through_zero_closes_all_then_opens_the_rest_the_other_way(method: Any) -> None:
    holding = held(method, ("10", "100"), ("-15", "120"))
    assert figures(holding) == (-5, -600, 200)
    (lot,) = holding.lots
    assert lots(holding)[0][1:] == (-5, 120)
    assert lot.trade_date == DAY + timedelta(1)
    assert held(method, ("10", "100"), ("-15", "120"), ("5", "90")).realised == 200 + 5 * 30


@pytest.mark.parametrize("method", METHODS)
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


AMOUNTS, PRICES = st.integers(-9, 9).filter(bool).map(str), st.integers(-2, 99).map(str)


NAMES = st.lists(st.tuples(st.integers(1, 12).map("T{}".format), st.sampled_from(["1", "2.5", "7"])), max_size=3)
FEES = st.sampled_from(["0", "1", "0.07"])


@settings(deadline=None)
@given(st.lists(st.tuples(AMOUNTS, PRICES, FEES, NAMES), max_size=12), st.sampled_from(METHODS))
def test_cost_and_proceeds_less_profit_are_nothing_at_all_times(trades: list[Any], method: Any) -> None:
    with exact():
        holding, proceeds = EMPTY, Decimal(0)
        for fill, (_, _, fee, named) in zip(fills(*(trade[:2] for trade in trades)), trades, strict=True):
            names = tuple(NamedLot(trade_id=trade_id, quantity=Decimal(size)) for trade_id, size in named)
            whole = Fill(fill.place, fill.quantity, fill.price, Decimal(fee), names)
            holding = add(holding, whole, method)
            proceeds -= fill.quantity * fill.price + Decimal(fee)
            assert holding.cost + proceeds - holding.realised == 0
            assert sum(lot.quantity for lot in holding.lots) == holding.quantity
            assert sum(lot.cost for lot in holding.lots) == holding.cost
            assert all((lot.quantity > 0) == (holding.quantity > 0) for lot in holding.lots)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["5", "5.00", "-5", "7.5", "-7.50", "-2"]), PRICES, FEES), max_size=12))
def test_the_oldest_close_to_the_same_digits_whether_others_were_named_or_not(trades: list[Any]) -> None:
    plain = named = EMPTY
    with exact():
        for place, trade in enumerate(trades):
            quantity, price, fee = map(Decimal, trade)
            dealt = Fill((DAY, TRADING, MOMENT, f"T{place}"), quantity, price, fee)
            plain = add(plain, dealt, "fifo")
            gone = NamedLot(trade_id="gone", quantity=abs(quantity))
            named = add(named, msgspec.structs.replace(dealt, closes=(gone,)), "fifo")
            # Equal documents are equal bytes: 5.00 is not 5.
            assert repr((plain.lots, figures(plain))) == repr((named.lots, figures(named)))
