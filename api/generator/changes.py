"""What happens to the trades that were dealt last: agreed changes, mistakes, cancellations and settlements."""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from api.generator.dealing import Dealer
from api.generator.instruments import MARKET_OF
from domain.commands import (
    AffirmTrade,
    AmendTrade,
    AnyCommand,
    BondTerms,
    BookTrade,
    CancelTrade,
    CorrectTrade,
    EquityTerms,
    FailSettlement,
    FutureTerms,
    FxSpotTerms,
    FxSwapTerms,
    LoanTerms,
    SettleTrade,
)

REMEMBERED = 2_000
SHORTER = ("XNYS", "XNAS")
"""Markets that settle a day sooner."""
LARGER = {FutureTerms: Decimal(1), BondTerms: Decimal(100_000)}


class Changes:
    """To each of the latest trades something happens at most once in a while. What is left of them on the first day is
    ``due`` later.
    """

    def __init__(self, dealer: Dealer) -> None:
        self._dealer = dealer
        self._open: deque[BookTrade] = deque(maxlen=REMEMBERED)
        self._due: dict[int, list[BookTrade]] = {}

    def keep(self, trade: BookTrade) -> None:
        # The legs of a swap change together.
        if not isinstance(trade.terms, FxSwapTerms):
            self._open.append(trade)

    def after(self, booking: BookTrade) -> Iterator[AnyCommand]:
        """What happens once ``booking`` is there: a counterparty affirms what it has just been sent."""
        dealer, shape = self._dealer, self._dealer.shape
        if self._open and self._open[-1] is booking and dealer.happens(shape.affirmed):
            yield dealer.of(AffirmTrade, booking)
        for share, change in (
            (shape.amended, self._amend), (shape.corrected, self._correct), (shape.cancelled, self._cancel),
            (shape.settled, self._settle), (shape.partly_settled, self._settle_part), (shape.failed, self._fail),
        ):
            if self._open and dealer.happens(share):
                command = change(dealer.random.choice(self._open))
                if command is not None:
                    yield command

    def end_first_day(self) -> None:
        """What is left settles by the cycle of its market; what was dealt before is not changed any more."""
        self._due = {1: [], 2: []}
        for trade in self._open:
            if isinstance(trade.terms, EquityTerms | BondTerms):
                self._due[1 if MARKET_OF[trade.terms.instrument] in SHORTER else 2].append(trade)
            elif isinstance(trade.terms, FxSpotTerms):
                self._due[2].append(trade)
        self._open.clear()

    def due(self, day: int) -> Iterator[AnyCommand]:
        """A share of what is due on one of the days settles on it."""
        trades, dealer = self._due.get(day, []), self._dealer
        most = min(len(trades), int(dealer.shape.trades * dealer.shape.settled))
        for trade in dealer.random.sample(trades, most):
            yield dealer.of(SettleTrade, trade)

    def _amend(self, trade: BookTrade) -> AnyCommand:
        return self._dealer.of(AmendTrade, trade, terms=_grown(trade.terms))

    def _correct(self, trade: BookTrade) -> AnyCommand:
        return self._dealer.of(CorrectTrade, trade, terms=_grown(trade.terms), reason="quantity was misread")

    def _cancel(self, trade: BookTrade) -> AnyCommand:
        self._open.remove(trade)
        return self._dealer.of(CancelTrade, trade, reason="busted by the venue")

    def _settle(self, trade: BookTrade) -> AnyCommand:
        self._open.remove(trade)
        return self._dealer.of(SettleTrade, trade)

    def _settle_part(self, trade: BookTrade) -> AnyCommand | None:
        if not isinstance(trade.terms, EquityTerms) or trade.terms.quantity < 2:
            return None
        self._open.remove(trade)
        return self._dealer.of(SettleTrade, trade, quantity=trade.terms.quantity // 2)

    def _fail(self, trade: BookTrade) -> AnyCommand | None:
        """Only what is due fails: of what was dealt today, money."""
        if not isinstance(trade.terms, LoanTerms):
            return None
        return self._dealer.of(FailSettlement, trade, cause="cash", reason="the account was short")


def _grown(terms: Any) -> Any:
    """A little more than was agreed at first."""
    if isinstance(terms, LoanTerms):
        return replace(terms, principal=terms.principal + 1000)
    return replace(terms, quantity=terms.quantity + LARGER.get(type(terms), Decimal(10)))


