"""Trades in every product that is simply booked, and those in which something goes wrong."""

from decimal import Decimal

from msgspec.structs import replace

from api.generator.changes import Changes
from api.generator.dealing import Dealer
from api.generator.instruments import RESTRICTED
from api.generator.issuers import PLAIN_DIVIDENDS
from api.generator.referential import CENT, EQUITIES, MOST_SHARES
from api.generator.terms import bond, equity, future, fx, loan
from domain.commands import BookTrade, EquityTerms


class Bookings:
    """Something may happen to those that are kept among the ``changes``."""

    def __init__(self, dealer: Dealer, changes: Changes) -> None:
        self._dealer = dealer
        self._changes = changes

    def late(self) -> BookTrade:
        """One of the first day that becomes known only now: it is entitled as if it had been known then."""
        dealer, first = self._dealer, self._dealer.shape
        return dealer.shares(
            dealer.random.choice(EQUITIES), PLAIN_DIVIDENDS, trade_date=first.day, effective_at=first.opening
        )

    def next(self) -> BookTrade:
        dealer, shape, world = self._dealer, self._dealer.shape, self._dealer.world
        chance = dealer.random.random()
        for share, desk, terms in (
            (shape.fx_share, "FX", lambda: fx(dealer.random, world)),
            (shape.loan_share, "MONEY-MARKET", lambda: loan(dealer.random, dealer.today)),
            (shape.bond_share, "BONDS", lambda: bond(dealer.random, world)),
            (shape.future_share, "DERIVATIVES", lambda: future(dealer.random, world)),
            (shape.fund_share, dealer.random.choice(EQUITIES),
             lambda: equity(dealer.random, world, world.funds, "buy")),
        ):
            if chance < share:
                return self._keep(dealer.book(desk, terms()))
            chance -= share
        return self._equity()

    def _equity(self) -> BookTrade:
        dealer, shape, world = self._dealer, self._dealer.shape, self._dealer.world
        desk = dealer.random.choice(EQUITIES)
        terms = equity(dealer.random, world, world.shares)
        if dealer.happens(shape.off_market):
            price = (terms.price * Decimal("1.12")).quantize(CENT)
            return self._keep(dealer.book(desk, replace(terms, price=price)))
        if dealer.happens(shape.unknown):
            return dealer.book(desk, terms, counterparty="CP-NONE")
        if dealer.happens(shape.restricted):
            return dealer.book(desk, replace(terms, instrument=RESTRICTED))
        if dealer.happens(shape.oversized):
            return dealer.book(desk, replace(terms, quantity=Decimal(MOST_SHARES + 1)))
        if dealer.happens(shape.washed):
            return self._keep(self._washed(desk, terms))
        return self._keep(dealer.book(desk, terms))

    def _washed(self, desk: str, terms: EquityTerms) -> BookTrade:
        first, second = self._dealer.random.sample(self._dealer.world.desk_books(desk), 2)
        washed: BookTrade = self._dealer.book(desk, terms, book=first, contra_book=second)
        return replace(washed, execution_id=f"X-{washed.trade_id}")

    def _keep(self, trade: BookTrade) -> BookTrade:
        self._changes.keep(trade)
        return trade
