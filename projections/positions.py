"""Positions: holdings of an instrument in a book, by trade date and settled, with lots, cost and realised profit."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import ClassVar, TypeVar

from domain.commands.contracts import Contract
from domain.commands.reference import LotMethod
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
    TransferSent,
    VariationMarginSettled,
)
from domain.events.products import OptionEvent, RateFixed
from domain.events.trades import Economics, Product, multiplier_of
from domain.events.transfers import Moved
from domain.money import ONE, ZERO
from domain.schema import Recorded
from projections import lending
from projections.accounts import held_as, position_id
from projections.action_movements import following_ids, own_ids, position_ids
from projections.corporate_actions import changed
from projections.lending import Loans
from projections.lots import Fill, Holding, Lot, Place, add
from projections.movements import TRADING, WITHOUT_LOTS, Held, Movement, beyond_price
from projections.postings import Posting
from projections.projection import Document, View, nothing_new
from projections.steps import ACTING, Run, Succeeds, is_without_coupon, later_of
from projections.successions import Elsewhere, Successions, last_change, once

M = TypeVar("M", bound=Held)


class Position(Document, kw_only=True):
    """``quantity`` by trade date, ``settled`` of it; ``realised`` before ``fees``, ``penalties`` (above zero what we
    got for fails) and ``income`` (interest, dividends and coupons, without the ``tax`` withheld), all in
    ``currency``; with ``fees_in_cost`` the fees are in the ``cost`` instead. ``issuer`` is empty for loans, which
    may be to several: ``loans`` are those that are open. ``units`` is how many units of now one of the beginning
    is, and ``kept`` what part of the worth of one was not spun off since. ``gone_ex`` is when a coupon did last.
    ``by_actions`` is what corporate actions have put into each account. ``realised_change`` and ``actions_change``
    are what the last event changed of ``realised`` and of these: the journal posts it. ``substituted`` is how much was
    to close, or to move to another book, lots by name that were not there: it took others, or opened new ones.
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
    fees_in_cost: bool = False
    contract: Contract | None = None
    quantity: Decimal = ZERO
    settled: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    penalties: Decimal = ZERO
    income: Decimal = ZERO
    tax: Decimal = ZERO
    units: Decimal = ONE
    kept: Decimal = ONE
    gone_ex: date | None = None
    lots: tuple[Lot, ...] = ()
    loans: Loans = ()
    substituted: Decimal = ZERO
    trades: int = 0
    realised_change: Decimal = ZERO
    by_actions: tuple[Posting, ...] = ()
    actions_change: tuple[Posting, ...] = ()
    last_place: Place | None = None

    @property
    def multiplier(self) -> Decimal:
        """How many times its price one unit is worth."""
        return multiplier_of(self.contract)

    @property
    def in_flight(self) -> Decimal:
        """What was traded and has not settled."""
        return self.quantity - self.settled

    @property
    def holding(self) -> Holding:
        return Holding(self.quantity, self.cost, self.realised, self.lots, self.substituted)


class Positions:
    """A booking that comes last in its position is added to what is there; whatever comes in between (back-dated,
    amended, corrected, cancelled) folds the position's movements again from the first, and so do the positions that
    rest on it by corporate actions.
    """

    name = "positions"
    version = 8
    needs: ClassVar[tuple[str, ...]] = ("movements",)
    appends = False
    is_new = nothing_new
    columns: ClassVar[tuple[str, ...]] = ("book", "instrument", "desk")
    document_type = Position

    def keys(self, event: Recorded) -> Sequence[str]:
        fact = event.event
        # Most events are bookings: they are not to pay for the others.
        if type(fact) is TradeBooked:
            own = (position_id(fact.terms),)
            return tuple(dict.fromkeys((*own, *following_ids(fact)))) if fact.onward or fact.actions else own
        if isinstance(fact, AppliedEvent):
            return position_ids(fact)
        if isinstance(fact, VariationMarginSettled):
            return (f"{fact.book}/{fact.instrument}",)
        if isinstance(fact, TransferEvent):
            return tuple(dict.fromkeys((position_id(fact.moved), *following_ids(fact))))
        if not isinstance(fact, TradeEvent) or _is_quiet(fact):
            return ()
        return tuple(dict.fromkeys((*own_ids(fact), *following_ids(fact))))

    def project(self, key: str, document: Position | None, event: Recorded, view: View) -> Position | None:
        fact = event.event
        if isinstance(fact, VariationMarginSettled):
            return _margin(document, fact)
        if isinstance(fact, AppliedEvent) or key not in own_ids(fact):
            return _follow(key, document, event, view)
        if isinstance(fact, TransferEvent):
            return _transfer(document.copy() if document else empty_of(fact.moved), fact, view)
        assert isinstance(fact, TradeEvent)
        position = document.copy() if document else empty_of(fact.terms)
        position.actions_change = ()
        if type(fact) is TradeBooked:
            _book(position, fact, view)
        elif isinstance(fact, SettlementEvent):
            _settle(position, fact)
        elif isinstance(fact, PenaltyBooked):
            position.penalties, position.realised_change = position.penalties + fact.amount, ZERO
        elif isinstance(fact, RateFixed):
            position.realised_change = ZERO
            position.loans = lending.fixed(position.loans, fact.trade_id, fact.fixing, position.currency)
        elif isinstance(fact, OptionEvent):
            position.settled += fact.quantity
            _fold_again(position, _elsewhere(view))
        else:
            _revise(position, fact, view)
        return position


def empty_of(of: Economics | Moved | Held) -> Position:
    """The position that terms or a movement are of, as if nothing were held."""
    return Position(
        id=f"{of.book}/{of.instrument}", book=of.book, instrument=of.instrument, desk=of.desk, entity=of.entity,
        product=of.product if isinstance(of, Held) else held_as(of), contract=getattr(of, "contract", None),
        asset=of.asset, currency=of.currency, issuer=of.issuer if of.product != "loan-deposit" else "",
        base_currency=of.base_currency, lot_method=of.lot_method, fees_in_cost=of.fees_in_cost,
    )


def run_through(position: Position, movements: Sequence[M], succeeds: Succeeds) -> Run[M]:
    """Gives a position what ``movements``, which are in their order, come to; all but fees, penalties and the number of
    trades."""
    run = Run[M](position.lot_method, succeeds)
    position.settled = position.income = position.tax = ZERO
    position.last_place = None
    run_on(position, run, movements)
    return run


def run_on(position: Position, run: Run[M], movements: Sequence[M]) -> None:
    """Gives a position what comes after all that was run through."""
    for _, _, settled, income, tax, _ in run.take(movements):
        position.settled += settled
        position.income += income
        position.tax += tax
    holding = run.holding
    position.quantity, position.cost = holding.quantity, holding.cost
    position.realised, position.lots = holding.realised, holding.lots
    position.substituted = holding.substituted
    position.units, position.kept, position.loans, position.gone_ex = run.units, run.kept, run.loans, run.gone_ex
    places = (each.place for each in reversed(movements) if each.is_fill or each.kind in ACTING)
    position.last_place = next(places, position.last_place)


def _book(position: Position, fact: TradeBooked, view: View) -> None:
    terms = fact.terms
    position.trades += 1
    if terms.fees and not terms.fees_in_cost:
        position.fees += terms.total_fees
    if not _has_lots(position):
        _take(position, fact.trade_id, terms, 1)
        return
    if terms.accrued is not None:
        position.income += terms.accrued.amount
        if is_without_coupon(terms.accrued.amount, terms.quantity):
            position.gone_ex = later_of(position.gone_ex, terms.trade_date)
    place = (terms.trade_date, TRADING, terms.executed_at, fact.trade_id)
    if fact.actions or terms.parts or (position.last_place is not None and place < position.last_place):
        _fold_again(position, _elsewhere(view))
        return
    fill = Fill(place, terms.quantity, terms.unit_cost, beyond_price(terms), terms.closes)
    _hold(position, add(position.holding, fill, position.lot_method))
    position.last_place = place


def _revise(position: Position, fact: TradeEvent, view: View) -> None:
    """Takes the old terms out and the new ones in, as far as they belong to this position."""
    for terms, sign in _replaced(fact):
        if position_id(terms) != position.id:
            continue
        position.trades += sign
        if not terms.fees_in_cost:
            position.fees += sign * terms.total_fees
        if terms.accrued is not None:
            position.income += sign * terms.accrued.amount
        if not _has_lots(position):
            _take(position, fact.trade_id, terms, sign)
    if _has_lots(position):
        _fold_again(position, _elsewhere(view))


def _transfer(position: Position, fact: TransferEvent, view: View) -> Position:
    """What is moved between books is what is in custody, whatever has settled of the trades that it came from."""
    quantity = fact.moved.quantity
    position.settled += -quantity if isinstance(fact, TransferSent) else quantity
    _fold_again(position, _elsewhere(view))
    return position


def _replaced(fact: TradeEvent) -> list[tuple[Economics, int]]:
    if isinstance(fact, TermsReplaced):
        return [(fact.previous, -1), (fact.terms, 1)]
    assert isinstance(fact, TradeEnded)
    return [(fact.terms, -1)]


def _follow(key: str, document: Position | None, event: Recorded, view: View) -> Position | None:
    """The position after an event about a corporate action, or about what it rests on by one; None where it is nothing
    to it.
    """
    elsewhere = once(_elsewhere(view))
    own = elsewhere(*key.split("/", 1))
    if last_change(own, elsewhere, event.sequence, for_ever=True) != event.sequence:
        return None
    position = document.copy() if document else empty_of(own[0])
    _fold_again(position, elsewhere)
    return position


def _elsewhere(view: View) -> Elsewhere[Movement]:
    return lambda book, instrument: list(view.scan("movements", f"{book}/{instrument}/"))


def _fold_again(position: Position, elsewhere: Elsewhere[Movement]) -> None:
    realised, by_actions = position.realised, position.by_actions
    elsewhere = once(elsewhere)
    succeeds = Successions(elsewhere, _is_live)
    live = succeeds.taken_by(elsewhere(position.book, position.instrument))
    run = run_through(position, live, succeeds)
    position.by_actions = run.posted(live[0]) if live else ()
    position.realised_change = position.realised - realised
    position.actions_change = changed(by_actions, position.by_actions)


def _is_live(movement: Held) -> bool:
    return movement.is_live


def _hold(position: Position, holding: Holding) -> None:
    position.realised_change = holding.realised - position.realised
    position.quantity, position.cost = holding.quantity, holding.cost
    position.realised, position.lots = holding.realised, holding.lots
    position.substituted = holding.substituted


def _is_quiet(fact: TradeEvent) -> bool:
    """Whether a position says the same after it: a fixing changes what its money earns."""
    return isinstance(fact, StatusEvent) and not isinstance(fact, RateFixed)


def _has_lots(position: Position) -> bool:
    """Money is held at par, and a future is paid for by what it gains each day: neither has lots."""
    return position.product not in WITHOUT_LOTS


def _take(position: Position, trade_id: str, terms: Economics, sign: int) -> None:
    position.quantity += sign * terms.quantity
    position.cost += sign * terms.value
    position.realised_change = ZERO
    if terms.loan is not None:
        position.loans = lending.changed(position.loans, trade_id, sign * terms.quantity, terms.loan)


def _margin(document: Position | None, fact: VariationMarginSettled) -> Position | None:
    """What was paid is realised; what was realised and not paid is in the cost, so that it is not counted again."""
    if document is None:
        return None
    position = document.copy()
    closed = fact.closed * fact.price * fact.contract.multiplier
    position.quantity, position.settled = position.quantity + fact.closed, position.settled + fact.closed
    position.cost += fact.amount + closed
    position.realised, position.realised_change = position.realised + fact.amount, fact.amount
    return position


def _settle(position: Position, fact: SettlementEvent) -> None:
    position.realised_change = ZERO
    position.settled += fact.quantity
    if fact.leg == "maturity":
        position.quantity += fact.quantity
        position.cost = position.quantity
        position.income += fact.quantity + fact.amount
        assert fact.terms.loan is not None
        position.loans = lending.repaid(position.loans, fact.trade_id, fact.quantity, fact.terms.loan)
