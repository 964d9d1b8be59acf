"""What a merger for shares and cash leaves: all of the cost, and no gain out of rounding."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.commands.corporate_actions import MixedMerger
from domain.money import exact
from projections.exchanges import handed_on
from projections.lots import Holding, Lot
from tests.rules import DAY
from tests.strategies import QUANTITIES, decimals

UNITS = st.integers(1, 11).map(Decimal)
TERMS = st.builds(
    MixedMerger, into=st.just("AXA"), new=UNITS, old=UNITS, amount=decimals("10", "33.333"),
    price=decimals("75", "0.5", "33.333"),
)
SIDES = st.sampled_from([1, -1])


def held(side: int, lots: Sequence[tuple[Decimal, Decimal]]) -> Holding:
    """Lots of quantities and costs, all long or all short."""
    found = tuple(Lot("T", DAY, side * quantity, Decimal(0), side * cost) for quantity, cost in lots)
    quantity, cost = (sum((getattr(lot, name) for lot in found), Decimal(0)) for name in ("quantity", "cost"))
    return Holding(quantity, cost, Decimal(0), found)


@given(SIDES, st.lists(st.tuples(QUANTITIES, decimals("1000", "33.333", "0", "-7.01")), min_size=1, max_size=4), TERMS)
def test_the_cost_less_the_cash_and_with_what_is_realised_is_what_the_new_lots_cost(
    side: int, lots: list[tuple[Decimal, Decimal]], terms: MixedMerger
) -> None:
    with exact():
        before = held(side, lots)
        left, effect, new = handed_on(before, terms, "EUR")
        cost = sum((lot.cost for lot in new), Decimal(0))
        assert cost == before.cost - effect.proceeds + left.realised == -effect.exchanged
    assert left == Holding(Decimal(0), Decimal(0), left.realised, ())


@given(SIDES, st.lists(QUANTITIES, min_size=1, max_size=4), TERMS, UNITS)
def test_lots_that_cost_what_comes_of_them_gain_nothing_whatever_is_rounded_of_the_units(
    side: int, quantities: list[Decimal], terms: MixedMerger, price: Decimal
) -> None:
    whole = replace(terms, amount=Decimal(8), price=price * terms.old)
    with exact():
        lots = [(quantity, quantity * 8 + quantity * terms.new * price) for quantity in quantities]
        assert handed_on(held(side, lots), whole, "EUR")[0].realised == 0
