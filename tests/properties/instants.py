"""What movements say of any instant, for the properties that hold it against something else."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from domain.money import exact
from projections.as_of import Instant, position_at
from projections.balances import add_cash, entries_at
from projections.successions import Elsewhere
from projections.trial_balance import trial_balance
from tests.rules import MOMENT

VALID = st.none() | st.integers(-80, 40).map(lambda hours: MOMENT + timedelta(hours=hours))
Groups = dict[str, list[Any]]


def grouped(movements: Iterable[Any]) -> Groups:
    """Movements by position."""
    found: Groups = {}
    for each in movements:
        found.setdefault(f"{each.book}/{each.instrument}", []).append(each)
    return found


def among(groups: Groups) -> Elsewhere[Any]:
    """Where the movements of another position are."""
    return lambda book, instrument: groups.get(f"{book}/{instrument}", [])


def said(groups: Groups, at: Instant) -> dict[str, Any]:
    """Everything that is said as of an instant: positions, cash and accounts."""
    with exact():
        cash: dict[str, Any] = {}
        for group in groups.values():
            add_cash(cash, group, at, among(groups))
        return {
            "positions": {
                key: found for key, group in groups.items() if (found := position_at(group, at, among(groups)))
            },
            "cash": cash, "accounts": accounts(groups, at),
        }


def accounts(groups: Groups, at: Instant) -> dict[tuple[str, str, str], Decimal]:
    """What every account of every book holds, but those that hold nothing."""
    found = {}
    for book in {key.split("/")[0] for key in groups}:
        own = (
            entry for key, group in groups.items() if key.startswith(f"{book}/")
            for entry in entries_at(group, at, among(groups))
        )
        for each in trial_balance(own):
            found[book, each.account, each.asset] = each.balance
    return {key: balance for key, balance in found.items() if balance}
