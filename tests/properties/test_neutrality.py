"""Book then cancel is nothing; amend is cancel and book anew."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import AmendTrade, AnyCommand, BookTrade, CancelTrade, CorrectTrade
from domain.trades import TradeDecider
from tests.documents import read_models
from tests.ledger import send
from tests.properties.test_replay import events_of, ledger_after
from tests.properties.test_second_model import posted
from tests.rules import MOMENT
from tests.strategies import MOMENTS, TERMS, bookings, histories

UNIQUE_MOMENT = MOMENT - timedelta(hours=5, minutes=30)
"""No other trade is executed then, so that the trade ids settle no order."""
NEW = bookings(st.sampled_from(["T1", "T2", "T3"]), moments=st.just(UNIQUE_MOMENT))
NO_FIGURES = {"sequence", "realised_change", "actions_change", "units", "kept"}
"""What tells of the last event, and what is said of units and of what one of them kept."""
HELD = ("positions", "cash", "exposure")


class Books:
    """What the books say after commands, and what the rules hold of the limits."""

    def __init__(self, history: Sequence[AnyCommand], *more: AnyCommand) -> None:
        logs = ledger_after(history)
        for command in more:
            (outcome,) = send(logs, command)
            assert outcome.status == "accepted", outcome
        self.models = read_models(events_of(logs)["ledger-0"], at_once=True)
        self.accounts = posted(self.models["journal"].values())
        decider = logs.by_log["ledger-0"].decider
        assert isinstance(decider, TradeDecider)
        self.used, self.positions = _but_zero(decider.used), _but_zero(decider.positions)

    def holds(self) -> dict[str, dict[str, Any]]:
        """Positions, cash and exposure, but for what tells of the last event, and for those that hold nothing."""
        return {model: {key: figures for key, each in self.models[model].items() if (figures := _figures(each))}
                for model in HELD}


def _but_zero(table: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in table.items() if value}


def _figures(document: Any) -> dict[str, Any]:
    """The fields that are not nothing; none when only those are left that say what the document is about."""
    fields = {name: getattr(document, name) for name in document.__struct_fields__ if name not in NO_FIGURES}
    about = (str, bool, msgspec.Struct)
    figures = {name: value for name, value in fields.items() if value and not isinstance(value, about)}
    return {**fields, **figures} if figures else {}


@settings(max_examples=50, deadline=None)
@given(histories(surroundings=False, moments=MOMENTS), NEW)
def test_a_trade_that_is_booked_and_cancelled_leaves_nothing(history: list[AnyCommand], booking: BookTrade) -> None:
    new = msgspec.structs.replace(booking, command_id="new", trade_id="X1")
    cancelled = CancelTrade(command_id="cancel", trade_id="X1", book=new.book)
    before, after = Books(history), Books(history, new, cancelled)
    assert after.holds() == before.holds()
    assert (after.accounts, after.used, after.positions) == (before.accounts, before.used, before.positions)
    assert all(each.known_to for each in after.models["movements"].values() if each.trade_id == "X1")


@settings(max_examples=50, deadline=None)
@given(histories(surroundings=False, moments=MOMENTS), NEW, TERMS, st.sampled_from([AmendTrade, CorrectTrade]))
def test_a_revision_is_a_cancellation_and_a_booking_of_the_new_terms(
    history: list[AnyCommand], booking: BookTrade, terms: Any, kind: type[AmendTrade | CorrectTrade]
) -> None:
    new = msgspec.structs.replace(booking, command_id="new", trade_id="X1")
    revised = kind(command_id="revise", trade_id="X1", book=new.book, terms=terms, reason="agreed")
    cancelled = CancelTrade(command_id="cancel", trade_id="X1", book=new.book)
    anew = msgspec.structs.replace(new, command_id="anew", trade_id="X2", terms=terms)
    one, other = Books(history, new, revised), Books(history, new, cancelled, anew)
    for position in other.models["positions"].values():
        position.lots = tuple(_renamed(lot) for lot in position.lots)
        position.loans = tuple(sorted(map(_renamed, position.loans), key=lambda loan: loan.trade_id))
        if position.last_place and position.last_place[-1] == "X2":
            position.last_place = (*position.last_place[:-1], "X1")
    assert one.holds() == other.holds()
    assert (one.accounts, one.used, one.positions) == (other.accounts, other.used, other.positions)


def _renamed(each: Any) -> Any:
    return msgspec.structs.replace(each, trade_id="X1") if each.trade_id == "X2" else each
