"""Why a position is what it is: contributions that sum to it, each with the event that made it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from domain.commands.reference import LotMethod
from domain.money import ZERO
from projections.as_of import Instant, position_at
from projections.lots import EMPTY, Holding
from projections.movement_ids import Kind
from projections.movements import Movement
from projections.steps import Succeeds, steps
from projections.successions import Elsewhere, Successions, once


class Figures(msgspec.Struct, kw_only=True):
    """What is said of a position, and what something adds to it."""

    quantity: Decimal = ZERO
    settled: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    penalties: Decimal = ZERO
    income: Decimal = ZERO
    tax: Decimal = ZERO


class LotChange(msgspec.Struct, frozen=True):
    """What of a lot was opened, or closed. The one lot of the moving average bears no trade."""

    trade_id: str
    quantity: Decimal


class Contribution(Figures, kw_only=True):
    """What one movement adds. ``event`` made it, by ``actor``; ``amount`` is the money it is for; ``opened`` and
    ``closed`` are the lots. What a succession adds came from the position in ``source``, which explains it, and so does
    what the end of a trade in that takes away.
    """

    event: str
    trade_id: str
    revision: int
    kind: Kind
    price: Decimal
    amount: Decimal
    opened: tuple[LotChange, ...] = ()
    closed: tuple[LotChange, ...] = ()
    valid_from: datetime
    valid_to: datetime | None = None
    actor: str
    recorded_at: datetime
    reason: str | None = None
    supersedes: str | None = None
    source: str | None = None


class Superseded(msgspec.Struct, kw_only=True):
    """A movement that was thought to hold until ``superseded_by`` said otherwise; it adds nothing any more."""

    event: str
    trade_id: str
    revision: int
    kind: Kind
    quantity: Decimal
    price: Decimal
    amount: Decimal
    valid_from: datetime
    valid_to: datetime | None
    actor: str
    recorded_at: datetime
    reason: str | None
    superseded_by: str
    superseded_by_actor: str | None
    superseded_at: datetime | None
    superseded_because: str | None


class Explanation(Figures, kw_only=True):
    """Every figure is the exact sum of those of the ``items``."""

    book: str
    instrument: str
    currency: str
    items: list[Contribution]
    superseded: list[Superseded] | None = None


def explain(
    movements: Sequence[Movement], at: Instant, elsewhere: Elsewhere[Movement], *, superseded: bool = False
) -> Explanation | None:
    """The movements of one position that held, in the order in which it takes them; None when nothing was known."""
    elsewhere = once(elsewhere, movements)
    position = position_at(movements, at, elsewhere)
    if position is None:
        return None
    succeeds = Successions(elsewhere, at.holds)
    items = list(contributions(succeeds.taken_by(movements), position.lot_method, succeeds))
    return Explanation(
        book=position.book, instrument=position.instrument, currency=position.currency, quantity=position.quantity,
        settled=position.settled, cost=position.cost, realised=position.realised, fees=position.fees,
        penalties=position.penalties, income=position.income, tax=position.tax, items=items,
        superseded=taken_back(movements, at) if superseded else None,
    )


def contributions(held: Sequence[Movement], method: LotMethod, succeeds: Succeeds) -> Iterator[Contribution]:
    """What each movement adds, given those before it."""
    before = EMPTY
    for movement, after, settled, income, tax, cash in steps(held, method, succeeds):
        opened, closed = _lots_changed(before, after)
        yield Contribution(
            quantity=after.quantity - before.quantity, cost=after.cost - before.cost,
            realised=after.realised - before.realised, settled=settled, fees=movement.fees, income=income, tax=tax,
            penalties=movement.gain if movement.kind == "penalty" else ZERO,
            event=event_of(movement), trade_id=movement.trade_id, revision=movement.revision, kind=movement.kind,
            price=movement.price, amount=movement.amount + cash,
            opened=opened, closed=closed, valid_from=movement.valid_from, valid_to=movement.valid_to,
            actor=movement.actor, recorded_at=movement.known_from, reason=movement.reason,
            supersedes=movement.supersedes, source=movement.source or None,
        )
        before = after


def taken_back(movements: Sequence[Movement], at: Instant) -> list[Superseded]:
    """What had been thought to hold at the valid time, and by then no more, in the order in which it was recorded."""
    found = [
        each for each in movements
        if at.knows(each) and not at.still_knows(each) and (at.valid_at is None or each.valid_from <= at.valid_at)
    ]
    return [
        Superseded(
            event=event_of(each), trade_id=each.trade_id, revision=each.revision, kind=each.kind,
            quantity=each.quantity, price=each.price, amount=each.amount, valid_from=each.valid_from,
            valid_to=each.valid_to, actor=each.actor, recorded_at=each.known_from, reason=each.reason,
            superseded_by=f"{each.log}:{each.known_to_sequence}", superseded_by_actor=each.ended_by,
            superseded_at=each.known_to, superseded_because=each.ended_because,
        )
        for each in sorted(found, key=lambda each: (each.known_from_sequence, each.id))
    ]


def event_of(movement: Movement) -> str:
    """The event that made it."""
    return f"{movement.log}:{movement.known_from_sequence}"


def _lots_changed(before: Holding, after: Holding) -> tuple[tuple[LotChange, ...], tuple[LotChange, ...]]:
    """Lots opened and closed; of one that was turned round, both."""
    if before.lots is after.lots:
        return (), ()
    was, now = _by_trade(before), _by_trade(after)
    opened, closed = [], []
    for trade_id in dict.fromkeys((*was, *now)):
        old, new = was.get(trade_id, ZERO), now.get(trade_id, ZERO)
        kept = min(abs(old), abs(new)).copy_sign(old) if old * new > 0 else ZERO
        if old != kept:
            closed.append(LotChange(trade_id, old - kept))
        if new != kept:
            opened.append(LotChange(trade_id, new - kept))
    return tuple(opened), tuple(closed)


def _by_trade(holding: Holding) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for lot in holding.lots:
        found[lot.trade_id] = found.get(lot.trade_id, ZERO) + lot.quantity
    return found
