"""Random command histories over a small world; what the rules refuse is part of them."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from domain.commands import (
    AffirmTrade,
    AllocateBlock,
    AmendTrade,
    AnyCommand,
    BondTerms,
    BookPenalty,
    BookTrade,
    BuyIn,
    CancelInstruction,
    CancelTrade,
    ClassifyInstrument,
    ClosePeriod,
    CompressTrades,
    CorrectTrade,
    DecreaseTrade,
    DissolveNet,
    EngageKillSwitch,
    EquityTerms,
    FailSettlement,
    FixRate,
    FutureTerms,
    FxForwardTerms,
    FxSpotTerms,
    FxSwapTerms,
    HoldSettlement,
    IncreaseTrade,
    InstructSettlement,
    LiftRestriction,
    LoanTerms,
    MatchSettlement,
    NetSettlements,
    NovateTrade,
    OptionTerms,
    ReallocateBlock,
    RecordFxRate,
    RecordPrice,
    ReleaseKillSwitch,
    ReleaseSettlement,
    RepayEarly,
    ReportMismatch,
    RestrictInstrument,
    RollBusinessDate,
    RollOverLoan,
    SetLimit,
    SetPenaltyRate,
    SetSettlementCycle,
    SettleNet,
    SettleTrade,
    TerminateTrade,
)
from domain.commands.lifecycle import Allocation
from domain.commands.lots import NamedLot
from tests.rules import DAY, MOMENT

BOOKS = {
    "EQ-1": "anna", "EQ-2": "anna", "US-1": "ben", "LIFO-1": "anna", "HIFO-1": "anna", "SPEC-1": "anna",
    "POOL-1": "anna",
}
TRADES = tuple(f"T{number}" for number in range(1, 15))


def book_of(trade_id: str) -> str:
    """Every trade id belongs to one book, so that later commands meet the booking."""
    return tuple(BOOKS)[int(trade_id[1:]) % len(BOOKS)]


def decimals(*values: str) -> st.SearchStrategy[Decimal]:
    return st.sampled_from([Decimal(value) for value in values])


def days(first: int, last: int) -> st.SearchStrategy[Any]:
    return st.integers(first, last).map(lambda number: DAY + timedelta(number))


QUANTITIES = st.integers(1, 60).map(lambda quarters: Decimal(quarters) / 4)
PRICES = decimals("100", "99", "33.333", "101.5", "0.0001", "0", "-1.07")
FEES = st.dictionaries(st.sampled_from(["broker", "tax"]), decimals("0", "0.005", "1.5", "120"), max_size=2)
SIDES: Any = st.sampled_from(["buy", "sell"])
MOMENTS: st.SearchStrategy[datetime] = st.integers(-72, 24).map(lambda hours: MOMENT + timedelta(hours=hours))

def closing(trade_id: str) -> st.SearchStrategy[tuple[NamedLot, ...]]:
    """Lots that a trade of the specific book names: those of some trades of the book, which may be there or not."""
    if book_of(trade_id) != "SPEC-1":
        return st.just(())
    place = list(BOOKS).index("SPEC-1")
    names = st.integers(0, 11).map(lambda number: f"T{len(BOOKS) * number + place}")
    lot = st.builds(NamedLot, trade_id=names, quantity=decimals("0.25", "0.5", "1", "2.5"))
    return st.one_of(st.just(()), st.lists(lot, max_size=3, unique_by=lambda each: each.trade_id).map(tuple))


EQUITY = st.builds(
    EquityTerms, side=SIDES, instrument=st.sampled_from(["SAN", "SAN", "IBM"]), quantity=QUANTITIES, price=PRICES,
    fees=FEES, settlement_date=st.none() | days(0, 5),
)
FX = st.sampled_from([("EUR", "USD"), ("USD", "JPY")]).flatmap(lambda pair: st.builds(
    FxSpotTerms, side=SIDES, base=st.just(pair[0]), quote=st.just(pair[1]), quantity=QUANTITIES,
    rate=decimals("1.25", "1.1", "151.33"), fees=FEES,
))
_RATE: dict[str, Any] = {
    "side": st.sampled_from(["lend", "take"]), "currency": st.sampled_from(["EUR", "JPY"]),
    "principal": decimals("1000", "100.001", "36000"), "rate": decimals("3.6", "0", "-0.5"), "start_date": days(0, 1),
}
FLOATING = st.builds(
    LoanTerms, **_RATE, rate_type=st.just("floating"), index=st.just("ESTR"), spread=decimals("0.25"),
    day_count=st.sampled_from(["30/360", "ACT/ACT"]), maturity_date=days(2, 400),
)
LOANS = st.one_of(st.builds(LoanTerms, **_RATE, tenor=st.sampled_from(["0D", "1W", "3M"])), FLOATING)
BONDS = st.builds(
    BondTerms, side=SIDES, instrument=st.sampled_from(["OAT", "GILT", "BILL"]), price=decimals("99.5", "101.337", "0"),
    quantity=decimals("1000", "2500.5", "70"), fees=FEES, settlement_date=st.none() | days(0, 5),
)
CONTRACTS: Any = {"side": SIDES, "quantity": st.integers(1, 6).map(Decimal), "fees": FEES}
FUTURES = st.builds(FutureTerms, instrument=st.just("CRUDE"), price=decimals("60", "61.25", "0", "-37.63"), **CONTRACTS)
OPTIONS = st.builds(
    OptionTerms, instrument=st.sampled_from(["CALL", "PUT"]), price=decimals("2.5", "0", "0.05"), **CONTRACTS
)
PAIRS = st.sampled_from([("EUR", "USD"), ("USD", "JPY")])
DEALT: Any = {"side": SIDES, "quantity": QUANTITIES, "rate": decimals("1.25", "151.33"), "fees": FEES}
FORWARDS = PAIRS.flatmap(lambda pair: st.builds(
    FxForwardTerms, base=st.just(pair[0]), quote=st.just(pair[1]), points=decimals("0.0012", "-0.5"),
    tenor=st.sampled_from(["1W", "1M", "6M"]), **DEALT,
))
DELIVERED = st.sampled_from([f"T{number}" for number in range(200, 260)])
SWAPS = PAIRS.flatmap(lambda pair: st.builds(
    FxSwapTerms, base=st.just(pair[0]), quote=st.just(pair[1]), far_points=decimals("0.0012", "-0.5"),
    far_date=days(6, 90), far_trade_id=DELIVERED, **DEALT,
))
DIVISIBLE = st.one_of(EQUITY, EQUITY, FX, LOANS)
"""Terms that a trade can be split by."""
TERMS = st.one_of(EQUITY, EQUITY, EQUITY, FX, LOANS, BONDS, FUTURES, OPTIONS, FORWARDS)


def bookings(
    trade_ids: st.SearchStrategy[str] = st.sampled_from(TRADES),  # noqa: B008
    terms: st.SearchStrategy[Any] = TERMS, moments: st.SearchStrategy[datetime | None] = st.none() | MOMENTS,  # noqa: B008
) -> st.SearchStrategy[BookTrade]:
    """Bookings, a good part of them back-dated."""
    return trade_ids.flatmap(lambda trade_id: st.builds(
        BookTrade, command_id=st.just("x"), trade_id=st.just(trade_id), book=st.just(book_of(trade_id)),
        trader=st.just(BOOKS[book_of(trade_id)]), counterparty=st.sampled_from(["ACME", "BETA"]),
        trade_date=days(-2, 0), terms=terms, effective_at=moments, contra_book=st.sampled_from([None, None, "EQ-2"]),
        closes=closing(trade_id),
    ))


def about(
    kind: Callable[..., Any], trade_ids: st.SearchStrategy[str], /, **fields: Any
) -> st.SearchStrategy[AnyCommand]:
    """Commands of one kind about trades that may or may not be booked."""
    return trade_ids.flatmap(lambda trade_id: st.builds(
        kind, command_id=st.just("x"), trade_id=st.just(trade_id), book=st.just(book_of(trade_id)),
        **{"effective_at": st.none() | MOMENTS, **fields},
    ))


def changes(
    trade_ids: st.SearchStrategy[str] = st.sampled_from(TRADES), terms: st.SearchStrategy[Any] = TERMS,  # noqa: B008
    **fields: Any,
) -> st.SearchStrategy[AnyCommand]:
    """What follows a booking."""
    settled: dict[str, Any] = {"quantity": st.none() | QUANTITIES, "settled_on": st.none() | days(0, 5)}
    revised = {"terms": terms, **fields}
    return st.one_of(
        about(AmendTrade, trade_ids, **revised),
        about(CorrectTrade, trade_ids, reason=st.just("typo"), trade_date=st.none() | days(-4, 0), **revised),
        about(CancelTrade, trade_ids, **fields), about(AffirmTrade, trade_ids, **fields),
        about(SettleTrade, trade_ids, **settled, **fields), about(SettleTrade, trade_ids, **settled, **fields),
        about(FailSettlement, trade_ids, cause=st.sampled_from(["securities", "cash"]), **fields),
        handlings(trade_ids, **fields), lendings(trade_ids, **fields),
    )


def lendings(
    trade_ids: st.SearchStrategy[str] = st.sampled_from(TRADES), **fields: Any  # noqa: B008
) -> st.SearchStrategy[AnyCommand]:
    """What becomes of loans: rates are fixed, late and in any order, what falls due is rolled over, or repaid early."""
    rates = decimals("2", "0", "7.25", "-1.1")
    fixing = about(FixRate, trade_ids, rate=rates, fixed_from=days(0, 3) | days(0, 40), **fields)
    rolling = trade_ids.flatmap(lambda trade_id: about(
        RollOverLoan, st.just(trade_id), new_trade_id=st.sampled_from(offspring(trade_id)[:2]), rate=rates,
        tenor=st.sampled_from(["1W", "1M"]), capitalises=st.booleans(), **fields,
    ))
    repaying = about(
        RepayEarly, trade_ids, quantity=st.none() | decimals("50", "20.01"), repaid_on=st.none() | days(1, 9),
        break_cost=decimals("0", "1.5", "-2"), **fields,
    )
    return st.sampled_from([fixing, fixing, rolling, repaying]).flatmap(lambda kind: kind)


def handlings(
    trade_ids: st.SearchStrategy[str] = st.sampled_from(TRADES), **fields: Any  # noqa: B008
) -> st.SearchStrategy[AnyCommand]:
    """What is told about a settlement on its way."""
    return st.one_of(
        about(InstructSettlement, trade_ids, instruction=st.sampled_from(["SI-1", "SI-2"]), **fields),
        about(MatchSettlement, trade_ids, **fields),
        about(ReportMismatch, trade_ids, difference=st.just("their price"), **fields),
        about(CancelInstruction, trade_ids, **fields), about(HoldSettlement, trade_ids, **fields),
        about(ReleaseSettlement, trade_ids, **fields), about(BuyIn, trade_ids, price=PRICES, **fields),
        about(BookPenalty, trade_ids, through=st.none() | days(0, 9), **fields),
    )


def nettings(
    trade_ids: st.SearchStrategy[str] = st.sampled_from(TRADES), **fields: Any  # noqa: B008
) -> st.SearchStrategy[AnyCommand]:
    """Nets of trades of one book that may or may not fit together."""
    named: dict[str, Any] = {"command_id": st.just("x"), "net_id": st.sampled_from(["N1", "N2"]), **fields}

    def of_book(book: str) -> st.SearchStrategy[AnyCommand]:
        own = trade_ids.filter(lambda trade_id: book_of(trade_id) == book)
        trades = st.lists(own, min_size=2, max_size=3).map(tuple)
        return st.one_of(
            st.builds(NetSettlements, book=st.just(book), trade_ids=trades, **named),
            st.builds(NetSettlements, book=st.just(book), trade_ids=trades, **named),
            st.builds(SettleNet, book=st.just(book), settled_on=st.none() | days(0, 5), **named),
            st.builds(DissolveNet, book=st.just(book), **named),
        )

    return trade_ids.map(book_of).flatmap(of_book)

def offspring(trade_id: str) -> tuple[str, str, str]:
    """What may come of a trade: two in its book, and one in another."""
    number = int(trade_id[1:])
    return f"T{number + 300}", f"T{number + 600}", f"T{number + 901}"


def _allocations(names: tuple[str, ...]) -> st.SearchStrategy[tuple[Allocation, ...]]:
    """To one to three trades: by share, which may be rounded, or by quantity, which seldom sums to the block's."""

    def of(count: int, by: str, first: int, amounts: list[int]) -> tuple[Allocation, ...]:
        return tuple(
            Allocation(
                trade_id=name, book=book_of(name), quantity=Decimal(amount) if by == "quantity" else None,
                share=Decimal(amount) if by == "share" else None,
            )
            for name, amount in zip((names * 2)[first : first + count], amounts, strict=False)
        )

    return st.builds(
        of, st.integers(1, 3), st.sampled_from(["share", "share", "share", "quantity"]), st.integers(0, 2),
        st.lists(st.integers(1, 7), min_size=3, max_size=3),
    )


def becomings(trade_ids: st.SearchStrategy[str], **fields: Any) -> st.SearchStrategy[AnyCommand]:
    """What becomes of trades beside their own revisions; what is meant for a part is a part of most of them."""
    size: dict[str, Any] = {
        "quantity": st.integers(1, 20).map(lambda quarters: Decimal(quarters) / 4), "price": PRICES, "fees": FEES,
        "trade_date": st.none() | days(-2, 2),
    }

    def of(trade_id: str) -> st.SearchStrategy[AnyCommand]:
        own = st.just(trade_id)
        one, two, other = offspring(trade_id)
        return st.one_of(
            about(AllocateBlock, own, allocations=_allocations(offspring(trade_id)), **fields),
            about(ReallocateBlock, own, allocations=_allocations(offspring(other)), **fields),
            about(
                NovateTrade, own, new_trade_id=st.sampled_from([one, two]), quantity=st.none() | size["quantity"],
                counterparty=st.sampled_from(["ACME", "BETA"]), **fields,
            ),
            about(IncreaseTrade, own, **size, **fields), about(DecreaseTrade, own, **size, **fields),
            about(
                TerminateTrade, own, amount=decimals("0", "12.5", "-3", "0.001"), trade_date=st.none() | days(-2, 5),
                **fields,
            ),
        )

    return trade_ids.flatmap(of)


def compressions(trade_ids: Sequence[str]) -> st.SearchStrategy[AnyCommand]:
    """Two or three trades of a pool into one."""
    several = st.lists(st.sampled_from(trade_ids), min_size=2, max_size=3, unique=True)
    return several.flatmap(lambda chosen: about(
        CompressTrades, st.just(offspring(chosen[0])[1]), trade_ids=st.just(tuple(chosen)),
    ))


_X: Any = st.just("x")
_LIMITS = [Decimal(1500), Decimal(90_000), None]
_SURROUNDINGS = st.one_of(
    st.builds(RecordPrice, command_id=_X, instrument=st.sampled_from(["SAN", "IBM"]), price=PRICES),
    st.builds(RecordFxRate, command_id=_X, base=st.just("EUR"), quote=st.just("USD"), rate=decimals("1.1", "1.333")),
    st.builds(RollBusinessDate, command_id=_X, business_date=days(0, 9)),
    st.builds(ClosePeriod, command_id=_X, through=days(-3, 5)),
    st.builds(
        SetLimit, command_id=_X, book=st.sampled_from(["EQ-1", "US-1"]), amount=st.sampled_from(_LIMITS),
        kind=st.sampled_from(["gross-notional", "order-notional", "position-quantity"]),
    ),
    st.builds(
        SetPenaltyRate, command_id=_X, kind=st.sampled_from(["liquid-shares", "other"]), rate=decimals("1", "0.25"),
        effective_from=days(-9, 5),
    ),
    st.builds(
        ClassifyInstrument, command_id=_X, instrument=st.just("IBM"), liquidity=st.sampled_from(["other"]),
        effective_from=days(-9, 5),
    ),
    st.builds(
        SetSettlementCycle, command_id=_X, market=st.sampled_from(["XPAR", "XNYS"]), days=st.integers(0, 2),
        effective_from=days(-9, 1),
    ),
    st.builds(EngageKillSwitch, command_id=_X, trader=st.just("ben")),
    st.builds(ReleaseKillSwitch, command_id=_X, trader=st.just("ben")),
    st.builds(RestrictInstrument, command_id=_X, instrument=st.just("IBM")),
    st.builds(LiftRestriction, command_id=_X, instrument=st.just("IBM")),
)


def numbered(commands: Sequence[Any], prefix: str = "h") -> list[AnyCommand]:
    """Each with a key of its own."""
    return [msgspec.structs.replace(each, command_id=f"{prefix}{number}") for number, each in enumerate(commands, 1)]


SHARES = EQUITY.map(lambda terms: msgspec.structs.replace(terms, instrument="SAN"))
MONEY = st.sampled_from([LOANS, FLOATING, FLOATING]).flatmap(lambda kind: kind).map(
    lambda terms: msgspec.structs.replace(terms, start_date=DAY)
)
COMPANIES = st.tuples(EQUITY, st.sampled_from(["SAN", "SAN", "AXA", "ETF"])).map(
    lambda both: msgspec.structs.replace(both[0], instrument=both[1])
)
_FOCUS = {
    "anything": st.one_of(TERMS, TERMS, TERMS, SWAPS), "one position": SHARES, "companies": COMPANIES, "money": MONEY,
}
_POOLS = (TRADES, *(tuple(f"T{len(BOOKS) * number + place}" for number in range(1, 12)) for place in range(len(BOOKS))))


@lru_cache
def _kinds(
    pool: tuple[str, ...], focus: str, moments: st.SearchStrategy[datetime | None], *, surroundings: bool
) -> st.SearchStrategy[Any]:
    trade_ids, terms = st.sampled_from(pool), _FOCUS[focus]
    known = st.sampled_from([*pool * 9, *(name for trade_id in pool for name in offspring(trade_id))])
    revised = changes(known, terms=terms, effective_at=moments)
    became = becomings(known, effective_at=moments)
    kinds = [
        bookings(trade_ids, terms, moments), *[revised] * 4, *[became] * 3, compressions(pool),
        nettings(trade_ids, effective_at=moments),
    ]
    if focus == "money":
        kinds += [lendings(known, effective_at=moments)] * 9
    # Of equal strategies ``one_of`` takes one.
    return st.sampled_from([*kinds, *([_SURROUNDINGS] if surroundings else [])]).flatmap(lambda kind: kind)


def histories(
    most: int = 30, *, surroundings: bool = True, moments: st.SearchStrategy[datetime | None] = st.none() | MOMENTS,  # noqa: B008
) -> st.SearchStrategy[list[AnyCommand]]:
    """The first trades are booked, then anything comes, mostly about them: in several books or in one, where all may be
    one position. As often long as short. A time that is not said is that of the clock.
    """

    def history(pool: tuple[str, ...], focus: str, booked: int, length: int) -> st.SearchStrategy[list[AnyCommand]]:
        first = st.tuples(*(bookings(st.just(each), _FOCUS[focus], moments) for each in pool[:booked]))
        # What was lent is repaid, or rolled over, once it was paid out.
        paid = pool[:booked:2] if focus == "money" else ()
        then = st.tuples(*(about(SettleTrade, st.just(each), effective_at=moments) for each in paid))
        kinds = _kinds(pool[: booked + 1], focus, moments, surroundings=surroundings)
        later = st.lists(kinds, min_size=length, max_size=length)
        return st.tuples(first, then, later).map(lambda told: numbered([each for some in told for each in some]))

    focus = st.sampled_from(["anything", "one position", "one position", "companies", "money"])
    sizes = st.tuples(st.sampled_from(_POOLS), focus, st.integers(2, 9), st.integers(0, most))
    return sizes.flatmap(lambda chosen: history(*chosen))
