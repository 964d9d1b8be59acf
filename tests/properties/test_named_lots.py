"""Lots closed by name over random histories: as the second model closes them, also when one is taken away later."""

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnyCommand, BookTrade, CancelTrade
from domain.commands.lots import NamedLot
from tests.documents import read_models
from tests.ledger import send
from tests.naive.positions import NOTHING, positions
from tests.properties.test_second_model import shown, stored
from tests.rules import booking
from tests.world import world

BOOK = "SPEC-1"


class Step(NamedTuple):
    """A trade that names so much of some earlier ones of the other side, or a cancellation of an earlier one."""

    side: str
    quantity: int
    price: int
    fee: str
    names: list[tuple[int, int]]
    cancels: int | None


NAMES = st.lists(st.tuples(st.integers(0, 11), st.integers(1, 8)), max_size=3)
STEPS = st.lists(
    st.builds(
        Step, st.sampled_from(["buy", "buy", "sell"]), st.integers(1, 12), st.integers(90, 110),
        st.sampled_from(["0", "1", "0.07"]), NAMES, st.sampled_from([None, None, None, 0, 1, 2]),
    ),
    min_size=3, max_size=12,
)


def commands(steps: list[Step]) -> list[AnyCommand]:
    """Every trade names what the rules let it name."""
    found: list[AnyCommand] = []
    booked: list[BookTrade] = []
    for number, step in enumerate(steps):
        trade = booking(
            f"T{number}", str(step.quantity), str(step.price), side=step.side, book=BOOK,
            fees={"broker": Decimal(step.fee)},
        )
        others = [each for each in booked if each.terms.side != step.side]
        closes: dict[str, NamedLot] = {}
        left = Decimal(step.quantity)
        for place, most in step.names if others else ():
            other = others[place % len(others)]
            size = min(other.terms.quantity, Decimal(most), left)  # type: ignore[union-attr]
            if size > 0 and other.trade_id not in closes:
                closes[other.trade_id] = NamedLot(trade_id=other.trade_id, quantity=size)
                left -= size
        booked.append(msgspec.structs.replace(trade, closes=tuple(closes.values())))
        found.append(booked[-1])
        if step.cancels is not None:
            trade_id = f"T{number - step.cancels}"
            found.append(CancelTrade(command_id=f"c{number}", trade_id=trade_id, book=BOOK))
    return found


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_named_lots_are_closed_as_the_second_model_closes_them(steps: list[Step]) -> None:
    logs = world()
    gone: set[Any] = set()
    for command in commands(steps):
        (outcome,) = send(logs, command)
        if isinstance(command, CancelTrade):
            gone.add(command.trade_id)
            continue
        assert isinstance(command, BookTrade)
        is_known = gone.isdisjoint(lot.trade_id for lot in command.closes)
        assert (outcome.status, outcome.code) == (("accepted", "") if is_known else ("refused", "unknown-lot"))
        gone |= set() if is_known else {command.trade_id}
    events, facts = stored("ledger-0", logs.recorders["ledger-0"])
    found = positions(facts)
    models = read_models(events, at_once=True)
    assert {key: shown(each) for key, each in models["positions"].items()} == {
        key: found.get(key, NOTHING)._asdict() for key in models["positions"]
    }
