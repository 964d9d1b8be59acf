"""The settlements of a trade as of any instant: the fold of the live ones, over what was known and had happened."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from domain.events import Event, TradeCancelled, TradeCorrected
from domain.schema import Recorded
from domain.trades.state import TradeState, evolve_trade
from projections.as_of import Instant
from projections.settlements import Settlement, Settlements

NEVER_OTHERWISE = (TradeCorrected, TradeCancelled)
"""What is corrected or cancelled never was as it was thought to be: it says so of every day."""
SETTLEMENTS = Settlements()


class _Trade(NamedTuple):
    """Stands for the read model of trades: the trade of whose events they are."""

    state: TradeState

    def get(self, _model: str, _key: str) -> Any:
        return self

    def scan(self, _model: str, _prefix: str) -> Iterable[Any]:
        return ()


def settlements_at(history: Iterable[Recorded], at: Instant) -> dict[str, Settlement]:
    """By id, from the events of one trade in their order; nothing where the trade was not known or not dealt yet."""
    state: TradeState | None = None
    found: dict[str, Settlement] = {}
    for recorded in history:
        if recorded.sequence > at.known_at or not _had_happened(recorded.event, state, at.valid_at):
            continue
        state = evolve_trade(state, recorded.version, recorded.sequence, recorded.event)
        if state is None:
            break
        for key in SETTLEMENTS.keys(recorded):
            settlement = SETTLEMENTS.project(key, found.get(key), recorded, _Trade(state))
            if settlement is not None:
                settlement.log, settlement.sequence = recorded.log, recorded.sequence
                found[key] = settlement
    return found


def _had_happened(fact: Event, state: TradeState | None, valid_at: datetime | None) -> bool:
    if valid_at is None:
        return True
    if isinstance(fact, TradeCorrected) and state is not None and fact.revision != state.revision + 1:
        # It puts right what was agreed later.
        return False
    return isinstance(fact, NEVER_OTHERWISE) or fact.effective_at <= valid_at
