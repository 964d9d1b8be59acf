"""The second model agrees where fails, penalties, buy-ins and nets are frequent."""

from hypothesis import given, settings

from domain.commands import AnyCommand
from tests.documents import read_models
from tests.naive.cash import FIGURES, cash
from tests.naive.journal import balances
from tests.naive.settlements import settlements
from tests.properties.test_second_model import after, obliged, posted, stored
from tests.properties.test_settlements import ANYTHING, BOOKED


@settings(max_examples=60, deadline=None)
@given(BOOKED, ANYTHING)
def test_settlements_cash_and_journal_are_what_the_second_model_finds(
    trades: list[AnyCommand], told: list[AnyCommand]
) -> None:
    events, facts = stored("ledger-0", after([*trades, *told]).recorders["ledger-0"])
    models = read_models(events, at_once=True)
    assert {key: obliged(each) for key, each in models["settlements"].items()} == {
        key: each._asdict() for key, each in settlements(facts).items()
    }
    assert {key: {name: getattr(each, name) for name in FIGURES} for key, each in models["cash"].items()} == cash(facts)
    assert posted(models["journal"].values()) == balances(facts)
