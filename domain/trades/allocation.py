"""Allocation: a block becomes trades of its books and accounts, which sum to it to the last share and cent."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from domain.commands.lifecycle import Allocation
from domain.currencies import minor_unit
from domain.decider import Apart, Envelope
from domain.events import AllocationWithdrawn, BookDefined, Event, TradeAllocated, TradeReallocated
from domain.events.trades import Economics
from domain.money import ZERO, require_positive, round_to
from domain.outcomes import Principal
from domain.reference.authority import require_book
from domain.refusals import Refused
from domain.routing import REFERENCE, ledger_of
from domain.trades.handover import (
    DIVISIBLE,
    fees_of,
    in_parts,
    new_trade,
    require_new,
    require_product,
    require_whole,
    reserving,
)
from domain.trades.lifecycle import require_book_defined, require_may_trade
from domain.trades.limits import require_headroom, require_within
from domain.trades.obligations import require_not_netted
from domain.trades.parts import ROUNDING, apportion, split, step
from domain.trades.standing import of_another
from domain.trades.state import TradeState

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider

Allocations = Sequence[Allocation]


def allocate(
    log: "TradeDecider", block: TradeState, allocations: Allocations, fields: Envelope, principal: Principal
) -> Sequence[Event | Apart]:
    """The trades that come of a block, and the end of it."""
    require_whole(block, "allocated")
    require_product(block.terms, DIVISIBLE, "allocated")
    children, residual = _children(log, block, allocations, fields, principal)
    _require_room(log, [block.terms], children)
    ended = TradeAllocated(
        **fields, trade_id=block.trade_id, revision=block.revision, terms=block.terms, residual=residual,
        children=_names(allocations), supersedes=f"{log.log}:{block.terms_sequence}",
    )
    return (*_booked(block, allocations, children, fields), ended)


def reallocate(
    log: "TradeDecider", block: TradeState, allocations: Allocations, fields: Envelope, principal: Principal
) -> Sequence[Event | Apart]:
    """As before, in place of the trades that came of it the last time."""
    if block.status != "allocated":
        raise Refused("not-allocated", f"trade {block.trade_id} is {block.status}: it has no allocation to change")
    before = _withdrawable(log, block, principal)
    children, residual = _children(log, block, allocations, fields, principal)
    _require_room(log, [trade.terms for trade in before], children)
    withdrawn = [
        of_another(trade, AllocationWithdrawn(
            **fields, trade_id=trade.trade_id, revision=trade.revision, terms=trade.terms,
            supersedes=f"{log.log}:{trade.terms_sequence}",
        ))
        for trade in before
    ]
    event = TradeReallocated(
        **fields, trade_id=block.trade_id, revision=block.revision, terms=block.terms, residual=residual,
        children=_names(allocations), withdrawn=block.children,
    )
    return (*withdrawn, *_booked(block, allocations, children, fields), event)


def _withdrawable(log: "TradeDecider", block: TradeState, principal: Principal) -> list[TradeState]:
    """The trades that came of a block, when all of it is still in them, and the key may act for their books."""
    trades = [log.trades[trade_id] for trade_id in block.children]
    for trade in trades:
        require_book(principal, trade.terms.book)
        if trade.status not in {"booked", "affirmed"}:
            raise Refused("wrong-state", f"{trade.trade_id} came of {block.trade_id} and is {trade.status}: it stands")
        require_not_netted(trade)
    left = [sum((getattr(trade.terms, name) for trade in trades), ZERO) for name in ("quantity", "amount")]
    if left != [block.terms.quantity, block.terms.amount]:
        raise Refused("wrong-state", f"what came of {block.trade_id} was changed since: it stands")
    return trades


def _names(allocations: Allocations) -> tuple[str, ...]:
    return tuple(each.trade_id for each in allocations)


def _booked(
    block: TradeState, allocations: Allocations, children: Sequence[Economics], fields: Envelope
) -> Iterable[Apart]:
    for each, terms in zip(allocations, children, strict=True):
        yield new_trade(fields, each.trade_id, terms, parents=(block.trade_id,), account=each.account)


def _children(
    log: "TradeDecider", block: TradeState, allocations: Allocations, fields: Envelope, principal: Principal
) -> tuple[list[Economics], Decimal]:
    """The terms of each, with its cash in minor units, and what is left over of the block's."""
    if len({*_names(allocations), block.trade_id}) <= len(allocations):
        raise Refused("trade-exists", "every trade that comes of a block has an id of its own", "$.allocations")
    books = []
    for place, each in enumerate(allocations):
        require_new(log, each.trade_id, f"$.allocations[{place}].trade_id")
        books.append(_book(log, each, f"$.allocations[{place}].book", principal))
    rest, children = in_parts(block, max(fields["effective_at"], block.held_from)), []
    for quantity in _quantities(block.terms, allocations):
        whole = quantity == rest.quantity
        taken, rest = (rest, rest) if whole else split(rest, quantity)
        children.append(taken)
    children, residual = _in_minor_units(block.terms, children)
    return [
        reserving(log, _in_book(log, terms, found, each))
        for terms, found, each in zip(children, books, allocations, strict=True)
    ], residual


def _book(log: "TradeDecider", allocation: Allocation, field: str, principal: Principal) -> BookDefined:
    try:
        found = require_book_defined(log, allocation.book, principal)
    except Refused as refusal:
        raise Refused(refusal.code, refusal.detail, field) from refusal
    opened = log.reference.opened.get(REFERENCE)
    if opened is not None and ledger_of(allocation.book, opened.ledgers) != log.log:
        raise Refused(
            "another-log", f"book {allocation.book} is kept in another ledger log: allocate to a book of this one, "
            "then move it with TransferPosition", field,
        )
    return found


def _quantities(block: Economics, allocations: Allocations) -> list[Decimal]:
    """What each gets, signed as the block: as it is said, or by share, where the largest remainders get the rest."""
    given = [each.quantity for each in allocations if each.quantity is not None]
    shares = [each.share for each in allocations if each.share is not None]
    if (len(given), len(shares)) not in {(len(allocations), 0), (0, len(allocations))}:
        raise Refused("quantity-or-share", "give every allocation a quantity, or every one a share", "$.allocations")
    if given:
        for place, quantity in enumerate(given):
            require_positive(quantity, f"$.allocations[{place}].quantity")
        if sum(given, ZERO) != abs(block.quantity):
            raise Refused(
                "allocation-mismatch", f"the quantities sum to {sum(given, ZERO):f}, the block is of "
                f"{abs(block.quantity):f}", "$.allocations",
            )
        return [quantity.copy_sign(block.quantity) for quantity in given]
    for place, share in enumerate(shares):
        require_positive(share, f"$.allocations[{place}].share")
    total = sum((Fraction(share) for share in shares), Fraction(0))
    found = apportion([abs(Fraction(block.quantity)) * Fraction(share) / total for share in shares],
                      abs(block.quantity), _unit(block))
    for place, quantity in enumerate(found):
        if not quantity:
            raise Refused("not-positive", "this share of the block comes to nothing", f"$.allocations[{place}].share")
    return [quantity.copy_sign(block.quantity) for quantity in found]


def _unit(block: Economics) -> Decimal:
    """The smallest quantity of a block that is shared out: money is counted in minor units."""
    if block.product == "equity":
        return step(block.quantity)
    return min(step(block.quantity), minor_unit(block.asset))


def _in_minor_units(block: Economics, children: Sequence[Economics]) -> tuple[list[Economics], Decimal]:
    """Each pays or receives whole minor units, those that are left going to the largest remainders. What this is off
    the exact cash of its quantity is among its fees.
    """
    unit, whole = minor_unit(block.currency), block.amount - block.total_fees
    exact = [terms.amount - terms.total_fees for terms in children]
    paid = apportion([Fraction(each) for each in exact], round_to(whole, unit), unit)
    rounded = [
        replace(terms, fees=fees_of(terms.fees, {ROUNDING: cash - due})) if cash != due else terms
        for terms, cash, due in zip(children, exact, paid, strict=True)
    ]
    return rounded, whole - round_to(whole, unit)


def _in_book(log: "TradeDecider", terms: Economics, found: BookDefined, allocation: Allocation) -> Economics:
    book = log.template(found)
    parts = tuple(
        # Lots are named within their own book.
        replace(part, origin=allocation.trade_id, closes=part.closes if terms.book == book.book else ())
        for part in terms.parts
    )
    return replace(
        terms, entity=book.entity, desk=book.desk, book=book.book, owner=book.owner, parts=parts,
        base_currency=book.base_currency, lot_method=book.lot_method,
        fees_in_cost=book.fees_in_cost and terms.loan is None,
    )


def _require_room(log: "TradeDecider", given: Sequence[Economics], taken: Sequence[Economics]) -> None:
    """Whether the books may hold what they get, after what they give."""
    used, held = dict[str, Decimal](), dict[tuple[str, str], Decimal]()

    def take(terms: Economics, sign: int) -> None:
        place = (terms.book, terms.instrument)
        held[place] = held.get(place, log.positions.get(place, ZERO)) + sign * log.entitlements.now(terms)
        used[terms.book] = used.get(terms.book, log.used.get(terms.book, ZERO)) + sign * (terms.notional or ZERO)

    for terms in given:
        take(terms, -1)
    for number, terms in enumerate(taken):
        try:
            require_may_trade(log, terms)
            take(terms, 0)
            limits = log.reference.limits_of(terms.book, terms.instrument)
            if limits is not None:
                before = held[terms.book, terms.instrument]
                position = (before, before + log.entitlements.now(terms))
                require_headroom(terms, limits, used[terms.book], position)
        except Refused as refusal:
            field = f"$.allocations[{number}]"
            raise Refused(refusal.code, refusal.detail, field, limit=refusal.limit) from refusal
        take(terms, 1)
    _require_left(log, held)


def _require_left(log: "TradeDecider", held: dict[Any, Decimal]) -> None:
    for place, after in held.items():
        limits = log.reference.limits_of(*place)
        if limits is not None and limits.position_quantity is not None:
            require_within(log.positions.get(place, ZERO), after, limits.position_quantity)
