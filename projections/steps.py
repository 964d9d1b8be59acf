"""The fold of a position's movements: what each adds, in the order in which the position takes them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Generic, NamedTuple, Protocol, TypeVar

from domain.commands.corporate_actions import ActionTerms, Coupon, Exchange, SpinOff
from domain.commands.reference import LotMethod
from domain.corporate_actions import scaled
from domain.money import ONE, ZERO
from projections.corporate_actions import Effect, posted, taken, units
from projections.exchanges import HUNDRED, handed_on, taken_over
from projections.lending import Loans, changed, fixed, repaid
from projections.lots import EMPTY, Fill, Holding, Lot, Place, add
from projections.movement_ids import revision_of
from projections.movements import FILLING, Held
from projections.postings import Posting
from projections.unwinding import Alone, unwound, without

ACTING = frozenset({"action", "succession"})
FIRST = FILLING | ACTING
M = TypeVar("M", bound=Held)


class Succeeds(Protocol):
    """What a position must know of others, and of trades in a position of their own."""

    def __call__(self, succession: Held, /) -> tuple[Lot, ...]:
        """The lots that a succession takes over from the position of another instrument."""

    def alone(self, end: Held, /) -> Alone:
        """What actions made by then of a trade that ends early."""


class Step(NamedTuple, Generic[M]):
    """One movement, the ``holding`` after it, and what else it adds. ``cash`` is what a corporate action is worth in
    money.
    """

    movement: M
    holding: Holding
    settled: Decimal
    income: Decimal
    tax: Decimal = ZERO
    cash: Decimal = ZERO


class Run(Generic[M]):
    """Takes movements one by one. ``effects`` are those of corporate actions by their id, with the instrument that each
    is on, and ``handed_on`` the lots that they gave to other instruments. ``units`` is how many units of now one of the
    beginning is, and ``kept`` what part of the worth of one was not spun off since. ``loans`` are those that money is
    lent, or taken, by. A coupon has ``gone_ex`` last on the ex date of its action, or on the day of a trade without it.
    """

    def __init__(self, method: LotMethod, succeeds: Succeeds) -> None:
        self.holding = EMPTY
        self.effects: dict[str, tuple[Effect, str]] = {}
        self.handed_on: dict[str, tuple[Lot, ...]] = {}
        self.units = self.kept = ONE
        self.loans: Loans = ()
        self.gone_ex: date | None = None
        self._revisions: dict[str, str] = {}
        self._method = method
        self._succeeds = succeeds

    def take(self, movements: Iterable[M]) -> Iterator[Step[M]]:
        """Each of ``movements``, which are in their order, with what it adds."""
        movements = list(movements)
        ends = [each for each in movements if each.unwinds]
        for movement in movements:
            if movement.unwinds and (alone := self._succeeds.alone(movement)):
                yield self._unwind(movement, [each for each in ends if each.trade_id == movement.trade_id], alone)
                continue
            if movement.kind in ACTING or movement.kind == "payment":
                yield self._act(movement)
                continue
            if movement.kind == "penalty":
                # It is of what was traded, and changes nothing of that.
                pass
            elif movement.is_fill:
                self.holding = add(self.holding, fill_of(movement), self._method)
                if is_without_coupon(movement.income, movement.quantity):
                    self.gone_ex = later_of(self.gone_ex, movement.trade_date)
            elif movement.product == "future":
                self.holding = _margined(self.holding, movement)
            elif movement.product == "loan-deposit" and movement.kind != "settlement":
                self._lend(movement)
            settled = ZERO if movement.kind == "trade" else movement.quantity
            yield Step(movement, self.holding, settled, movement.income)

    def posted(self, one: Held) -> tuple[Posting, ...]:
        """What the corporate actions have put into each account, for the position that ``one`` is of."""
        return posted(self.effects.values(), one.asset, one.currency, one.issuer)

    def _lend(self, movement: M) -> None:
        """Money is held at par."""
        total = self.holding.quantity + movement.quantity
        self.holding = Holding(total, total, ZERO, ())
        name, revision = movement.trade_id, revision_of(movement.id)
        if movement.fixing is not None:
            # New terms begin without what was fixed for the old ones.
            if self._revisions.get(name) == revision:
                self.loans = fixed(self.loans, name, movement.fixing, movement.currency)
        elif movement.loan is not None and movement.kind == "trade":
            self._revisions[name] = revision
            self.loans = changed(self.loans, name, movement.quantity, movement.loan)
        elif movement.loan is not None:
            self.loans = repaid(self.loans, name, movement.quantity, movement.loan)

    def _act(self, movement: M) -> Step[M]:
        name = movement.trade_id
        if movement.kind == "payment":
            effect, source = self.effects[name]
            self.effects[name] = effect.when_paid(), source
            return Step(movement, self.holding, effect.quantity, ZERO)
        assert movement.terms is not None
        effect = self._effect(movement, movement.terms)
        self.effects[name] = effect, movement.source or movement.instrument
        return Step(movement, self.holding, ZERO, effect.income, effect.tax, effect.cash)

    def _unwind(self, movement: M, ends: Sequence[M], alone: Alone) -> Step[M]:
        """Takes out what a trade has become, all of it at the first of its ``ends``."""
        settled = ZERO
        if movement is ends[0]:
            self.holding = unwound(self.holding, ends, alone, self._method)
            for name, gone in alone.items():
                effect, source = self.effects[name]
                self.effects[name] = without(effect, gone), source
                settled -= gone.quantity if effect.paid else ZERO
        return Step(movement, self.holding, settled, ZERO)

    def _effect(self, movement: M, terms: ActionTerms) -> Effect:
        if isinstance(terms, Coupon):
            self.gone_ex = later_of(self.gone_ex, movement.trade_date)
        if not isinstance(terms, Exchange):
            self.units = units(self.units, terms)
            self.holding, effect = taken(self.holding, terms, movement.place, movement.currency, self._method)
        elif movement.kind == "succession":
            lots = self._succeeds(movement)
            came = Fill(movement.place, sum((lot.quantity for lot in lots), ZERO), ZERO, brings=lots)
            self.holding, effect = taken_over(
                self.holding, came, terms.cash_in_lieu, movement.currency, self._method
            )
        else:
            if isinstance(terms, SpinOff):
                self.kept = scaled(self.kept, HUNDRED - terms.cost_percent, HUNDRED)
            self.holding, effect, self.handed_on[movement.trade_id] = handed_on(
                self.holding, terms, movement.currency
            )
        return effect


def is_without_coupon(accrued: Decimal, quantity: Decimal) -> bool:
    """Whether a coupon stays with the seller: then who buys is paid for the days without it, and does not pay."""
    return bool(accrued) and (accrued > 0) == (quantity > 0)


def later_of(before: date | None, day: date) -> date:
    """The later of two days, of which one may be unknown."""
    return day if before is None else max(before, day)


def in_order(movements: Iterable[M]) -> list[M]:
    """In the order in which their position takes them."""
    return sorted(movements, key=_order)


def steps(held: Iterable[M], method: LotMethod, succeeds: Succeeds) -> Iterator[Step[M]]:
    """Each movement with what it adds."""
    return Run[M](method, succeeds).take(held)


def fill_of(movement: Held) -> Fill:
    """What a movement adds to the lots."""
    return Fill(
        movement.place, movement.quantity, movement.price * movement.multiplier, movement.beyond, movement.closes,
        movement.brings,
    )


def _margined(holding: Holding, movement: Held) -> Holding:
    """A future costs what it is worth once what it gained was paid; what settles of it only moves."""
    if movement.kind not in {"trade", "margin"}:
        return holding
    cost = holding.cost + movement.quantity * movement.price * movement.multiplier + movement.gain
    return Holding(holding.quantity + movement.quantity, cost, holding.realised + movement.gain, ())


def _order(movement: Held) -> tuple[Place, int, str]:
    # What moves of a trade comes after the trade, and what is paid of an action after the action; parts that were
    # dealt at once come in their own order.
    return movement.place, 0 if movement.kind in FIRST else movement.known_from_sequence, movement.id
