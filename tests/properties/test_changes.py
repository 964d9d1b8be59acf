"""Differences of cash, accounts, profit and settlements: before and the change are after, and the causes' parts sum."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnyCommand, RecordFxRate, RecordPrice
from domain.money import exact
from domain.schema import Recorded
from projections.as_of import Instant, position_at
from projections.balances import add_cash, entries_at
from projections.causes import place_of
from projections.changes import IN_CASH, Changed, Changes, Figures, Key, in_accounts, in_cash
from projections.profit_changes import IN_PROFIT, ProfitChanges
from projections.quotes import Quote, QuotesAt
from projections.settlement_changes import FIGURES, SAID, settlement_changes
from projections.settlements_at import settlements_at
from projections.stands import Stand, stands
from projections.trial_balance import trial_balance
from projections.valuation import profit
from tests.action_histories import with_actions
from tests.documents import read_models
from tests.ledger import send
from tests.properties.instants import VALID, Groups, among, grouped
from tests.properties.test_as_of import events_after
from tests.properties.test_replay import events_of
from tests.properties.test_settlements import ANYTHING, BOOKED
from tests.properties.test_settlements_at import streams
from tests.properties.test_successors_as_of import spun_off
from tests.strategies import MOMENTS, PRICES, decimals, histories, numbered
from tests.world import world

HISTORIES = st.one_of(with_actions(histories()), spun_off())
X: Any = st.just("x")
QUOTED = st.lists(st.one_of(
    st.builds(
        RecordPrice, command_id=X, instrument=st.sampled_from(["SAN", "IBM", "AXA", "OAT"]), price=PRICES,
        effective_at=st.none() | MOMENTS,
    ),
    st.builds(
        RecordFxRate, command_id=X, base=st.just("EUR"), quote=st.sampled_from(["USD", "JPY"]),
        rate=decimals("1.1", "1.333"), effective_at=st.none() | MOMENTS,
    ),
), max_size=8).map(lambda commands: numbered(commands, "q"))


def two(data: st.DataObject, last: int) -> tuple[int, int]:
    """Two sequences of a log in their order."""
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, last)] * 2)))
    return first, second


def held(sums: Mapping[Key, Figures]) -> dict[Key, dict[str, Decimal]]:
    """What is not nothing."""
    found = {key: {name: figure for name, figure in each.items() if figure} for key, each in sums.items()}
    return {key: each for key, each in found.items() if each}


def check(changes: Sequence[Changed], then: Mapping[Key, Figures], now: Mapping[Key, Figures], names: Any) -> None:
    """Whether what changed is what is said otherwise, each figure by its causes."""
    before, after = held(then), held(now)
    assert [each.key for each in changes] == sorted(
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    )
    for each in changes:
        for name in names:
            assert each.before.get(name, 0) == before.get(each.key, {}).get(name, 0)
            assert each.after.get(name, 0) == after.get(each.key, {}).get(name, 0)
            assert each.before.get(name, 0) + each.change.get(name, 0) == each.after.get(name, 0)
            assert sum((cause.change.get(name, Decimal(0)) for cause in each.causes), Decimal(0)) == each.change.get(
                name, 0
            )
        assert each.causes
        assert all(cause.change and all(cause.change.values()) for cause in each.causes)
        places = [place_of(cause.event) for cause in each.causes]
        assert places == sorted(set(places))


def within(changes: Sequence[Changed], events: Sequence[Recorded], known: Mapping[str, tuple[int, int]]) -> None:
    """Whether causes are events recorded between the two times, as they were recorded."""
    by_id = {event.id: event.event for event in events}
    for each in changes:
        for cause in each.causes:
            log, sequence = place_of(cause.event)
            assert known[log][0] < sequence <= known[log][1]
            assert (cause.actor, cause.recorded_at) == (by_id[cause.event].actor, by_id[cause.event].recorded_at)


def summed(
    groups: Groups, at: tuple[Any, int, int], figures: Callable[[Stand], Mapping[Key, Figures]]
) -> list[Changed]:
    changes = Changes()
    for group in groups.values():
        changes.take(stands(group, *at, among(groups)), figures)
    return changes.found()


@settings(max_examples=100, deadline=None)
@given(HISTORIES, st.data())
def test_cash_and_accounts_changed_by_what_their_causes_did(history: list[AnyCommand], data: st.DataObject) -> None:
    events = events_after(history)
    groups = grouped(read_models(events, at_once=True)["movements"].values())
    known, valid_at = two(data, len(events)), data.draw(VALID)
    with exact():
        cash = summed(groups, (valid_at, *known), in_cash)
        then, now = (cash_at(groups, Instant(valid_at, each)) for each in known)
        check(cash, then, now, IN_CASH)
        accounts = summed(groups, (valid_at, *known), in_accounts)
        then, now = (accounts_at(groups, Instant(valid_at, each)) for each in known)
        check(accounts, then, now, ("debit", "credit", "balance"))
    within([*cash, *accounts], events, {"ledger-0": known})


def cash_at(groups: Groups, at: Instant) -> dict[Key, Figures]:
    found: dict[str, Any] = {}
    for group in groups.values():
        add_cash(found, group, at, among(groups))
    return {(each.book, each.currency): {name: getattr(each, name) for name in IN_CASH} for each in found.values()}


def accounts_at(groups: Groups, at: Instant) -> dict[Key, Figures]:
    entries = (entry for group in groups.values() for entry in entries_at(group, at, among(groups)))
    return {
        (each.account, each.asset): {"debit": each.debit, "credit": each.credit, "balance": each.balance}
        for each in trial_balance(entries)
    }


@settings(max_examples=100, deadline=None)
@given(HISTORIES, QUOTED, st.data())
def test_profit_changed_by_what_was_recorded_of_trades_and_of_the_market(
    history: list[AnyCommand], quoted: list[AnyCommand], data: st.DataObject
) -> None:
    logs, earlier = world(), data.draw(st.integers(0, len(quoted)))
    for command in [*quoted[:earlier], *history, *quoted[earlier:]]:
        send(logs, command)
    events = events_of(logs)
    groups = grouped(read_models(events["ledger-0"], at_once=True)["movements"].values())
    quotes = sorted(read_models(events["market"], at_once=True)["quotes"].values(), key=lambda each: each.id)
    valid_at = data.draw(VALID)
    ledger, market = two(data, len(events["ledger-0"])), two(data, len(events["market"]))
    by = data.draw(st.sampled_from(["book", "instrument"]))
    with exact():
        changes = ProfitChanges(by, *(marks(quotes, valid_at, each) for each in market))
        for group in groups.values():
            changes.take(stands(group, valid_at, *ledger, among(groups)))
        found = changes.found()
        then, now = (
            profit_at(groups, Instant(valid_at, known), marks(quotes, valid_at, seen), by)
            for known, seen in zip(ledger, market, strict=True)
        )
        check(found, then, now, IN_PROFIT)
    within(found, [*events["ledger-0"], *events["market"]], {"ledger-0": ledger, "market": market})


def marks(quotes: Sequence[Quote], valid_at: Any, sequence: int) -> QuotesAt:
    def select(prefix: str, after: str, limit: int) -> Sequence[Quote]:
        return [each for each in quotes if each.id.startswith(prefix) and each.id > after][:limit]

    return QuotesAt(select, valid_at, sequence)


def profit_at(groups: Groups, at: Instant, marking: QuotesAt, by: str) -> dict[Key, Figures]:
    positions = (position_at(group, at, among(groups)) for group in groups.values())
    lines = profit((each for each in positions if each is not None), marking, by)
    return {(each.name, each.base_currency): {name: getattr(each, name) for name in IN_PROFIT} for each in lines}


@settings(max_examples=60, deadline=None)
@given(BOOKED, ANYTHING, st.data())
def test_settlements_changed_by_the_events_that_say_so(
    booked: list[AnyCommand], told: list[AnyCommand], data: st.DataObject
) -> None:
    logs = world()
    for command in [*booked, *told]:
        send(logs, command)
    events = events_of(logs)["ledger-0"]
    known, valid_at = two(data, len(events)), data.draw(VALID)
    for history in streams(events):
        with exact():
            found = {each.key: each for each in settlement_changes(history, valid_at, *known)}
            then, now = (settlements_at(history, Instant(valid_at, each)) for each in known)
            for name, each in now.items():
                before, after = said(then.get(name)), said(each)
                change = found.pop((each.book, each.trade_id, each.leg), None)
                if change is None:
                    assert before == after
                    continue
                assert (change.before, change.after) == (before, after)
                for figure in FIGURES:
                    assert before[figure] + change.change.get(figure, 0) == after[figure]
                    assert sum((cause.change.get(figure, Decimal(0)) for cause in change.causes), Decimal(0)) == (
                        change.change.get(figure, 0)
                    )
                assert change.causes
                within([change], history, {"ledger-0": known})
            assert found == {}


def said(settlement: Any) -> dict[str, Any]:
    return {name: getattr(settlement, name, 0 if name in FIGURES else None) for name in SAID}
