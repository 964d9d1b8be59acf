"""How positions stood event by event: as of the first and the last instant they are what the books say then."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnyCommand
from domain.money import exact
from projections.as_of import Instant, position_at
from projections.balances import entries_at
from projections.causes import place_of
from projections.positions import Position
from projections.stands import Accounts, stands
from projections.trial_balance import trial_balance
from tests.action_histories import with_actions
from tests.documents import read_models
from tests.properties.instants import VALID, among, grouped
from tests.properties.test_as_of import events_after, fields
from tests.properties.test_successors_as_of import spun_off
from tests.strategies import histories

ARRIVAL = ("log", "sequence", "trades", "by_actions")


def shown(position: Position | None) -> dict[str, Any]:
    return {} if position is None else fields(position, *ARRIVAL)


def something(accounts: Accounts) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    return {key: each for key, each in accounts.items() if any(each)}


@settings(max_examples=120, deadline=None)
@given(st.one_of(with_actions(histories()), spun_off()), st.data())
def test_the_first_and_the_last_are_what_is_said_as_of_them(history: list[AnyCommand], data: st.DataObject) -> None:
    events = events_after(history)
    groups = grouped(read_models(events, at_once=True)["movements"].values())
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(events))] * 2)))
    valid_at = data.draw(VALID)
    for group in groups.values():
        with exact():
            found = list(stands(group, valid_at, first, last, among(groups)))
            if not found:
                assert position_at(group, Instant(valid_at, last), among(groups)) is None
                continue
            for stand, known in ((found[0], first), (found[-1], last)):
                at = Instant(valid_at, known)
                position = position_at(group, at, among(groups))
                assert position is None or shown(stand.position) == shown(position)
                balances = trial_balance(entries_at(group, at, among(groups)))
                then = {(each.account, each.asset): (each.debit, each.credit) for each in balances}
                assert something(stand.accounts) == something(then)
        assert found[0].cause is None
        causes = [place_of(each.cause.event)[1] for each in found[1:] if each.cause]
        assert causes == sorted(set(causes))
        assert all(first < sequence <= last for sequence in causes)
