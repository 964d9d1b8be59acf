"""Settlement moves what was traded, and changes nothing of it, whatever is told in whatever order."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import (
    AnyCommand,
    BookPenalty,
    BuyIn,
    DissolveNet,
    FailSettlement,
    HoldSettlement,
    InstructSettlement,
    MatchSettlement,
    NetSettlements,
    RecordPrice,
    ReleaseSettlement,
    RollBusinessDate,
    SettleNet,
    SettleTrade,
)
from domain.events import NetInstructed, NetSettled, SettlementEvent, SettlementNetted
from domain.schema import Recorded
from projections.settlements import Settlement
from projections.trial_balance import sums_by_asset, trial_balance
from tests.documents import read_models
from tests.ledger import send
from tests.properties.test_replay import events_of
from tests.rules import DAY, booking
from tests.strategies import (
    PRICES,
    QUANTITIES,
    SHARES,
    TERMS,
    about,
    book_of,
    bookings,
    days,
    handlings,
    nettings,
    numbered,
)
from tests.world import world

MINE = ("T1", "T4", "T7", "T3")
IDS = st.sampled_from(MINE)
TOLD = st.one_of(
    handlings(IDS), handlings(IDS), nettings(IDS), nettings(IDS),
    about(SettleTrade, IDS, quantity=st.none() | QUANTITIES, settled_on=st.none() | days(0, 5)),
    about(FailSettlement, IDS, cause=st.sampled_from(["securities", "cash"])),
    st.builds(RollBusinessDate, command_id=st.just("x"), business_date=days(0, 9)),
    st.builds(RecordPrice, command_id=st.just("x"), instrument=st.just("SAN"), price=PRICES),
)
LATER = RollBusinessDate(command_id="x", business_date=DAY + timedelta(6))
NET: dict[str, Any] = {"command_id": "x", "net_id": "N1", "book": book_of("T1")}
NETTED = NetSettlements(**NET, trade_ids=("T1", "T4", "T7"))


def runs_of(trade_id: str) -> list[tuple[AnyCommand, ...]]:
    """What is told one after the other of one trade, or of three that are alike."""
    about_it: dict[str, Any] = {"command_id": "x", "trade_id": trade_id, "book": book_of(trade_id)}
    failed = FailSettlement(**about_it)
    return [
        (InstructSettlement(**about_it, instruction="SI-9"), MatchSettlement(**about_it)),
        (HoldSettlement(**about_it), ReleaseSettlement(**about_it)), (LATER, failed, BookPenalty(**about_it)),
        (LATER, failed, BuyIn(**about_it, price=Decimal(104))), (NETTED, SettleNet(**NET)),
        (NETTED, DissolveNet(**NET)),
    ]


def runs(trade_id: str) -> st.SearchStrategy[tuple[AnyCommand, ...]]:
    return st.sampled_from(runs_of(trade_id))


RUN = st.one_of(TOLD.map(lambda command: (command,)), IDS.flatmap(runs), IDS.flatmap(runs))
OF_NETS: st.SearchStrategy[tuple[AnyCommand, ...]] = st.sampled_from([
    (NETTED, SettleNet(**NET)), (NETTED, DissolveNet(**NET)), (NETTED,),
])
FIRST = st.one_of(OF_NETS, runs("T1"))
MANY = st.sampled_from([1, 4, 8, 14]).flatmap(lambda length: st.lists(RUN, min_size=length, max_size=length))
ANYTHING = st.tuples(FIRST, MANY).map(
    lambda found: numbered([*found[0], *(command for run in found[1] for command in run)])
)
ALIKE = {"counterparty": "ACME", "trade_date": DAY}


def booked(terms: st.SearchStrategy[Any], **fixed: Any) -> st.SearchStrategy[list[AnyCommand]]:
    trades = st.tuples(*(bookings(st.just(trade_id), terms) for trade_id in MINE))
    return trades.map(lambda each: numbered([msgspec.structs.replace(one, **fixed) for one in each], "b"))


BOOKED = st.one_of(
    booked(TERMS), booked(SHARES.map(lambda terms: msgspec.structs.replace(terms, settlement_date=None)), **ALIKE)
)
ECONOMIC = ("quantity", "cost", "realised", "fees", "lots", "trades")


def outcome_of(commands: Sequence[AnyCommand]) -> tuple[list[Recorded], Any]:
    logs = world()
    for command in commands:
        send(logs, command)
    events = events_of(logs)["ledger-0"]
    return events, read_models(events, at_once=True)


def economic(models: Any) -> dict[str, Any]:
    """What was traded, by position; and what cash there will be, by book and currency, but for penalties."""
    positions = {key: [getattr(each, name) for name in ECONOMIC] for key, each in models["positions"].items()
                 if each.product != "loan-deposit"}
    cash = {key: each.total - each.penalties for key, each in models["cash"].items()}
    return positions | cash


def interest_paid(models: Any) -> dict[str, Decimal]:
    """A loan's interest and principal come back as cash when it is repaid, and not before."""
    found: dict[str, Decimal] = {}
    for each in models["settlements"].values():
        if each.leg == "maturity":
            key = f"{each.book}/{each.currency}"
            found[key] = found.get(key, Decimal(0)) + each.settled_amount
    return found


@settings(max_examples=100, deadline=None)
@given(BOOKED, ANYTHING)
def test_settling_changes_no_economic_position_and_no_cash_by_trade_date(
    trades: list[AnyCommand], told: list[AnyCommand]
) -> None:
    _, before = outcome_of(trades)
    _, after = outcome_of([*trades, *told])
    repaid = interest_paid(after)
    assert {key: each - repaid.get(key, 0) if isinstance(each, Decimal) else each
            for key, each in economic(after).items()} == economic(before)
    assert set(sums_by_asset(trial_balance(after["journal"].values())).values()) <= {0}


@settings(max_examples=100, deadline=None)
@given(BOOKED, ANYTHING)
def test_what_is_open_and_what_has_settled_are_the_whole(trades: list[AnyCommand], told: list[AnyCommand]) -> None:
    events, models = outcome_of([*trades, *told])
    for settlement in models["settlements"].values():
        assert isinstance(settlement, Settlement)
        if settlement.status != "cancelled":
            assert settlement.settled_quantity + settlement.open_quantity == settlement.quantity
            assert settlement.settled_amount + settlement.open_amount == settlement.amount
        assert abs(settlement.settled_quantity) <= abs(settlement.quantity)
        assert settlement.is_open == (settlement.open_quantity != 0)
        steps = {step.event for step in settlement.steps}
        moved = [each.event for each in events if each.id in steps and isinstance(each.event, SettlementEvent)]
        assert sum((each.quantity for each in moved), Decimal(0)) == settlement.settled_quantity
    in_flight: dict[str, Decimal] = {}
    for settlement in models["settlements"].values():
        if settlement.leg == "start":
            key = f"{settlement.book}/{settlement.instrument}"
            in_flight[key] = in_flight.get(key, Decimal(0)) + settlement.open_quantity
    assert {key: each.in_flight for key, each in models["positions"].items()} == in_flight


@settings(max_examples=100, deadline=None)
@given(BOOKED, ANYTHING)
def test_a_net_is_the_sum_of_what_was_open_and_moves_the_sum_of_what_it_settles(
    trades: list[AnyCommand], told: list[AnyCommand]
) -> None:
    events, _ = outcome_of([*trades, *told])
    for place, each in enumerate(events):
        if isinstance(each.event, NetInstructed | NetSettled):
            parts = [before.event for before in events[place - len(each.event.trade_ids) : place]]
            if isinstance(each.event, NetInstructed):
                assert all(isinstance(part, SettlementNetted) for part in parts)
                still_open = [_open_before(events[:place], part) for part in parts]
            else:
                still_open = [(part.quantity, part.amount) for part in parts if isinstance(part, SettlementEvent)]
                assert len(still_open) == len(parts)
            assert each.event.quantity == sum(quantity for quantity, _ in still_open)
            assert each.event.amount == sum(amount for _, amount in still_open)


def _open_before(events: Sequence[Recorded], netted: Any) -> tuple[Decimal, Decimal]:
    """What was open of a trade when it was netted, from its terms and all that had moved."""
    moved = [
        each.event for each in events
        if isinstance(each.event, SettlementEvent)
        and (each.event.trade_id, each.event.leg) == (netted.trade_id, netted.leg)
    ]
    terms = netted.terms
    quantity, amount = terms.quantity, terms.amount - terms.total_fees
    if netted.leg == "maturity":
        quantity, amount = -terms.quantity, terms.quantity + terms.loan.interest
    return (
        quantity - sum((each.quantity for each in moved), Decimal(0)),
        amount - sum((each.amount for each in moved), Decimal(0)),
    )


@pytest.mark.parametrize("place", range(len(runs_of("T1"))))
def test_what_is_told_comes_about_when_nothing_stands_against_it(place: int) -> None:
    logs = world()
    bought = [booking(f"T{number}", book=book_of("T1")) for number in (1, 4, 7)]
    for command in numbered([*bought, *runs_of("T1")[place]]):
        (outcome,) = send(logs, command)
        assert outcome.status == "accepted", (command, outcome.code)
