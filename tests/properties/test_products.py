"""Bonds, contracts, forwards and loans through random lives: the laws of the books hold for them as for shares."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnyCommand, SettleTrade
from projections.as_of import Instant
from projections.fold import DEAD_LETTERS
from projections.trial_balance import sums_by_asset, trial_balance
from tests.documents import read_models
from tests.instruments import futures, options, trade
from tests.ledger import send
from tests.lives import ids_of, lives, plain
from tests.naive.cash import FIGURES, cash
from tests.naive.journal import balances, entries
from tests.naive.positions import NOTHING, positions
from tests.naive.settlements import settlements
from tests.properties.instants import VALID, grouped, said
from tests.properties.test_as_of import OF_THE_LAST_EVENT, fields, something
from tests.properties.test_batching import FIRST_DAY, contents, cut, through_the_owner
from tests.properties.test_replay import CUTS, events_of, folded, ledger_after
from tests.properties.test_second_model import after, obliged, posted, shown, stored
from tests.trade_commands import about
from tests.unit.test_loan_life import floating
from tests.world import world

REACHED = {
    "option.exercised.v1", "option.assigned.v1", "option.expired.v1", "margin.settled.v1", "loan.rate-fixed.v1",
    "loan.rolled-over.v1", "loan.repaid-early.v1", "loan.partly-repaid-early.v1",
}


def test_what_lives_bring_plainly_is_all_that_only_these_products_know() -> None:
    ids = ids_of(0)
    begun = [
        trade(options(), ids["bought option"]), trade(options(instrument="PUT", side="sell"), ids["sold option"]),
        trade(floating(), ids["loan"]), trade(futures(), ids["future"]),
        *(about(SettleTrade, ids[name]) for name in ("bought option", "sold option", "loan")),
    ]
    reached = {each.type for one in plain(ids) for each in events_of(ledger_after([*begun, one]))["ledger-0"]}
    assert reached >= REACHED


@settings(max_examples=80, deadline=None)
@given(lives())
def test_the_second_model_says_the_same_and_every_asset_balances(history: list[AnyCommand]) -> None:
    events, facts = stored("ledger-0", after(history).recorders["ledger-0"])
    models = read_models(events, at_once=True)
    found, paid = positions(facts), cash(facts)
    assert {key: shown(each) for key, each in models["positions"].items()} == {
        key: found.get(key, NOTHING)._asdict() for key in {*models["positions"], *found}
    }
    nothing = dict.fromkeys(FIGURES, Fraction(0))
    assert {key: {name: getattr(each, name) for name in FIGURES} for key, each in models["cash"].items()} == {
        key: paid.get(key, nothing) for key in {*models["cash"], *paid}
    }
    assert {key: obliged(each) for key, each in models["settlements"].items()} == {
        key: each._asdict() for key, each in settlements(facts).items()
    }
    by_sequence = {each.sequence: posted([each]) for each in models["journal"].values()}
    assert [by_sequence.get(number, {}) for number in range(1, len(facts) + 1)] == entries(facts)
    assert not any(sums_by_asset(trial_balance(models["journal"].values())).values())


@settings(max_examples=60, deadline=None)
@given(lives(), VALID, st.data())
def test_as_of_any_instant_the_second_model_says_the_same(
    history: list[AnyCommand], valid_at: datetime | None, data: st.DataObject
) -> None:
    events, facts = stored("ledger-0", after(history).recorders["ledger-0"])
    known = data.draw(st.integers(1, len(facts)))
    found = said(grouped(read_models(events, at_once=True)["movements"].values()), Instant(valid_at, known))
    then = positions(facts[:known], valid_at)
    assert {key: shown(each) for key, each in found["positions"].items()} == {
        key: then.get(key, NOTHING)._asdict() for key in {*found["positions"], *then}
    }
    assert found["accounts"] == balances(facts[:known], valid_at)


@settings(max_examples=60, deadline=None)
@given(lives())
def test_for_ever_and_as_known_now_is_what_the_live_documents_say(history: list[AnyCommand]) -> None:
    events = events_of(ledger_after(history))["ledger-0"]
    models = read_models(events, at_once=True)
    found = said(grouped(models["movements"].values()), Instant(None, events[-1].sequence))
    assert {key: fields(each, *OF_THE_LAST_EVENT) for key, each in found["positions"].items()} == {
        key: fields(each, *OF_THE_LAST_EVENT) for key, each in models["positions"].items()
    }
    assert something(found["cash"]) == something(models["cash"])
    assert found["accounts"] == posted(models["journal"].values())


@settings(max_examples=25, deadline=None)
@given(lives(), CUTS, st.booleans())
def test_any_cut_of_the_run_gives_the_documents_of_one_fold(
    history: list[AnyCommand], cuts: list[int], forgets: bool
) -> None:
    events = events_of(ledger_after(history))
    whole = folded(events, [10_000], forgets=False)
    assert whole[DEAD_LETTERS] == {}
    assert folded(events, cuts, forgets=forgets) == whole


@settings(max_examples=20, deadline=None)
@given(lives(), st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(1, 12))
def test_requests_and_commits_of_any_length_give_the_same_outcomes_and_events(
    history: Sequence[AnyCommand], lengths: list[int], batch_limit: int
) -> None:
    commands = [FIRST_DAY, *history]
    alone, together = world(), world()
    expected = [send(alone, command)[0] for command in commands]
    assert through_the_owner(together, cut(commands, lengths), batch_limit, waits=True) == expected
    assert contents(together) == contents(alone)
