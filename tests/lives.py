"""Random lives of bonds, contracts, forwards and loans, all of one book: booked, settled, and what only they know."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from domain.commands import (
    AnyCommand,
    AssignOption,
    ExerciseOption,
    ExpireOption,
    FixRate,
    RepayEarly,
    RollOverLoan,
    SettleTrade,
    SettleVariationMargin,
)
from tests.instruments import EXPIRY
from tests.rules import DAY
from tests.strategies import (
    BONDS,
    DELIVERED,
    FLOATING,
    FORWARDS,
    FUTURES,
    MOMENTS,
    OPTIONS,
    SWAPS,
    about,
    book_of,
    bookings,
    changes,
    days,
    decimals,
    numbered,
)

BOOK = book_of("T3")
PRODUCTS: dict[str, st.SearchStrategy[Any]] = {
    "T3": OPTIONS.map(lambda terms: replace(terms, instrument="CALL", side="buy")),
    "T6": OPTIONS.map(lambda terms: replace(terms, instrument="PUT", side="sell")),
    "T9": FLOATING, "T12": FUTURES, "T15": FUTURES, "T18": BONDS, "T21": FORWARDS,
}
_OF: dict[str, dict[str, Any]] = {
    trade_id: {"command_id": "x", "trade_id": trade_id, "book": BOOK} for trade_id in PRODUCTS
}
PLAIN: st.SearchStrategy[AnyCommand] = st.sampled_from([
    ExerciseOption(**_OF["T3"], quantity=Decimal(1), on=EXPIRY, delivery_trade_id="new"),
    AssignOption(**_OF["T6"], quantity=Decimal(1), on=EXPIRY, delivery_trade_id="new"),
    ExpireOption(**_OF["T3"], on=EXPIRY), ExpireOption(**_OF["T6"], on=EXPIRY),
    FixRate(**_OF["T9"], rate=Decimal(2), fixed_from=DAY + timedelta(1)),
    RollOverLoan(**_OF["T9"], rate=Decimal(2), tenor="1M", new_trade_id="new"),
    RepayEarly(**_OF["T9"], quantity=Decimal("20.01"), repaid_on=DAY + timedelta(1)),
    RepayEarly(**_OF["T9"], repaid_on=DAY + timedelta(1), break_cost=Decimal(-2)),
    RepayEarly(**_OF["T9"], repaid_on=DAY + timedelta(1)),
])
"""What a life brings that goes its way."""
Moments = st.SearchStrategy[datetime | None]


def lives(moments: Moments = st.none() | MOMENTS) -> st.SearchStrategy[list[AnyCommand]]:  # noqa: B008
    """Some of each are booked and most of them settled; then anything comes."""
    first = st.tuples(
        *(bookings(st.just(each), terms, moments) for each, terms in PRODUCTS.items()),
        bookings(st.just("T24"), SWAPS, moments),
    )
    settled = st.sampled_from(["none", "none", *PRODUCTS]).flatmap(lambda left: st.tuples(
        *(about(SettleTrade, st.just(each), effective_at=moments) for each in PRODUCTS if each != left)
    ))
    options, loans = st.sampled_from(["T3", "T6"]), st.just("T9")
    later = st.one_of(
        PLAIN, PLAIN, PLAIN, PLAIN,
        option_changes(options, moments), option_changes(options, moments), loan_changes(loans, moments),
        margins(moments), *(
            changes(st.just(each), terms=terms, effective_at=moments) for each, terms in PRODUCTS.items()
        ),
    )
    many = st.sampled_from([3, 9, 15]).flatmap(lambda count: st.lists(later, min_size=count, max_size=count))
    return st.tuples(first, settled, many).map(
        lambda found: [_made_new(each) for each in numbered([*found[0], *found[1], *found[2]])]
    )


def _made_new(command: Any) -> AnyCommand:
    """With an id of its own for the trade that it makes."""
    for name in ("delivery_trade_id", "new_trade_id"):
        if hasattr(command, name):
            return replace(command, **{name: f"T{100 + int(command.command_id[1:])}"})  # type: ignore[no-any-return]
    return command  # type: ignore[no-any-return]


def option_changes(trade_ids: st.SearchStrategy[str], moments: Moments) -> st.SearchStrategy[AnyCommand]:
    """Rights that are used or lost, and what futures pay."""
    some: dict[str, Any] = {"quantity": st.none() | st.integers(1, 4).map(Decimal), "effective_at": moments}
    used = {"delivery_trade_id": DELIVERED, "on": st.sampled_from([EXPIRY, EXPIRY, DAY]), **some}
    return st.one_of(
        about(ExerciseOption, trade_ids, **used), about(AssignOption, trade_ids, **used),
        about(ExpireOption, trade_ids, on=st.sampled_from([EXPIRY, DAY]), **some), margins(moments),
    )


def loan_changes(trade_ids: st.SearchStrategy[str], moments: Moments) -> st.SearchStrategy[AnyCommand]:
    """Rates that are fixed, loans that are rolled over or repaid early."""
    at: dict[str, Any] = {"effective_at": moments}
    rates = decimals("2", "0", "7.25")
    return st.one_of(
        about(FixRate, trade_ids, rate=rates, fixed_from=days(0, 40), **at),
        about(
            RollOverLoan, trade_ids, new_trade_id=DELIVERED, rate=rates, tenor=st.just("1M"), capitalises=st.booleans(),
            **at,
        ),
        about(
            RepayEarly, trade_ids, quantity=st.none() | decimals("50", "20.01"), repaid_on=st.none() | days(1, 9),
            break_cost=decimals("0", "1.5", "-2"), **at,
        ),
    )


def margins(moments: Moments) -> st.SearchStrategy[AnyCommand]:
    """What the future gained or lost, now and then for the last time."""
    return st.builds(
        SettleVariationMargin, command_id=st.just("x"), book=st.just(BOOK),
        instrument=st.just("CRUDE"), price=decimals("60", "59.99", "0", "-37.63"), on=days(-2, 26),
        final=st.sampled_from([False, False, True]), effective_at=moments,
    )
