"""Order of arrival does not show: independent commands give the same documents in any order."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AnyCommand, RollBusinessDate, TradeCommand
from tests.documents import read_models
from tests.ledger import send
from tests.properties.test_replay import events_of
from tests.properties.test_second_model import posted
from tests.rules import DAY
from tests.strategies import MOMENTS, TRADES, becomings, bookings, changes, numbered, offspring
from tests.world import world

ARRIVAL: dict[str, tuple[str, ...]] = {
    # When the log learned of it, and where in the log it stands.
    "trades": ("booked_at", "changed_at"),
    "movements": ("known_from", "known_to", "known_from_sequence", "known_to_sequence", "id", "supersedes"),
    "alerts": ("raised_at", "events"),
    "audit": ("id", "event", "recorded_at", "supersedes"),
    # What the last event to arrive changed: the journal posts it.
    "positions": ("realised_change", "actions_change"),
    "journal": ("id", "recorded_at"),
    "cash": (), "exposure": (), "counterparties": (), "breaches": (), "reference": (),
}
"""The fields of each model, beside ``sequence`` (and ``terms_sequence`` in a trade's state), that tell of the arrival
itself. Two things more rest on it by nature:

* a journal entry posts what its event changed of the realised profit, so entries are compared without that, and the
  sums of all accounts with it;
* activity, and the alerts of round trips made from it, hold the last fills to arrive, and are not compared.
"""
PROFIT = ("Equity:Trading", "Income:RealisedPnL")
SUBJECTS: dict[str, Callable[[Any], str]] = {
    "journal": lambda entry: str(entry.trade_id), "audit": lambda entry: str(entry.stream),
    "movements": lambda movement: str(movement.id).partition(f"-{movement.kind}-")[0],
}


def of_one_trade(trade_id: str) -> st.SearchStrategy[tuple[AnyCommand, ...]]:
    """A booking and what follows it, every time said: none is taken from the clock."""
    own = st.just(trade_id)
    known = st.sampled_from([trade_id, trade_id, *offspring(trade_id)])
    changed = st.one_of(changes(known, effective_at=MOMENTS), becomings(known, effective_at=MOMENTS))
    later = st.lists(changed, max_size=5)
    return st.tuples(bookings(own, moments=MOMENTS), later).map(
        lambda both: tuple(numbered([both[0], *both[1]], f"{trade_id}-"))
    )


HISTORIES = st.integers(2, len(TRADES)).flatmap(lambda count: st.tuples(*map(of_one_trade, TRADES[:count])))


@settings(max_examples=60, deadline=None)
@given(HISTORIES, st.randoms(use_true_random=False))
def test_any_order_of_the_trades_commands_gives_the_same_documents(
    histories: tuple[tuple[AnyCommand, ...], ...], random: Any
) -> None:
    in_turn = [command for history in histories for command in history]
    order = [place for place, history in enumerate(histories) for _ in history]
    random.shuffle(order)
    waiting = [iter(history) for history in histories]
    shuffled = [next(waiting[place]) for place in order]
    assert documents(shuffled) == documents(in_turn)


def documents(commands: Sequence[AnyCommand]) -> dict[str, Any]:
    """Every document without what tells of its arrival."""
    logs = world()
    for command in [RollBusinessDate(command_id="roll", business_date=DAY), *commands]:
        (outcome,) = send(logs, command)
        assert isinstance(command, TradeCommand) or outcome.status == "accepted"
    models = read_models(events_of(logs)["ledger-0"], at_once=True)
    models["alerts"] = {key: each for key, each in models["alerts"].items() if each.kind != "wash-round-trip"}
    # What Everbook commands by itself holds from when it did.
    models["audit"] = {key: each for key, each in models["audit"].items() if each.source != "everbook"}
    found: dict[str, Any] = {
        model: _by(SUBJECTS.get(model, lambda each: each.id), models[model].values(), fields)
        for model, fields in ARRIVAL.items()
    }
    found["accounts"] = posted(models["journal"].values())
    return found


def _by(
    subject: Callable[[Any], str], documents: Iterable[Any], fields: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """The documents about one thing in the order in which they came."""
    found: dict[str, list[dict[str, Any]]] = {}
    for document in sorted(documents, key=lambda each: each.sequence):
        kept = {name: getattr(document, name) for name in document.__struct_fields__ if name not in fields}
        del kept["sequence"]
        if "state" in kept:
            kept["state"] = msgspec.structs.replace(kept["state"], terms_sequence=0)
        if "postings" in kept:
            kept["postings"] = [each for each in kept["postings"] if not each.account.startswith(PROFIT)]
        found.setdefault(subject(document), []).append(kept)
    return found
