"""The fold of a position's movements: what each adds, in the order in which the position takes them."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

from domain.commands.reference import LotMethod
from domain.money import ZERO
from projections.corporate_actions import ONE, Effect, posted, taken, units
from projections.journal import Posting
from projections.lending import Loans, changed, fixed
from projections.lots import EMPTY, Fill, Holding, Place, add
from projections.movement_ids import revision_of
from projections.movements import FILLING, Held

FIRST = FILLING | {"action"}
M = TypeVar("M", bound=Held)


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
    """Takes movements one by one. ``effects`` are those of corporate actions by their id, and ``units`` is how many
    units of now one of the beginning is. ``loans`` are those that money is lent, or taken, by.
    """

    def __init__(self, method: LotMethod) -> None:
        self.holding = EMPTY
        self.effects: dict[str, Effect] = {}
        self.units = ONE
        self.loans: Loans = ()
        self._revisions: dict[str, str] = {}
        self._method = method

    def take(self, movements: Iterable[M]) -> Iterator[Step[M]]:
        """Each of ``movements``, which are in their order, with what it adds."""
        for movement in movements:
            if movement.kind in {"action", "payment"}:
                yield self._act(movement)
                continue
            if movement.is_fill:
                self.holding = add(self.holding, fill_of(movement), self._method)
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
        if movement.loan is None:
            return
        name = movement.trade_id
        if movement.kind == "trade":
            self._revisions[name] = revision_of(movement.id)
        if movement.kind != "fixing":
            self.loans = changed(self.loans, name, movement.quantity, movement.loan)
        elif self._revisions.get(name) == revision_of(movement.id):
            # New terms begin without what was fixed for the old ones.
            self.loans = fixed(self.loans, name, movement.loan)

    def _act(self, movement: M) -> Step[M]:
        name = movement.trade_id
        if movement.kind == "payment":
            paid = self.effects[name] = self.effects[name].when_paid()
            return Step(movement, self.holding, paid.quantity, ZERO)
        assert movement.terms is not None
        self.holding, effect = taken(
            self.holding, movement.terms, movement.place, movement.currency, self._method
        )
        self.effects[name], self.units = effect, units(self.units, movement.terms)
        return Step(movement, self.holding, ZERO, effect.income, effect.tax, effect.cash)


def in_order(movements: Iterable[M]) -> list[M]:
    """In the order in which their position takes them."""
    return sorted(movements, key=_order)


def steps(held: Iterable[M], method: LotMethod) -> Iterator[Step[M]]:
    """Each movement with what it adds."""
    return Run[M](method).take(held)


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
