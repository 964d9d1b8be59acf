"""What is said as of any valid and known time: the live documents at the end, frozen for ever, balanced, explained."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnyCommand
from domain.money import exact
from domain.schema import Recorded
from projections.accounts import CONTRACTS
from projections.as_of import Instant, position_at
from projections.balances import entries_at
from projections.difference import difference
from projections.explanation import Figures, explain
from projections.trial_balance import sums_by_asset, trial_balance
from tests.action_histories import with_actions
from tests.documents import read_models
from tests.properties.instants import VALID, accounts, among, grouped, said
from tests.properties.test_replay import events_of, ledger_after
from tests.properties.test_second_model import posted
from tests.strategies import histories

OF_THE_LAST_EVENT = ("realised_change", "actions_change")
"""What the journal posts of the last event, and nobody is told."""
FIGURES = Figures.__struct_fields__


def events_after(history: Sequence[AnyCommand]) -> list[Recorded]:
    return events_of(ledger_after(history))["ledger-0"]


def fields(document: Any, *but: str) -> dict[str, Any]:
    return {name: getattr(document, name) for name in document.__struct_fields__ if name not in but}


def something(cash: dict[str, Any]) -> dict[str, Any]:
    """The balances that hold anything; a cancelled trade leaves one of nothing behind."""
    kept = {key: fields(each, "sequence") for key, each in cash.items()}
    return {key: each for key, each in kept.items() if any(isinstance(v, Decimal) and v for v in each.values())}


@settings(max_examples=120, deadline=None)
@given(with_actions(histories()))
def test_for_ever_and_as_known_now_is_what_the_live_documents_say(history: list[AnyCommand]) -> None:
    events = events_after(history)
    models = read_models(events, at_once=True)
    found = said(grouped(models["movements"].values()), Instant(None, events[-1].sequence))
    live = {key: fields(each, *OF_THE_LAST_EVENT) for key, each in models["positions"].items()}
    assert {key: fields(each, *OF_THE_LAST_EVENT) for key, each in found["positions"].items()} == live
    assert something(found["cash"]) == something(models["cash"])
    assert found["accounts"] == posted(models["journal"].values())


@settings(max_examples=60, deadline=None)
@given(with_actions(histories()))
def test_as_known_at_any_time_the_accounts_are_the_journal_recorded_until_then(history: list[AnyCommand]) -> None:
    events = events_after(history)
    models = read_models(events, at_once=True)
    groups = grouped(models["movements"].values())
    for event in events:
        recorded = [each for each in models["journal"].values() if each.sequence <= event.sequence]
        with exact():
            assert accounts(groups, Instant(None, event.sequence)) == posted(recorded)


@settings(max_examples=60, deadline=None)
@given(with_actions(histories()), st.data())
def test_what_is_said_of_a_known_time_never_changes(history: list[AnyCommand], data: st.DataObject) -> None:
    events = events_after(history)
    known = data.draw(st.integers(1, len(events)))
    at = Instant(data.draw(VALID), known)
    then = said(grouped(read_models(events[:known], at_once=True)["movements"].values()), at)
    now = said(grouped(read_models(events, at_once=True)["movements"].values()), at)
    assert now == then


@settings(max_examples=60, deadline=None)
@given(with_actions(histories()), st.data())
def test_every_asset_balances_and_trading_accounts_hold_open_lots_at_cost_at_any_instant(
    history: list[AnyCommand], data: st.DataObject
) -> None:
    events = events_after(history)
    groups = grouped(read_models(events, at_once=True)["movements"].values())
    at = Instant(data.draw(VALID), data.draw(st.integers(1, len(events))))
    found = said(groups, at)
    with exact():
        for group in groups.values():
            assert set(sums_by_asset(trial_balance(entries_at(group, at, among(groups)))).values()) <= {0}
        for position in found["positions"].values():
            trading = f"Equity:Trading:{position.instrument}"
            contra = trading if position.product not in CONTRACTS else f"Memo:Trading:{position.instrument}"
            held = [
                found["accounts"].get((position.book, account, asset), 0)
                for account, asset in ((contra, position.asset), (trading, position.currency))
            ]
            is_loan = position.product == "loan-deposit"
            # Nothing was paid for a future: what it would cost now stands in no account.
            cost = 0 if position.product == "future" else position.cost
            assert held == ([0, 0] if is_loan else [-position.quantity, cost])


@settings(max_examples=60, deadline=None)
@given(with_actions(histories()), st.data())
def test_contributions_sum_to_every_figure_and_their_lots_to_the_open_ones(
    history: list[AnyCommand], data: st.DataObject
) -> None:
    events = events_after(history)
    at = Instant(data.draw(VALID), data.draw(st.integers(1, len(events))))
    by_sequence = {event.sequence: event for event in events}
    groups = grouped(read_models(events, at_once=True)["movements"].values())
    for group in groups.values():
        with exact():
            explained = explain(group, at, among(groups), superseded=True)
            position = position_at(group, at, among(groups))
            if explained is None:
                assert position is None
                continue
            for name in FIGURES:
                total = sum(getattr(each, name) for each in explained.items)
                assert total == getattr(explained, name) == getattr(position, name)
            assert lots(explained.items) == open_lots(position)
        assert explained.superseded is not None
        entries: list[Any] = [*explained.items, *explained.superseded]
        for each in entries:
            made = by_sequence[int(each.event.rpartition(":")[2])]
            event: Any = made.event
            assert (event.actor, event.recorded_at, event.reason) == (each.actor, each.recorded_at, each.reason)
            assert each.trade_id in {
                getattr(event, "trade_id", None), getattr(event, "action_id", None),
                *(applied.action.action for applied in getattr(event, "actions", ())),
                *(applied.action.action for holder in getattr(event, "holders", ()) for applied in holder.actions),
            }
        for taken in explained.superseded:
            ended: Any = by_sequence[int(taken.superseded_by.rpartition(":")[2])].event
            assert (ended.actor, ended.recorded_at, ended.reason) == (
                taken.superseded_by_actor, taken.superseded_at, taken.superseded_because
            )


def lots(contributions: Iterable[Any]) -> dict[str, Decimal]:
    """What the lots opened and closed leave of each trade."""
    found: dict[str, Decimal] = {}
    for each in contributions:
        for sign, changes in ((1, each.opened), (-1, each.closed)):
            for change in changes:
                found[change.trade_id] = found.get(change.trade_id, Decimal(0)) + sign * change.quantity
    return {trade_id: quantity for trade_id, quantity in found.items() if quantity}


def open_lots(position: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for lot in position.lots:
        found[lot.trade_id] = found.get(lot.trade_id, Decimal(0)) + lot.quantity
    return found


@settings(max_examples=80, deadline=None)
@given(with_actions(histories()), st.data())
def test_a_difference_is_the_sum_of_its_items_and_caused_by_events_in_between(
    history: list[AnyCommand], data: st.DataObject
) -> None:
    events = events_after(history)
    first, last = sorted(data.draw(st.tuples(*[st.integers(1, len(events))] * 2)))
    valid_at = data.draw(VALID)
    groups = grouped(read_models(events, at_once=True)["movements"].values())
    for group in groups.values():
        with exact():
            found = difference(group, valid_at, first, last, among(groups))
            before, after = (
                explain(group, Instant(valid_at, known), among(groups)) or Figures() for known in (first, last)
            )
            changes = {name: getattr(after, name) - getattr(before, name) for name in FIGURES}
            if found is None:
                assert set(changes.values()) == {0}
                continue
            assert {name: getattr(found.change, name) for name in FIGURES} == changes
            assert {name: sum(getattr(each, name) for each in found.items) for name in FIGURES} == changes
        caused = [int(each.event.rpartition(":")[2]) for each in found.causes]
        assert all(first < sequence <= last for sequence in caused)
        assert sorted(set(caused)) == caused != []
        own, every = {each.cause for each in found.items if each.cause}, {each.event for each in found.causes}
        # What came of another position may be restated by what was said of that one.
        assert own <= every
        assert own == every or "succession" in {each.kind for each in found.items}
