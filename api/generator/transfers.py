"""Funds that one book builds up for another, and hands over to it."""

from collections.abc import Iterator
from decimal import Decimal

from api.generator.dealing import Dealer
from api.generator.referential import EQUITIES
from api.generator.terms import equity
from domain.commands import AnyCommand, BookTrade, EquityTerms, SetLimit, TransferPosition
from domain.commands.lots import MovedLot

HOLDING = (*EQUITIES, "DERIVATIVES", "BONDS")
"""The desks that take funds."""


def handed_over(dealer: Dealer, count: int) -> Iterator[AnyCommand]:
    """So many purchases, then all of what was bought, or a part, goes to another book of the legal entity. What goes
    together waits until all of it has arrived: no book both sends and receives one fund, nor receives it from two.
    """
    trades = list(_built_up(dealer, count))
    yield from trades
    for trade in trades:
        dealer.wait()
        yield _transfer(dealer, trade)


def refused(dealer: Dealer) -> Iterator[AnyCommand]:
    """A transfer into a book that may not take it on, which comes back."""
    (trade,) = _built_up(dealer, 1)
    yield trade
    dealer.wait()
    transfer = _transfer(dealer, trade)
    limit = {"book": transfer.to_book, "kind": "position-quantity", "instrument": transfer.instrument}
    yield dealer.command(SetLimit, **limit, amount=Decimal(1))
    yield transfer
    yield dealer.command(SetLimit, **limit)


def _built_up(dealer: Dealer, count: int) -> Iterator[BookTrade]:
    """Purchases of funds, each of them by one book: nobody sells any, so that every lot is open."""
    funds = dealer.world.funds
    senders = {name: _sender(dealer) for name in funds}
    for number in range(count):
        name = funds[number % len(funds)]
        terms = equity(dealer.random, dealer.world, [name], "buy")
        yield dealer.book(dealer.world.books[senders[name]], terms, book=senders[name])


def _sender(dealer: Dealer) -> str:
    """A book whose lots have names: those of an average have none."""
    books = [each for desk in EQUITIES for each in dealer.world.desk_books(desk)]
    return dealer.random.choice([each for each in books if dealer.world.is_fifo(each)])


def _transfer(dealer: Dealer, trade: BookTrade) -> TransferPosition:
    terms = trade.terms
    others = [each for each in dealer.world.books_beside(trade.book) if dealer.world.books[each] in HOLDING]
    assert isinstance(terms, EquityTerms)
    quantity = dealer.some_of(terms.quantity) if dealer.happens(0.3) else terms.quantity
    lot = MovedLot(
        trade_id=trade.trade_id, trade_date=trade.trade_date, quantity=quantity, cost=quantity * terms.price
    )
    return TransferPosition(
        **dealer.said(), transfer_id=f"M-{trade.trade_id}", book=trade.book, to_book=dealer.random.choice(others),
        instrument=terms.instrument, transfer_date=dealer.today, quantity=quantity, lots=(lot,),
    )
