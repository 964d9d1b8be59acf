"""What becomes of trades leaves the books as they were: to the last share, cent and lot, and in every closed period."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.commands import (
    AllocateBlock,
    AnyCommand,
    BookTrade,
    CompressTrades,
    DecreaseTrade,
    IncreaseTrade,
    NovateTrade,
)
from domain.commands.lifecycle import Allocation
from domain.currencies import minor_unit
from domain.events import PeriodClosed, TradeEvent
from domain.money import EXACT, round_to
from tests.documents import read_models
from tests.ledger import send
from tests.properties.test_neutrality import Books
from tests.properties.test_replay import events_of, ledger_after
from tests.rules import MOMENT
from tests.strategies import DIVISIBLE, MOMENTS, PRICES, QUANTITIES, SHARES, bookings, histories

EARLY = MOMENT - timedelta(hours=5, minutes=30)
"""No trade of a history is executed at the minutes that follow: none has a place between these."""
SHARED = st.lists(st.integers(1, 9).map(Decimal), min_size=1, max_size=6)


def new(number: int, terms: st.SearchStrategy[Any]) -> st.SearchStrategy[BookTrade]:
    """A trade of book US-1 or EQ-1, executed when no other is."""
    booked = bookings(st.sampled_from(["T2", "T3"]), terms, st.just(EARLY + timedelta(minutes=number)))
    return booked.map(lambda each: msgspec.structs.replace(
        each, command_id=f"x{number}", trade_id=f"X{number}", book="EQ-1", trader="anna", counterparty="ACME",
        contra_book=None,
    ))


def resized(booking: BookTrade, sizes: Sequence[tuple[Decimal, Decimal]]) -> list[AnyCommand]:
    """The trade with a little more, a little less and so on."""
    kinds: list[Any] = [IncreaseTrade, DecreaseTrade]
    return [
        kinds[place % 2](
            command_id=f"{booking.command_id}-{place}", trade_id=booking.trade_id, book=booking.book, quantity=quantity,
            price=price, effective_at=EARLY + timedelta(hours=place),
        )
        for place, (quantity, price) in enumerate(sizes)
    ]


SIZES = st.lists(st.tuples(QUANTITIES.map(lambda each: each / 64), PRICES), max_size=3)


@settings(max_examples=60, deadline=None)
@given(new(1, DIVISIBLE), SIZES, SHARED)
def test_the_trades_of_a_block_sum_to_it_in_each_asset_and_minor_unit(
    booking: BookTrade, sizes: list[tuple[Decimal, Decimal]], shares: list[Decimal]
) -> None:
    logs = ledger_after([])
    for command in (booking, *resized(booking, sizes)):
        send(logs, command)
    block = logs.by_log["ledger-0"].decider.trades["X1"].terms  # type: ignore[attr-defined]
    (outcome,) = send(logs, AllocateBlock(command_id="a", trade_id="X1", book="EQ-1", allocations=tuple(
        Allocation(trade_id=f"C{place}", book="EQ-1", share=share) for place, share in enumerate(shares)
    )))
    assume(outcome.status == "accepted")
    *children, allocated = [
        each.event for each in events_of(logs)["ledger-0"] if outcome.sequence <= each.sequence
    ]
    terms: list[Any] = [each.terms for each in children]  # type: ignore[attr-defined]
    unit = minor_unit(block.currency)
    cash = [each.amount - each.total_fees for each in terms]
    assert sum((each.quantity for each in terms), Decimal(0)) == block.quantity
    assert sum((each.amount for each in terms), Decimal(0)) == block.amount
    assert all(each == round_to(each, unit) for each in cash)
    whole = block.amount - block.total_fees
    assert sum(cash, Decimal(0)) == round_to(whole, unit)
    assert sum(cash, Decimal(0)) + allocated.residual == whole  # type: ignore[attr-defined]
    assert abs(allocated.residual) * 2 <= unit  # type: ignore[attr-defined]
    for place, each in enumerate(terms):
        # No account is more than a unit away from its exact share.
        exact = EXACT.create_decimal(block.quantity) * shares[place]
        assert abs(each.quantity * sum(shares) - exact) < sum(shares)
    if block.loan is not None:
        assert sum((each.loan.interest for each in terms), Decimal(0)) == block.loan.interest


def books(history: Sequence[AnyCommand], *more: AnyCommand) -> Books:
    found = Books(history, *more)
    for cash in found.models["cash"].values():
        # Fees are cut at minor units: of so little, one part may be to receive and the other to pay.
        cash.receivable, cash.payable = cash.receivable - cash.payable, Decimal(0)
    for position in found.models["positions"].values():
        position.trades = 0
        # Whoever lends it now, it is lent as it was: loans are in the order of their trades.
        position.loans = tuple(sorted((msgspec.structs.replace(loan, trade_id="") for loan in position.loans), key=str))
        if position.last_place:
            position.last_place = (*position.last_place[:2], "")
    return found


HISTORY = histories(12, surroundings=False, moments=MOMENTS)


@settings(max_examples=40, deadline=None)
@given(HISTORY, new(1, DIVISIBLE), st.none() | QUANTITIES)
def test_a_novation_leaves_positions_lots_and_cash_as_they_were(
    history: list[AnyCommand], booking: BookTrade, quantity: Decimal | None
) -> None:
    novated = NovateTrade(
        command_id="n", trade_id="X1", book="EQ-1", new_trade_id="N1", counterparty="BETA",
        quantity=None if quantity is None else min(quantity, Decimal("0.25")), effective_at=MOMENT,
    )
    before, after = books(history, booking), books(history, booking, novated)
    whole = quantity is None
    for model in ("cash", *(["positions"] if whole else [])):
        assert after.holds()[model] == before.holds()[model]
    assert figures(after) == figures(before)
    assert (after.used, after.positions) == (before.used, before.positions)


@settings(max_examples=40, deadline=None)
@given(HISTORY, new(1, SHARES), new(2, SHARES), new(3, SHARES), SIZES)
def test_a_compression_leaves_positions_lots_and_net_cash_as_they_were(
    history: list[AnyCommand], one: BookTrade, two: BookTrade, three: BookTrade,
    sizes: list[tuple[Decimal, Decimal]],
) -> None:
    compressed = CompressTrades(
        command_id="c", trade_id="C1", book="EQ-1", trade_ids=("X1", "X2", "X3"), effective_at=MOMENT
    )
    first = [command for command in resized(one, sizes) if isinstance(command, IncreaseTrade)]
    before, after = books(history, one, two, three, *first), books(history, one, two, three, *first, compressed)
    assert after.holds()["positions"] == before.holds()["positions"]
    assert figures(after) == figures(before)
    assert after.positions == before.positions
    assert {key: each.total for key, each in after.models["cash"].items()} == {
        key: each.total for key, each in before.models["cash"].items()
    }


def figures(found: Books) -> dict[str, tuple[Any, ...]]:
    """What positions come to, whichever trades they are of."""
    return {
        key: (each.quantity, each.cost, each.realised, each.fees, each.income, each.settled)
        for key, each in found.models["positions"].items()
    }


@settings(max_examples=100, deadline=None)
@given(histories())
def test_nothing_that_is_posted_in_a_closed_period_ever_changes(history: list[AnyCommand]) -> None:
    events = events_of(ledger_after(history))["ledger-0"]
    models = read_models(events, at_once=True)
    entries = {entry.sequence: entry for entry in models["journal"].values()}
    closed = None
    for event in events:
        fact = event.event
        if isinstance(fact, PeriodClosed):
            closed = fact.through
        if isinstance(fact, TradeEvent) and closed is not None:
            assert fact.business_date > closed
            assert fact.restates is None or fact.restates <= closed
            if event.sequence in entries:
                entry = entries[event.sequence]
                assert (entry.business_date, entry.restates) == (fact.business_date, fact.restates)
                assert entry.restates is not None or entry.trade_date > closed or type(fact).__name__ != "TradeBooked"
    # What was posted by any moment is posted still, and in the same words.
    half = len(events) // 2
    earlier = read_models(events[:half], at_once=True)["journal"]
    assert {key: models["journal"].get(key) for key in earlier} == earlier
