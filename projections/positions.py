"""Positions: holdings of an instrument in a book, by trade date and settled, with lots, cost and realised profit."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import ClassVar

from domain.commands.reference import LotMethod
from domain.events import (
    PenaltyBooked,
    SettlementEvent,
    StatusEvent,
    TermsReplaced,
    TradeBooked,
    TradeEnded,
    TradeEvent,
)
from domain.events.trades import Economics, Product
from domain.money import ZERO
from domain.schema import Recorded
from projections.accounts import position_id
from projections.lots import EMPTY, Fill, Holding, Lot, Place, add, fold
from projections.movements import TRADING, Held, Movement
from projections.projection import Document, View


class Position(Document, kw_only=True):
    """``quantity`` by trade date, ``settled`` of it; ``realised`` before ``fees`` and ``income`` (interest), all three
    in ``currency``. ``issuer`` is empty for loans, which may be to several. ``realised_change`` is what the last event
    changed of ``realised``: the journal posts it.
    """

    book: str
    instrument: str
    desk: str
    entity: str
    product: Product
    asset: str
    currency: str
    issuer: str
    base_currency: str
    lot_method: LotMethod
    quantity: Decimal = ZERO
    settled: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    income: Decimal = ZERO
    lots: tuple[Lot, ...] = ()
    trades: int = 0
    realised_change: Decimal = ZERO
    last_place: Place | None = None

    @property
    def in_flight(self) -> Decimal:
        """What was traded and has not settled."""
        return self.quantity - self.settled

    @property
    def holding(self) -> Holding:
        return Holding(self.quantity, self.cost, self.realised, self.lots)


class Positions:
    """A booking that comes last in its position is added to what is there; whatever comes in between (back-dated,
    amended, corrected, cancelled) folds the position's movements again from the first.
    """

    name = "positions"
    version = 2
    needs: ClassVar[tuple[str, ...]] = ("movements",)
    appends = False
    columns: ClassVar[tuple[str, ...]] = ("book", "instrument", "desk")
    document_type = Position

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        # Most events are bookings: they are not to pay for the others.
        if type(fact) is TradeBooked:
            return (position_id(fact.terms),)
        if not isinstance(fact, TradeEvent) or isinstance(fact, StatusEvent | PenaltyBooked):
            return ()
        key = position_id(fact.terms)
        if isinstance(fact, TermsReplaced) and position_id(fact.previous) != key:
            return (position_id(fact.previous), key)
        return (key,)

    def project(self, key: str, document: Position | None, event: Recorded, view: View) -> Position | None:
        fact = event.event
        assert isinstance(fact, TradeEvent)
        position = document.copy() if document else _empty(key, fact.terms)
        if type(fact) is TradeBooked:
            _book(position, fact, view)
        elif isinstance(fact, SettlementEvent):
            _settle(position, fact)
        else:
            _revise(position, fact, view)
        return position


def _empty(key: str, terms: Economics) -> Position:
    return Position(
        id=key, book=terms.book, instrument=terms.instrument, desk=terms.desk, entity=terms.entity,
        product=terms.product, asset=terms.asset, currency=terms.currency,
        issuer=terms.issuer if terms.loan is None else "",
        base_currency=terms.base_currency, lot_method=terms.lot_method,
    )


def _book(position: Position, fact: TradeBooked, view: View) -> None:
    terms = fact.terms
    position.trades += 1
    if terms.fees:
        position.fees += terms.total_fees
    if terms.loan is not None:
        _lend(position, terms.quantity)
        return
    place = (terms.trade_date, TRADING, terms.executed_at, fact.trade_id)
    if terms.parts or (position.last_place is not None and place < position.last_place):
        _fold_again(position, view)
        return
    _hold(position, add(position.holding, Fill(place, terms.quantity, terms.price), position.lot_method))
    position.last_place = place


def _revise(position: Position, fact: TradeEvent, view: View) -> None:
    """Takes the old terms out and the new ones in, as far as they belong to this position."""
    for terms, sign in _replaced(fact):
        if position_id(terms) != position.id:
            continue
        position.trades += sign
        position.fees += sign * terms.total_fees
        if terms.loan is not None:
            _lend(position, sign * terms.quantity)
    if position.product != "loan-deposit":
        _fold_again(position, view)


def _replaced(fact: TradeEvent) -> list[tuple[Economics, int]]:
    if isinstance(fact, TermsReplaced):
        return [(fact.previous, -1), (fact.terms, 1)]
    assert isinstance(fact, TradeEnded)
    return [(fact.terms, -1)]


def _fold_again(position: Position, view: View) -> None:
    found: Iterable[Movement] = view.scan("movements", position.id + "/")
    fills = sorted((fill_of(each) for each in found if each.is_live and each.is_fill), key=_place)
    _hold(position, fold(fills, position.lot_method, EMPTY))
    position.last_place = fills[-1].place if fills else None


def fill_of(movement: Held) -> Fill:
    """What a movement adds to the lots."""
    return Fill(movement.place, movement.quantity, movement.price)


def _place(fill: Fill) -> Place:
    return fill.place


def _hold(position: Position, holding: Holding) -> None:
    position.realised_change = holding.realised - position.realised
    position.quantity, position.cost = holding.quantity, holding.cost
    position.realised, position.lots = holding.realised, holding.lots


def _lend(position: Position, quantity: Decimal) -> None:
    """Money lent or taken is a holding at par that realises nothing."""
    position.quantity += quantity
    position.cost = position.quantity
    position.realised_change = ZERO


def _settle(position: Position, fact: SettlementEvent) -> None:
    position.realised_change = ZERO
    position.settled += fact.quantity
    if fact.leg == "maturity":
        _lend(position, fact.quantity)
        position.income += fact.quantity + fact.amount
