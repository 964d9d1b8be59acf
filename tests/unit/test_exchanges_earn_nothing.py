"""Profit over the ex date of an exchange: given marks before and after, then nothing is earned but what prices did."""

from decimal import Decimal
from typing import Any

import pytest

from projections.as_of import Instant, position_at
from projections.positions import Position
from projections.profit import Effects, Marks, States, Sums
from tests.corporate_actions import EX, Told, announced, bought, merger, mixed, roll, spin_off
from tests.instruments import define
from tests.properties.instants import among
from tests.rules import DAY, MOMENT

NEW = define("AXA", "ESVUFR", None)


class Prices:
    """Marks of one instant by instrument, of euros."""

    def __init__(self, **prices: str) -> None:
        self._prices = {name: Decimal(price) for name, price in prices.items()}

    def price(self, held: Position, /) -> Decimal | None:
        return self._prices.get(held.instrument)

    def rate(self, _base: str, _quote: str, /) -> Decimal | None:
        return Decimal(1)

    def accrued(self, _held: Position, /) -> Decimal | None:
        return Decimal(0)


def earned(terms: Any, before: Prices, after: Prices) -> Effects:
    """From the day on which ten are bought at 100 to that on which the exchange was."""
    told = Told(NEW, roll(DAY), bought("T1", "10", "100", effective_at=MOMENT), announced(terms), roll(EX))
    groups, known, sums = told.groups(), len(told.events), Sums("book")
    for group in groups.values():
        first, last = (position_at(group, Instant(at, known), among(groups)) for at in (MOMENT, None))
        sums.add(States(first, first, last), Marks(before, before, after))
    assert sums.unmarked == []
    return sums.effects["EQ-1", "EUR"]


@pytest.mark.parametrize("before", [Prices(SAN="110"), Prices(SAN="110", AXA="44")])
def test_a_spin_off_at_its_part_of_the_price_earns_nothing_whether_the_child_had_a_price_or_not(before: Prices) -> None:
    assert earned(spin_off("1", "2", "20"), before, Prices(SAN="88", AXA="44")) == Effects()


def test_what_parent_and_child_did_beside_it_is_of_the_prices() -> None:
    found = earned(spin_off("1", "2", "20"), Prices(SAN="110", AXA="44"), Prices(SAN="90", AXA="43"))
    assert found == Effects(prices=Decimal(10 * 2 - 5))


def test_a_merger_at_its_ratio_earns_nothing() -> None:
    assert earned(merger("2", "1"), Prices(SAN="110", AXA="55"), Prices(SAN="0", AXA="55")) == Effects()
    assert earned(merger("2", "1"), Prices(SAN="110"), Prices(AXA="55")) == Effects()


def test_of_a_mixed_merger_cash_and_shares_are_worth_what_was_given() -> None:
    found = earned(mixed("1", "1", "30", "80"), Prices(SAN="110", AXA="80"), Prices(AXA="85"))
    assert found == Effects(prices=Decimal(50))
