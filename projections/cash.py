"""Cash: what a book has, is to receive and is to pay, by currency."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import ClassVar

from domain.events import (
    AppliedEvent,
    PenaltyBooked,
    SettlementEvent,
    StatusEvent,
    TermsReplaced,
    TradeBooked,
    TradeEnded,
    TradeEvent,
    TransferEvent,
    VariationMarginSettled,
)
from domain.events.products import OptionEvent
from domain.events.trades import PAIRS, Economics
from domain.money import ZERO
from domain.schema import Recorded
from projections.action_movements import following_ids, own_ids, position_ids
from projections.postings import Posting
from projections.projection import Document, View, nothing_new


class Cash(Document, kw_only=True):
    """All in ``currency``; ``payable`` is positive, ``fees`` is what trades cost so far, ``penalties`` what
    fails did: above zero what we got.
    """

    book: str
    desk: str
    entity: str
    currency: str
    settled: Decimal = ZERO
    receivable: Decimal = ZERO
    payable: Decimal = ZERO
    fees: Decimal = ZERO
    penalties: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """By trade date: what there will be when all has settled."""
        return self.settled + self.receivable - self.payable


CASH_ACCOUNTS = (
    "Assets:Nostro", "Assets:CashReceivable:", "Assets:DividendReceivable:", "Liabilities:CashPayable:",
    "Liabilities:DividendPayable:", "Expense:Fees:", "Expense:Penalties", "Income:Penalties",
)


class CashBalances:
    """Both currencies of a pair move; a loan's interest is cash when it is paid, and what a corporate action brings is
    receivable before it is paid.
    """

    name = "cash"
    version = 5
    needs: ClassVar[tuple[str, ...]] = ("positions",)
    appends = False
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("book", "currency", "desk")
    document_type = Cash

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        # Most events are bookings: they are not to pay for the others.
        if type(fact) is TradeBooked:
            return _ids(fact.terms)
        if isinstance(fact, AppliedEvent):
            books = dict.fromkeys(each.partition("/")[0] for each in position_ids(fact))
            return [f"{book}/{fact.action.currency}" for book in books]
        if isinstance(fact, VariationMarginSettled | TransferEvent):
            of = fact.moved if isinstance(fact, TransferEvent) else fact
            return (f"{of.book}/{of.currency}",)
        if not isinstance(fact, TradeEvent) or isinstance(fact, StatusEvent | OptionEvent):
            return ()
        if isinstance(fact, TermsReplaced):
            return tuple(dict.fromkeys((*_ids(fact.previous), *_ids(fact.terms))))
        return _ids(fact.terms)

    def project(self, key: str, document: Cash | None, event: Recorded, view: View) -> Cash | None:
        fact = event.event
        if isinstance(fact, AppliedEvent):
            book = key.partition("/")[0] + "/"
            return _act(key, document, [each for each in position_ids(fact) if each.startswith(book)], event, view)
        if isinstance(fact, TransferEvent):
            return _act(key, document, (*own_ids(fact), *following_ids(fact)), event, view)
        if isinstance(fact, VariationMarginSettled):
            return _margin(key, document, fact)
        assert isinstance(fact, TradeEvent)
        terms, currency = fact.terms, key.rpartition("/")[2]
        cash = document.copy() if document else Cash(
            id=key, book=terms.book, desk=terms.desk, entity=terms.entity, currency=currency
        )
        if type(fact) is TradeBooked:
            _expect(cash, terms, 1)
        elif isinstance(fact, SettlementEvent):
            _settle(cash, fact)
        elif isinstance(fact, TradeEnded):
            _expect(cash, terms, -1)
        elif isinstance(fact, PenaltyBooked):
            _charge(cash, fact)
        elif isinstance(fact, TermsReplaced):
            _expect(cash, fact.previous, -1)
            _expect(cash, terms, 1)
        return _act(key, cash, (*own_ids(fact), *following_ids(fact)), event, view) or cash


def add_posting(cash: Cash, posting: Posting) -> None:
    """Adds what is posted to one of the ``CASH_ACCOUNTS``."""
    if posting.account == "Assets:Nostro":
        cash.settled += posting.quantity
    elif posting.account.startswith("Assets:"):
        cash.receivable += posting.quantity
    elif posting.account.startswith("Liabilities:"):
        cash.payable -= posting.quantity
    elif posting.account.startswith("Expense:Fees:"):
        cash.fees += posting.quantity
    else:
        cash.penalties -= posting.quantity


def _act(key: str, cash: Cash | None, names: Iterable[str], event: Recorded, view: View) -> Cash | None:
    """The cash with what the event changed of what corporate actions brought to positions; None when that is nothing.
    """
    currency, found = key.rpartition("/")[2], None
    for name in dict.fromkeys(names):
        position = view.get("positions", name)
        if position is None or not position.actions_change or position.sequence != event.sequence:
            continue
        if found is None:
            found = cash.copy() if cash else Cash(
                id=key, book=position.book, desk=position.desk, entity=position.entity, currency=currency
            )
        for posting in position.actions_change:
            if posting.asset == currency and posting.account.startswith(CASH_ACCOUNTS):
                add_posting(found, posting)
    return found


def _ids(terms: Economics) -> tuple[str, ...]:
    if terms.product in PAIRS:
        return (f"{terms.book}/{terms.asset}", f"{terms.book}/{terms.currency}")
    return (f"{terms.book}/{terms.currency}",)


def _legs(terms: Economics) -> Iterator[tuple[str, Decimal]]:
    yield terms.currency, terms.amount - terms.total_fees
    if terms.product in PAIRS:
        yield terms.asset, terms.quantity


def _expect(cash: Cash, terms: Economics, sign: int) -> None:
    for currency, amount in _legs(terms):
        if currency == cash.currency:
            _move(cash, amount, amount if sign > 0 else -amount)
    if terms.fees and not terms.fees_in_cost and terms.currency == cash.currency:
        cash.fees += sign * terms.total_fees


def _settle(cash: Cash, fact: SettlementEvent) -> None:
    moved = dict.fromkeys((cash.currency,), ZERO)
    moved[fact.terms.currency] = fact.amount
    if fact.terms.product in PAIRS:
        moved[fact.terms.asset] = fact.quantity
    cash.settled += moved[cash.currency]
    if fact.leg == "start":
        for currency, amount in _legs(fact.terms):
            if currency == cash.currency:
                _move(cash, amount, -moved[currency])


def _margin(key: str, document: Cash | None, fact: VariationMarginSettled) -> Cash:
    """The clearing house takes and gives at once."""
    cash = document.copy() if document else Cash(
        id=key, book=fact.book, desk=fact.desk, entity=fact.entity, currency=fact.currency
    )
    cash.settled += fact.amount
    return cash


def _charge(cash: Cash, fact: PenaltyBooked) -> None:
    """The depository takes and gives penalties without being asked."""
    if cash.currency == fact.terms.currency:
        cash.settled += fact.amount
        cash.penalties += fact.amount


def _move(cash: Cash, whole: Decimal, change: Decimal) -> None:
    """Changes what is receivable or payable, whichever the whole amount is."""
    if whole > 0:
        cash.receivable += change
    else:
        cash.payable -= change
