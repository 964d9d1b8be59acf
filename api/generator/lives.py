"""What becomes of trades that are followed: they are split, handed over, put together, changed or ended."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from api.generator.dealing import Dealer
from api.generator.referential import EQUITIES
from api.generator.terms import fx_spot, loan, near
from domain.commands import (
    AllocateBlock,
    Allocation,
    AnyCommand,
    BookTrade,
    CompressTrades,
    DecreaseTrade,
    EquityTerms,
    IncreaseTrade,
    LoanTerms,
    NovateTrade,
    ReallocateBlock,
    TerminateTrade,
)

Steps = Iterator[AnyCommand | date]
"""Commands one after another, and days until which nothing happens. None rests on what is in another book."""
MOST_BOOKINGS = 3


class Life(NamedTuple):
    """The trades that it begins with, and what follows."""

    bookings: Sequence[BookTrade]
    steps: Steps


Begin = Callable[[Dealer], Life]


def allocated(dealer: Dealer) -> Life:
    """A block for accounts of its book: those of other books may be in another log, and are moved there afterwards."""
    block = dealer.shares(dealer.random.choice(EQUITIES))
    return Life([block], _allocated(dealer, block))


def _allocated(dealer: Dealer, block: BookTrade) -> Steps:
    yield dealer.of(AllocateBlock, block, allocations=_accounts(block, "A", ("50", "30", "20")))
    if dealer.happens(0.5):
        yield dealer.of(ReallocateBlock, block, allocations=_accounts(block, "B", ("70", "30")))


def _accounts(block: BookTrade, letter: str, shares: Sequence[str]) -> tuple[Allocation, ...]:
    return tuple(
        Allocation(
            trade_id=f"{block.trade_id}-{letter}{number}", book=block.book, share=Decimal(share),
            account=f"ACCOUNT-{number}",
        )
        for number, share in enumerate(shares, 1)
    )


def novated(dealer: Dealer) -> Life:
    """Shares, currency or money, all of it or a part."""
    chance = dealer.random.random()
    if chance < 0.6:
        trade = dealer.shares(dealer.random.choice(EQUITIES))
    elif chance < 0.8:
        trade = dealer.book("FX", fx_spot(dealer.random, dealer.world))
    else:
        trade = dealer.book("MONEY-MARKET", loan(dealer.random, dealer.today))
    return Life([trade], _novated(dealer, trade, dealer.happens(0.5)))


def _novated(dealer: Dealer, trade: BookTrade, in_part: bool) -> Steps:
    others = [each for each in dealer.world.counterparties if each != trade.counterparty]
    whole = trade.terms.principal if isinstance(trade.terms, LoanTerms) else trade.terms.quantity
    yield dealer.of(
        NovateTrade, trade, new_trade_id=f"{trade.trade_id}-N", counterparty=dealer.random.choice(others),
        quantity=dealer.some_of(whole) if in_part else None,
    )


def compressed(dealer: Dealer) -> Life:
    trades = alike(dealer, MOST_BOOKINGS)
    return Life(trades, _compressed(dealer, trades))


def _compressed(dealer: Dealer, trades: Sequence[BookTrade]) -> Steps:
    last = trades[-1]
    yield dealer.of(
        CompressTrades, last, trade_id=f"{last.trade_id}-C", trade_ids=tuple(each.trade_id for each in trades)
    )


def alike(dealer: Dealer, count: int) -> list[BookTrade]:
    """Trades in shares of one book, instrument and counterparty."""
    first = dealer.shares(dealer.random.choice(EQUITIES))
    assert isinstance(first.terms, EquityTerms)
    others = [
        dealer.shares(
            dealer.world.books[first.book], [first.terms.instrument], book=first.book, trader=first.trader,
            counterparty=first.counterparty,
        )
        for _ in range(count - 1)
    ]
    return [first, *others]


def resized(dealer: Dealer) -> Life:
    """More of it is agreed, then less, and perhaps its end."""
    trade = dealer.shares(dealer.random.choice(EQUITIES))
    return Life([trade], _resized(dealer, trade))


def _resized(dealer: Dealer, trade: BookTrade) -> Steps:
    terms = trade.terms
    assert isinstance(terms, EquityTerms)
    more = {"quantity": Decimal(40), "price": _price(dealer, terms), "fees": {"broker": Decimal(1)}}
    yield dealer.of(IncreaseTrade, trade, **more)
    yield dealer.of(DecreaseTrade, trade, quantity=dealer.some_of(terms.quantity), price=_price(dealer, terms))
    if dealer.happens(0.5):
        amount = Decimal(dealer.random.randint(-500, 500))
        yield dealer.of(TerminateTrade, trade, amount=amount, reason="both sides agreed")


def _price(dealer: Dealer, terms: EquityTerms) -> Decimal:
    return near(dealer.random, dealer.world.prices[terms.instrument])
