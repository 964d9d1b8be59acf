"""Cash: what a book has, is to receive and is to pay, by currency."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import ClassVar

from domain.events import (
    AppliedEvent,
    SettlementEvent,
    SettlementFailed,
    TradeAffirmed,
    TradeAmended,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEvent,
)
from domain.events.trades import Economics
from domain.money import ZERO
from domain.schema import Recorded
from projections.accounts import position_id
from projections.action_movements import position_ids
from projections.journal import Posting
from projections.projection import Document, View


class Cash(Document, kw_only=True):
    """All in ``currency``; ``payable`` is positive, ``fees`` is what trades cost so far."""

    book: str
    desk: str
    entity: str
    currency: str
    settled: Decimal = ZERO
    receivable: Decimal = ZERO
    payable: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """By trade date: what there will be when all has settled."""
        return self.settled + self.receivable - self.payable


CASH_ACCOUNTS = (
    "Assets:Nostro", "Assets:CashReceivable:", "Assets:DividendReceivable:", "Liabilities:CashPayable:",
    "Liabilities:DividendPayable:", "Expense:Fees:",
)


class CashBalances:
    """Both currencies of a pair move; a loan's interest is cash when it is paid, and what a corporate action brings is
    receivable before it is paid.
    """

    name = "cash"
    version = 2
    needs: ClassVar[tuple[str, ...]] = ("positions",)
    appends = False
    columns: ClassVar[tuple[str, ...]] = ("book", "currency", "desk")
    document_type = Cash

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        # Most events are bookings: they are not to pay for the others.
        if type(fact) is TradeBooked:
            return _ids(fact.terms)
        if isinstance(fact, AppliedEvent):
            return [f"{each.partition('/')[0]}/{fact.action.currency}" for each in position_ids(fact)]
        if not isinstance(fact, TradeEvent) or isinstance(fact, TradeAffirmed | SettlementFailed):
            return ()
        if isinstance(fact, TradeAmended | TradeCorrected):
            return tuple(dict.fromkeys((*_ids(fact.previous), *_ids(fact.terms))))
        return _ids(fact.terms)

    def project(self, key: str, document: Cash | None, event: Recorded, view: View) -> Cash | None:
        fact = event.event
        if isinstance(fact, AppliedEvent):
            cash = document.copy() if document else None
            return _act(cash, [f"{key.partition('/')[0]}/{fact.instrument}"], view) if cash else None
        assert isinstance(fact, TradeEvent)
        terms, currency = fact.terms, key.rpartition("/")[2]
        cash = document.copy() if document else Cash(
            id=key, book=terms.book, desk=terms.desk, entity=terms.entity, currency=currency
        )
        if type(fact) is TradeBooked:
            _expect(cash, terms, 1)
        elif isinstance(fact, SettlementEvent):
            _settle(cash, fact)
        elif isinstance(fact, TradeCancelled):
            _expect(cash, terms, -1)
        elif isinstance(fact, TradeAmended | TradeCorrected):
            _expect(cash, fact.previous, -1)
            _expect(cash, terms, 1)
        return _act(cash, _positions(fact), view)


def add_posting(cash: Cash, posting: Posting) -> None:
    """Adds what is posted to one of the ``CASH_ACCOUNTS``."""
    if posting.account == "Assets:Nostro":
        cash.settled += posting.quantity
    elif posting.account.startswith("Assets:"):
        cash.receivable += posting.quantity
    elif posting.account.startswith("Liabilities:"):
        cash.payable -= posting.quantity
    else:
        cash.fees += posting.quantity


def _act(cash: Cash, positions: Iterable[str], view: View) -> Cash:
    """What the event changed of what corporate actions brought to these positions."""
    for name in positions:
        position = view.get("positions", name)
        for posting in position.actions_change if position is not None else ():
            if posting.asset == cash.currency and posting.account.startswith(CASH_ACCOUNTS):
                add_posting(cash, posting)
    return cash


def _positions(fact: TradeEvent) -> Iterable[str]:
    if isinstance(fact, TradeAmended | TradeCorrected):
        return dict.fromkeys((position_id(fact.previous), position_id(fact.terms)))
    return (position_id(fact.terms),)


def _ids(terms: Economics) -> tuple[str, ...]:
    if terms.product == "fx-spot":
        return (f"{terms.book}/{terms.asset}", f"{terms.book}/{terms.currency}")
    return (f"{terms.book}/{terms.currency}",)


def _legs(terms: Economics) -> Iterator[tuple[str, Decimal]]:
    yield terms.currency, terms.amount - terms.total_fees
    if terms.product == "fx-spot":
        yield terms.asset, terms.quantity


def _expect(cash: Cash, terms: Economics, sign: int) -> None:
    for currency, amount in _legs(terms):
        if currency == cash.currency:
            _move(cash, amount, amount if sign > 0 else -amount)
    if terms.fees and terms.currency == cash.currency:
        cash.fees += sign * terms.total_fees


def _settle(cash: Cash, fact: SettlementEvent) -> None:
    moved = dict.fromkeys((cash.currency,), ZERO)
    moved[fact.terms.currency] = fact.amount
    if fact.terms.product == "fx-spot":
        moved[fact.terms.asset] = fact.quantity
    cash.settled += moved[cash.currency]
    if fact.leg == "start":
        for currency, amount in _legs(fact.terms):
            if currency == cash.currency:
                _move(cash, amount, -moved[currency])


def _move(cash: Cash, whole: Decimal, change: Decimal) -> None:
    """Changes what is receivable or payable, whichever the whole amount is."""
    if whole > 0:
        cash.receivable += change
    else:
        cash.payable -= change
