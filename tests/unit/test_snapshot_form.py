"""Snapshots that were kept by earlier rules are of another form, or these rules make the same state of the events."""

from datetime import timedelta
from decimal import Decimal

from domain.commands import AmendTrade, CancelTrade, RecordPrice
from domain.market.state import KeptMarket
from domain.snapshots import RULES
from domain.trades.decider import KeptTrades
from domain.trades.entitlements import KeptEntitlements
from tests.rules import DAY, MOMENT, Rules, booking
from tests.trade_commands import about, euros, shares

WHEN_IT_FAILS = "raise domain.snapshots.RULES, or ledgers go on from the state of earlier rules; then change this"


def test_whoever_makes_another_state_of_the_same_events_raises_the_number_of_the_rules() -> None:
    rules = Rules()
    for command in (
        booking("T1", "10", "88.40"), booking("T2", "4", "90", side="sell", book="EQ-2"),
        booking("T3", "7", "100"), about(AmendTrade, "T1", terms=shares("12", "88.40")), about(CancelTrade, "T3"),
        booking("T4", terms=euros()), RecordPrice(command_id="m3", instrument="SAN", price=Decimal("91.5")),
    ):
        rules.when(command)
    for decider in (rules.trades, rules.market):
        decider.undo.keep()
    assert (RULES, rules.trades.kept(), rules.market.kept()) == (
        2,
        KeptTrades(
            # 12 shares at 88.40, and 110 dollars at 1.25; what was amended and cancelled is free again.
            used={"EQ-1": Decimal("1148.80"), "EQ-2": Decimal(360)},
            positions=[("EQ-1", "SAN", Decimal(12)), ("EQ-2", "SAN", Decimal(-4)), ("EQ-1", "EURUSD", Decimal(100))],
            dates={}, versions={}, margins=[], arrivals={},
            entitlements=KeptEntitlements(
                live={}, handled={}, dated=[("EQ-1", "SAN", DAY, Decimal(12)), ("EQ-2", "SAN", DAY, Decimal(-4))]
            ),
        ),
        KeptMarket(
            prices={"SAN": Decimal("91.5")}, rates=[("EUR", "USD", Decimal("1.25"))],
            since={"SAN": MOMENT + timedelta(seconds=17), "EURUSD": MOMENT + timedelta(seconds=10)},
            versions={"price:SAN": 2, "fx:EURUSD": 1},
        ),
    ), WHEN_IT_FAILS
