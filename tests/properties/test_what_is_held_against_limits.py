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

ROUNDING = Decimal("1e-9")


@settings(max_examples=100, deadline=None)
@given(with_actions(histories()))
def test_shares_are_held_against_limits_as_the_books_hold_them(history: list[AnyCommand]) -> None:
    logs = after(history)
    events, _ = stored("ledger-0", logs.recorders["ledger-0"])
    decider = logs.by_log["ledger-0"].decider
    assert isinstance(decider, TradeDecider)
    positions: Any = read_models(events, at_once=True)["positions"]
    # The rules know of no fraction that was paid out, nor of what came of it since.
    paid_out = any(getattr(each.action.terms, "cash_in_lieu", None) for each in decider.entitlements.live.values())
    for position in positions.values():
        if position.product != "equity" or paid_out:
            continue
        with exact():
            held = decider.positions.get((position.book, position.instrument), Decimal(0))
            assert abs(held - position.quantity) < ROUNDING
