"""What the rules hold against a position's limit is what the books say is held, whatever issuers did to it."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings

from domain.commands import AnyCommand
from domain.money import exact
from domain.trades import TradeDecider
from tests.action_histories import with_actions
from tests.documents import read_models
from tests.properties.test_second_model import after, stored
from tests.strategies import histories


@settings(max_examples=100, deadline=None)
@given(with_actions(histories()))
def test_shares_are_held_against_limits_as_the_books_hold_them(history: list[AnyCommand]) -> None:
    logs = after(history)
    events, _ = stored("ledger-0", logs.recorders["ledger-0"])
    decider = logs.by_log["ledger-0"].decider
    assert isinstance(decider, TradeDecider)
    positions: Any = read_models(events, at_once=True)["positions"]
    for position in positions.values():
        if position.product == "equity":
            with exact():
                assert decider.positions.get((position.book, position.instrument), Decimal(0)) == position.quantity
