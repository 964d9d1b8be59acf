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
    BOOKS,
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
    lendings,
    numbered,
)

NAMES = ("bought option", "sold option", "loan", "future", "other future", "bond", "forward", "swap")
TERMS: dict[str, st.SearchStrategy[Any]] = {
    "bought option": OPTIONS.map(lambda terms: replace(terms, instrument="CALL", side="buy")),
    "sold option": OPTIONS.map(lambda terms: replace(terms, instrument="PUT", side="sell")),
    "loan": FLOATING, "future": FUTURES, "other future": FUTURES, "bond": BONDS, "forward": FORWARDS, "swap": SWAPS,
}
Moments = st.SearchStrategy[datetime | None]


def lives(moments: Moments = st.none() | MOMENTS) -> st.SearchStrategy[list[AnyCommand]]:  # noqa: B008
    """Of one book or another: some of each are booked and most of them settled; then anything comes."""
    return st.integers(0, len(BOOKS) - 1).flatmap(lambda place: _lives_of(place, moments))


def _lives_of(place: int, moments: Moments) -> st.SearchStrategy[list[AnyCommand]]:
    ids = ids_of(place)
    first = st.tuples(*(bookings(st.just(ids[name]), TERMS[name], moments) for name in NAMES))
    settled = st.sampled_from(["none", "none", *NAMES]).flatmap(lambda left: st.tuples(
        *(about(SettleTrade, st.just(ids[name]), effective_at=moments) for name in NAMES if name != left)
    ))
    options, loans = st.sampled_from([ids["bought option"], ids["sold option"]]), st.just(ids["loan"])
    revised = (changes(st.just(ids[name]), terms=TERMS[name], effective_at=moments) for name in NAMES[:-1])
    later = st.one_of(
        *[st.sampled_from(plain(ids))] * 4, option_changes(options, moments), option_changes(options, moments),
        lendings(loans, effective_at=moments), margins(book_of(ids["future"]), moments), *revised,
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


def ids_of(place: int) -> dict[str, str]:
    """The trades of one book, by what they are of."""
    return {name: f"T{len(BOOKS) * number + place}" for number, name in enumerate(NAMES, 1)}


def plain(ids: dict[str, str]) -> list[AnyCommand]:
    """What a life brings that goes its way."""
    bought, sold, loan = (
        dict[str, Any]({"command_id": "x", "trade_id": ids[name], "book": book_of(ids[name])})
        for name in ("bought option", "sold option", "loan")
    )
    used: dict[str, Any] = {"quantity": Decimal(1), "on": EXPIRY, "delivery_trade_id": "new"}
    next_day = DAY + timedelta(1)
    return [
        ExerciseOption(**bought, **used), AssignOption(**sold, **used), ExpireOption(**bought, on=EXPIRY),
        ExpireOption(**sold, on=EXPIRY), FixRate(**loan, rate=Decimal(2), fixed_from=next_day),
        RollOverLoan(**loan, rate=Decimal(2), tenor="1M", new_trade_id="new"),
        RepayEarly(**loan, quantity=Decimal("20.01"), repaid_on=next_day), RepayEarly(**loan, repaid_on=next_day),
        RepayEarly(**loan, repaid_on=next_day, break_cost=Decimal(-2)),
        SettleVariationMargin(
            command_id="x", book=book_of(ids["future"]), instrument="CRUDE", price=Decimal(61), on=DAY
        ),
    ]


def option_changes(trade_ids: st.SearchStrategy[str], moments: Moments) -> st.SearchStrategy[AnyCommand]:
    """Rights that are used or lost."""
    some: dict[str, Any] = {"quantity": st.none() | st.integers(1, 4).map(Decimal), "effective_at": moments}
    used = {"delivery_trade_id": DELIVERED, "on": st.sampled_from([EXPIRY, EXPIRY, DAY]), **some}
    return st.one_of(
        about(ExerciseOption, trade_ids, **used), about(AssignOption, trade_ids, **used),
        about(ExpireOption, trade_ids, on=st.sampled_from([EXPIRY, DAY]), **some),
    )


def margins(book: str, moments: Moments) -> st.SearchStrategy[AnyCommand]:
    """What the future gained or lost, now and then for the last time."""
    return st.builds(
        SettleVariationMargin, command_id=st.just("x"), book=st.just(book),
        instrument=st.just("CRUDE"), price=decimals("60", "59.99", "0", "-37.63"), on=days(-2, 26),
        final=st.sampled_from([False, False, True]), effective_at=moments,
    )
