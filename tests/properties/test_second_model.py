"""The read models say what a deliberately naive second model says, whatever happened."""

import ast
import sys
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnyCommand
from domain.ports import LogRecorder
from domain.schema import Recorded, recorded
from infra.logs import CommandedLogs
from projections.accruals import accrued_on
from projections.as_of import Instant
from tests.action_histories import with_actions
from tests.documents import read_models
from tests.ledger import send
from tests.naive.cash import FIGURES, cash
from tests.naive.facts import Fact, facts_of
from tests.naive.interest import accrued
from tests.naive.journal import balances, entries
from tests.naive.positions import NOTHING, positions
from tests.naive.settlements import Obligation, settlements
from tests.properties.instants import VALID, grouped, said
from tests.strategies import days, histories
from tests.world import world

NAIVE = Path(__file__).parent.parent / "naive"


def stored(log: str, recorder: LogRecorder) -> tuple[list[Recorded], list[Fact]]:
    """The events of a log for the projections, and for the second model."""
    found = recorder.select_notifications(1, 10_000)
    return [recorded(log, each.id, each) for each in found], facts_of((each.topic, each.state) for each in found)


def after(history: Sequence[AnyCommand]) -> CommandedLogs:
    logs = world()
    for command in history:
        send(logs, command)
    return logs


def test_the_second_model_shares_no_code_with_the_first() -> None:
    imported: set[str] = set()
    for path in NAIVE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                imported.add(node.module or "")
    own = {name for name in imported if name.startswith("tests.naive.")}
    assert own
    assert {name.split(".")[0] for name in imported - own} <= sys.stdlib_module_names


@settings(max_examples=200, deadline=None)
@given(with_actions(histories()))
def test_positions_cash_journal_and_settlements_are_what_the_second_model_finds(history: list[AnyCommand]) -> None:
    events, facts = stored("ledger-0", after(history).recorders["ledger-0"])
    models = read_models(events, at_once=True)
    found = positions(facts)
    assert {key: shown(each) for key, each in models["positions"].items()} == {
        key: found.get(key, NOTHING)._asdict() for key in {*models["positions"], *found}
    }
    expected = cash(facts)
    nothing = dict.fromkeys(FIGURES, Fraction(0))
    assert {key: {name: getattr(each, name) for name in FIGURES} for key, each in models["cash"].items()} == {
        key: expected.get(key, nothing) for key in {*models["cash"], *expected}
    }
    assert {key: obliged(each) for key, each in models["settlements"].items()} == {
        key: each._asdict() for key, each in settlements(facts).items()
    }
    assert posted(models["journal"].values()) == balances(facts)
    # A corporate action has an entry in each book that it is for.
    posting: dict[int, list[Any]] = {}
    for each in models["journal"].values():
        posting.setdefault(each.sequence, []).append(each)
    by_sequence = {sequence: posted(each) for sequence, each in posting.items()}
    assert [by_sequence.get(number, {}) for number in range(1, len(facts) + 1)] == entries(facts)


@settings(max_examples=120, deadline=None)
@given(with_actions(histories()), st.data())
def test_as_of_any_instant_too_they_are_what_the_second_model_finds(
    history: list[AnyCommand], data: st.DataObject
) -> None:
    events, facts = stored("ledger-0", after(history).recorders["ledger-0"])
    # Where something begins or ends to hold is where it goes wrong.
    valid_at = data.draw(VALID | st.sampled_from([event.event.effective_at for event in events]))
    known = data.draw(st.integers(1, len(facts)))
    groups = grouped(read_models(events, at_once=True)["movements"].values())
    found = said(groups, Instant(valid_at, known))
    then = positions(facts[:known], valid_at)
    assert {key: shown(each) for key, each in found["positions"].items()} == {
        key: then.get(key, NOTHING)._asdict() for key in {*found["positions"], *then}
    }
    expected = {key: each for key, each in cash(facts[:known], valid_at).items() if any(each.values())}
    assert {
        key: {name: getattr(each, name) for name in FIGURES} for key, each in found["cash"].items()
        if any(getattr(each, name) for name in FIGURES)
    } == expected
    assert found["accounts"] == balances(facts[:known], valid_at)
    day = data.draw(days(-1, 60))
    assert {key: accrued_on(each, day) for key, each in found["positions"].items() if each.loans} == accrued(
        facts[:known], valid_at, day
    )


def shown(position: Any) -> dict[str, Any]:
    """A position as the second model words it."""
    figures = {name: getattr(position, name) for name in NOTHING._fields if name != "lots"}
    lots = [(lot.trade_id, str(lot.trade_date), lot.quantity, lot.price, lot.cost) for lot in position.lots]
    return {**figures, "lots": lots}


def obliged(settlement: Any) -> dict[str, Any]:
    """A settlement as the second model words it."""
    return {name: getattr(settlement, name) for name in Obligation._fields} | {"due_on": str(settlement.due_on)}


def posted(journal: Any) -> dict[tuple[str, str, str], Decimal]:
    """What entries leave in each account of each book."""
    held: dict[tuple[str, str, str], Decimal] = {}
    for entry in journal:
        for posting in entry.postings:
            key = (entry.book, posting.account, posting.asset)
            held[key] = held.get(key, Decimal(0)) + posting.quantity
    return {key: quantity for key, quantity in held.items() if quantity}


@settings(max_examples=60, deadline=None)
@given(with_actions(histories()))
def test_open_lots_at_cost_are_what_the_trading_account_holds(history: list[AnyCommand]) -> None:
    events, _ = stored("ledger-0", after(history).recorders["ledger-0"])
    models = read_models(events, at_once=True)
    accounts = posted(models["journal"].values())
    for position in models["positions"].values():
        account = f"Equity:Trading:{position.instrument}"
        contra = f"Memo:Trading:{position.instrument}" if position.product in {"future", "option"} else account
        in_asset = accounts.get((position.book, contra, position.asset), 0)
        in_currency = accounts.get((position.book, account, position.currency), 0)
        if position.product == "loan-deposit":
            assert (in_asset, in_currency) == (0, 0)
        else:
            # Nothing was paid for a future: what it would cost now stands in no account.
            cost = 0 if position.product == "future" else position.cost
            assert (in_asset, in_currency) == (-position.quantity, cost)
        if position.product not in {"loan-deposit", "future"}:
            assert sum(lot.cost for lot in position.lots) == position.cost
            assert sum(lot.quantity for lot in position.lots) == position.quantity
