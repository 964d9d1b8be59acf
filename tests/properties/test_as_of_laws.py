"""Laws of histories at any valid time: order of arrival does not show, and what is taken back never was."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import (
    AmendTrade,
    AnnounceCorporateAction,
    AnyCommand,
    BookTrade,
    CancelCorporateAction,
    CancelTrade,
    CompressTrades,
    CorrectTrade,
    DecreaseTrade,
    IncreaseTrade,
    RollBusinessDate,
    TerminateTrade,
)
from projections.as_of import Instant
from tests.action_histories import INSTRUMENTS, OF_ACTIONS, dated, with_actions
from tests.documents import read_models
from tests.ledger import send
from tests.properties.instants import VALID, grouped, said
from tests.properties.test_as_of import fields, something
from tests.properties.test_neutrality import NEW, UNIQUE_MOMENT
from tests.properties.test_order import HISTORIES
from tests.properties.test_replay import events_of
from tests.rules import DAY, MOMENT
from tests.strategies import MOMENTS, TERMS, histories
from tests.world import world

KNOWN = 1_000_000
IN_UNITS = (IncreaseTrade, DecreaseTrade, TerminateTrade, CompressTrades)
"""What is refused while a corporate action has changed the units of a trade: so it depends on what is known before."""
WITH_ACTIONS = st.tuples(HISTORIES, OF_ACTIONS).map(lambda both: (
    *(tuple(each for each in history if not isinstance(each, IN_UNITS)) for history in both[0]), *both[1]
))
ANY = with_actions(histories(surroundings=False, moments=MOMENTS))
ARRIVAL = ("sequence", "realised_change", "actions_change")


def as_of(commands: Sequence[AnyCommand], valid_at: datetime | None, **renamed: str) -> dict[str, Any]:
    """What is said of a valid time, as known in the end, without what tells of the arrival, and but for nothing."""
    logs = world()
    for command in [RollBusinessDate(command_id="roll", business_date=DAY), *commands]:
        send(logs, command)
    movements = read_models(events_of(logs)["ledger-0"], at_once=True)["movements"].values()
    found = said(grouped(movements), Instant(valid_at, KNOWN))
    # What was taken back may have brought a position that holds nothing, or not, as the order was.
    positions = {
        key: _renamed(each, renamed) for key, each in found["positions"].items()
        if each.trades or each.quantity or each.realised
    }
    return {"positions": positions, "cash": something(found["cash"]), "accounts": found["accounts"]}


def _renamed(position: Any, renamed: dict[str, str]) -> dict[str, Any]:
    found = fields(position, *ARRIVAL)
    found["lots"] = [
        msgspec.structs.replace(lot, trade_id=renamed.get(lot.trade_id, lot.trade_id)) for lot in position.lots
    ]
    found["loans"] = sorted(
        (msgspec.structs.replace(loan, trade_id=renamed.get(loan.trade_id, loan.trade_id)) for loan in position.loans),
        key=lambda loan: loan.trade_id,
    )
    if position.last_place is not None:
        *place, trade_id = position.last_place
        found["last_place"] = (*place, renamed.get(trade_id, trade_id))
    return found


@settings(max_examples=60, deadline=None)
@given(WITH_ACTIONS, VALID, st.randoms(use_true_random=False))
def test_any_order_of_arrival_says_the_same_of_a_valid_time(
    histories: tuple[tuple[AnyCommand, ...], ...], valid_at: datetime | None, random: Any
) -> None:
    order = [place for place, history in enumerate(histories) for _ in history]
    random.shuffle(order)
    waiting = [iter(history) for history in histories]
    shuffled = [next(waiting[place]) for place in order]
    in_turn = [command for history in histories for command in history]
    assert as_of(shuffled, valid_at) == as_of(in_turn, valid_at)


@settings(max_examples=50, deadline=None)
@given(ANY, NEW, VALID)
def test_a_trade_that_was_cancelled_never_was(
    history: list[AnyCommand], booking: BookTrade, valid_at: datetime | None
) -> None:
    new = msgspec.structs.replace(booking, command_id="new", trade_id="X1")
    cancelled = CancelTrade(command_id="cancel", trade_id="X1", book=new.book, effective_at=MOMENT)
    assert as_of([*history, new, cancelled], valid_at) == as_of(history, valid_at)


@settings(max_examples=50, deadline=None)
@given(histories(surroundings=False, moments=MOMENTS), dated(AnnounceCorporateAction, instrument=INSTRUMENTS), VALID)
def test_an_action_that_was_cancelled_never_was(
    history: list[AnyCommand], announced: Any, valid_at: datetime | None
) -> None:
    history = [command for command in history if not isinstance(command, IN_UNITS)]
    place = len(history) // 2
    cancelled = CancelCorporateAction(command_id="cancel", action=announced.action)
    told = [*history[:place], msgspec.structs.replace(announced, command_id="new"), *history[place:], cancelled]
    assert as_of(told, valid_at) == as_of(history, valid_at)


@settings(max_examples=50, deadline=None)
@given(ANY, NEW, TERMS, st.sampled_from([AmendTrade, CorrectTrade]), VALID)
def test_a_revision_from_the_beginning_is_a_cancellation_and_a_booking_of_the_new_terms(
    history: list[AnyCommand], booking: BookTrade, terms: Any, kind: type[AmendTrade | CorrectTrade],
    valid_at: datetime | None,
) -> None:
    new = msgspec.structs.replace(booking, command_id="new", trade_id="X1")
    revised = kind(
        command_id="revise", trade_id="X1", book=new.book, terms=terms, reason="agreed", effective_at=UNIQUE_MOMENT
    )
    cancelled = CancelTrade(command_id="cancel", trade_id="X1", book=new.book, effective_at=MOMENT)
    anew = msgspec.structs.replace(new, command_id="anew", trade_id="X2", terms=terms)
    one = as_of([*history, new, revised], valid_at)
    assert one == as_of([*history, new, cancelled, anew], valid_at, X2="X1")
