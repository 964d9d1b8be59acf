"""The settlements of a trade as of any instant: the fold of the live ones, over what was known and had happened."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from domain.events import Event, SettlementEvent, TradeCancelled, TradeCorrected, TradeEvent
from domain.events.products import RateFixed
from domain.schema import Recorded
from domain.trades.accrual import refixed
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
        happened = _at_the_rates_that_held(recorded, state)
        state = evolve_trade(state, happened.version, happened.sequence, happened.event)
        if state is None:
            break
        for key in SETTLEMENTS.keys(happened):
            settlement = SETTLEMENTS.project(key, found.get(key), happened, _Trade(state))
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
    if isinstance(fact, RateFixed) and state is not None and fact.revision != state.revision:
        # It was fixed for what was agreed later.
        return False
    return isinstance(fact, NEVER_OTHERWISE) or fact.effective_at <= valid_at


def _at_the_rates_that_held(recorded: Recorded, state: TradeState | None) -> Recorded:
    """What follows a floating loan tells of it as it was known by then, with rates that may hold only later."""
    fact = recorded.event
    if state is None or state.terms.loan is None or not isinstance(fact, TradeEvent) or fact.revision != state.revision:
        return recorded
    if isinstance(fact, SettlementEvent) and fact.leg == "maturity":
        return recorded
    terms = state.terms
    if isinstance(fact, RateFixed):
        loan = refixed(state.terms.loan, fact.fixing, terms.quantity, terms.currency)
        terms = replace(terms, loan=loan)
    return replace(recorded, event=replace(fact, terms=terms))
