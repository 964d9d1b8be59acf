"""How trades that are followed settle: instructed and matched, as one net, or late and at a price."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from api.generator.dealing import Dealer
from api.generator.lives import Life, Steps, alike
from api.generator.referential import EQUITIES
from domain.commands import (
    AffirmTrade,
    BookPenalty,
    BookTrade,
    BuyIn,
    CancelInstruction,
    DissolveNet,
    EquityTerms,
    FailSettlement,
    HoldSettlement,
    InstructSettlement,
    MatchSettlement,
    NetSettlements,
    ReleaseSettlement,
    ReportMismatch,
    SettleNet,
    SettleTrade,
)


def instructed(dealer: Dealer) -> Life:
    trade = dealer.shares(dealer.random.choice(EQUITIES))
    return Life([trade], _instructed(dealer, trade))


def _instructed(dealer: Dealer, trade: BookTrade) -> Steps:
    """It is affirmed and instructed, perhaps anew, and settles when all trades of its day do."""
    yield dealer.of(AffirmTrade, trade)
    yield dealer.of(InstructSettlement, trade, instruction=f"SI-{trade.trade_id}")
    if dealer.happens(0.3):
        yield dealer.of(ReportMismatch, trade, difference="their quantity is another")
        yield dealer.of(CancelInstruction, trade)
        yield dealer.of(InstructSettlement, trade, instruction=f"SI-{trade.trade_id}-2")
    yield dealer.of(MatchSettlement, trade)
    if dealer.happens(0.3):
        yield dealer.of(HoldSettlement, trade)
        yield dealer.of(ReleaseSettlement, trade)
    yield dealer.days[2]
    yield dealer.of(SettleTrade, trade)


def netted(dealer: Dealer) -> Life:
    trades = alike(dealer, 2)
    return Life(trades, _netted(dealer, trades))


def _netted(dealer: Dealer, trades: Sequence[BookTrade]) -> Steps:
    net: dict[str, Any] = {"net_id": f"NET-{trades[0].trade_id}", "book": trades[0].book}
    yield NetSettlements(**dealer.said(), **net, trade_ids=tuple(each.trade_id for each in trades))
    yield dealer.days[2]
    yield (DissolveNet if dealer.happens(0.2) else SettleNet)(**dealer.said(), **net)


def failing(dealer: Dealer) -> Life:
    trade = dealer.shares(dealer.random.choice(EQUITIES))
    return Life([trade], _failing(dealer, trade))


def _failing(dealer: Dealer, trade: BookTrade) -> Steps:
    """It costs a penalty each day, until it is bought in, or settles late; who sold is bought in by the other side."""
    terms = trade.terms
    assert isinstance(terms, EquityTerms)
    yield dealer.days[2]
    yield dealer.of(FailSettlement, trade, reason="securities were not there")
    yield dealer.days[3]
    yield dealer.of(BookPenalty, trade)
    if terms.side == "buy" and dealer.happens(0.6):
        dearer = (terms.price * Decimal("1.01")).quantize(terms.price)
        yield dealer.of(BuyIn, trade, price=dearer)
    else:
        yield dealer.of(SettleTrade, trade)

