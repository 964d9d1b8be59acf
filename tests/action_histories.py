"""Random histories in which issuers act too: announced, amended and cancelled, before and after the dates have come."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import msgspec
from hypothesis import strategies as st

from domain.commands import (
    AmendCorporateAction,
    AnnounceCorporateAction,
    AnyCommand,
    BookTrade,
    CancelCorporateAction,
    DecreaseTrade,
    EquityTerms,
    IncreaseTrade,
    RollBusinessDate,
    TerminateTrade,
)
from domain.commands.corporate_actions import (
    CashDividend,
    CashMerger,
    Coupon,
    MixedMerger,
    Redemption,
    SpinOff,
    Split,
    StockDividend,
    StockMerger,
)
from tests.rules import DAY
from tests.strategies import BOOKS, COMPANIES, MOMENTS, PRICES, bookings, days, decimals, numbered

ACTIONS = st.sampled_from(["A1", "A2", "A3"])
INSTRUMENTS = st.sampled_from(["SAN", "SAN", "SAN", "IBM", "AXA", "ETF"])
_WITHHELD = decimals("0", "15", "26.375")
_RATIOS = st.sampled_from([("2", "1"), ("1", "2"), ("5", "1")])
_OF_ONE: st.SearchStrategy[Any] = st.one_of(
    st.builds(CashDividend, amount=decimals("1.5", "0.0004", "33.333"), withholding_percent=_WITHHELD),
    _RATIOS.flatmap(lambda ratio: st.builds(
        Split, new=st.just(Decimal(ratio[0])), old=st.just(Decimal(ratio[1])),
        cash_in_lieu=st.sampled_from([None, Decimal("51.01")]),
    )),
    st.builds(StockDividend, units=decimals("1", "0.25"), cash_in_lieu=st.none() | decimals("80")),
    st.builds(Coupon, percent=decimals("4.125"), withholding_percent=_WITHHELD),
    st.builds(Redemption, amount=decimals("1", "99.5")), st.builds(CashMerger, amount=decimals("33.333", "0")),
)
_INTO: Any = {
    "into": st.sampled_from(["AXA", "AXA", "ETF", "SAN", "IBM"]),
    "new": decimals("1", "3", "0.5"), "old": decimals("1", "2"), "cash_in_lieu": st.none() | decimals("40.03"),
}
EXCHANGES: st.SearchStrategy[Any] = st.one_of(
    st.builds(SpinOff, cost_percent=decimals("20", "37.5", "0", "100"), **_INTO),
    st.builds(SpinOff, cost_percent=decimals("12.345"), **_INTO), st.builds(StockMerger, **_INTO),
    st.builds(MixedMerger, amount=decimals("10", "33.333", "400"), price=decimals("75", "0.5"), **_INTO),
)
ACTION_TERMS = st.sampled_from([_OF_ONE, EXCHANGES]).flatmap(lambda kind: kind)
_X: Any = st.just("x")


@st.composite
def dated(draw: st.DrawFn, /, kind: Any, **fields: Any) -> AnyCommand:
    """A command with an ex date around the trade dates, and a pay date at or after it."""
    ex_date = draw(days(-3, 4))
    pay_date = draw(st.sampled_from([None, ex_date + timedelta(days=1), ex_date + timedelta(days=3)]))
    found: AnyCommand = draw(st.builds(
        kind, command_id=_X, action=ACTIONS, ex_date=st.just(ex_date), pay_date=st.just(pay_date),
        terms=ACTION_TERMS, **fields,
    ))
    return found


ANNOUNCED = dated(AnnounceCorporateAction, instrument=INSTRUMENTS)
ISSUED = st.one_of(
    ANNOUNCED, ANNOUNCED, dated(AmendCorporateAction), st.builds(CancelCorporateAction, command_id=_X, action=ACTIONS),
    st.builds(RollBusinessDate, command_id=_X, business_date=days(0, 6)),
)


@st.composite
def exchanges(draw: st.DrawFn) -> Any:
    """Announcements that make chains and circles of companies, of the same currency."""
    of, into = draw(st.sampled_from([
        ("SAN", "AXA"), ("SAN", "AXA"), ("SAN", "ETF"), ("AXA", "ETF"), ("AXA", "SAN"), ("ETF", "SAN"),
    ]))
    found: Any = draw(dated(AnnounceCorporateAction, instrument=st.just(of)))
    terms = msgspec.structs.replace(draw(EXCHANGES), into=into)
    return msgspec.structs.replace(found, terms=terms)


OF_ACTIONS = st.tuples(*(
    st.tuples(
        st.one_of(dated(AnnounceCorporateAction, instrument=INSTRUMENTS), exchanges()),
        st.lists(dated(AmendCorporateAction), max_size=2),
    ).map(lambda both, name=name: tuple(  # type: ignore[misc]
        msgspec.structs.replace(each, action=name) for each in numbered([both[0], *both[1]], f"{name}-")
    ))
    for name in ("A1", "A2", "A3")
))
"""What becomes of three actions, each in its order."""


_ANY = st.lists(ISSUED, min_size=1, max_size=8)
_COMPANIES = st.tuples(st.lists(exchanges(), min_size=1, max_size=3), st.lists(ISSUED, max_size=5)).map(
    lambda both: [*(msgspec.structs.replace(each, action=f"A{number}") for number, each in enumerate(both[0], 1)),
                  *both[1]]
)


@st.composite
def ended(draw: st.DrawFn, book: str) -> list[AnyCommand]:
    """Shares that are bought, more and less of them, and given back some days later; after that it becomes known what
    their issuers did meanwhile. In the end all days have come.
    """
    place, found, traded = list(BOOKS).index(book), list[AnyCommand](), list[str]()
    for number in range(draw(st.integers(1, 2))):
        trade_id = f"T{len(BOOKS) * (200 + number) + place}"
        booked = draw(bookings(st.just(trade_id), COMPANIES, MOMENTS))
        found.append(booked)
        assert isinstance(booked.terms, EquityTerms)
        traded.append(booked.terms.instrument)
        named: dict[str, Any] = {"command_id": "x", "trade_id": trade_id, "book": book}
        for kind in draw(st.lists(st.sampled_from([IncreaseTrade, DecreaseTrade]), max_size=2)):
            size: dict[str, Any] = {"quantity": draw(decimals("1", "2.25")), "price": draw(PRICES)}
            change = kind(trade_date=draw(days(0, 4)), effective_at=draw(MOMENTS), **size, **named)
            found.append(cast(AnyCommand, change))
        found.append(TerminateTrade(
            amount=draw(decimals("0", "1")), trade_date=draw(days(3, 5)), effective_at=draw(MOMENTS), **named
        ))
    of_these = dated(AnnounceCorporateAction, instrument=st.sampled_from(traded))
    kinds = st.sampled_from([of_these, of_these, exchanges(), dated(AmendCorporateAction)]).flatmap(lambda kind: kind)
    known: list[AnyCommand] = []
    for action in ("B1", *draw(st.lists(st.sampled_from(["B1", "B2", "B3"]), max_size=3))):
        what, ex_date = draw(kinds if known else of_these), draw(days(-1, 4))
        pay_date = ex_date + timedelta(days=draw(st.integers(0, 3)))
        known.append(msgspec.structs.replace(what, action=action, ex_date=ex_date, pay_date=pay_date))
    cancelled = st.builds(CancelCorporateAction, command_id=_X, action=st.sampled_from(["B1", "B2"]))
    known += draw(st.lists(cancelled, max_size=1))
    known.append(RollBusinessDate(command_id="x", business_date=DAY + timedelta(days=9)))
    return numbered([*found, *known], "ended-")


@st.composite
def with_actions(draw: st.DrawFn, histories: st.SearchStrategy[list[AnyCommand]]) -> list[AnyCommand]:
    """Some more commands anywhere in a history; in half of them companies become others, and in half, trades have
    ended by the time that it is known.
    """
    history = list(draw(histories))
    issued = draw(st.sampled_from([_ANY, _COMPANIES]).flatmap(lambda kinds: kinds))
    places = sorted(draw(st.lists(st.integers(0, len(history)), min_size=len(issued), max_size=len(issued))))
    for place, command in reversed(list(zip(places, numbered(issued, "action-"), strict=True))):
        history.insert(place, command)
    if draw(st.booleans()):
        books = [each.book for each in history if isinstance(each, BookTrade)]
        history += draw(ended(books[0]))
    return history
