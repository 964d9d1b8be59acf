"""Which movements a corporate action makes in which positions, and which of them end."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from domain.commands.corporate_actions import CorporateAction
from domain.corporate_actions import SUCCESSION, opening_of, precedence
from domain.events import AppliedEvent, CorporateActionPaid, Event, TermsReplaced, TradeEvent, TransferEvent
from domain.events.corporate_actions import AppliedAction, Holder
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.money import ZERO
from domain.schema import Recorded
from projections.accounts import position_id

PAID = "-paid"


class Begun(NamedTuple):
    """A movement that an event begins: of a book, an action, the instrument, and whether it is the payment."""

    of: Holder | Economics | Moved
    action: CorporateAction
    instrument: str
    is_payment: bool

    @property
    def id(self) -> str:
        suffix = PAID if self.is_payment else ""
        return _id(f"{self.of.book}/{self.instrument}", self.action, self.action.revision, suffix)


def is_of_action(key: str) -> bool:
    """Whether a movement is of an action: no trade has such a name."""
    return "/@" in key


def position_ids(fact: AppliedEvent) -> list[str]:
    """The positions that an event may touch."""
    books = dict.fromkeys((*(holder.book for holder in fact.holders), *fact.left))
    return [f"{book}/{instrument}" for book in books for instrument in (fact.instrument, *fact.onward)]


def own_ids(fact: Event) -> tuple[str, ...]:
    """The positions that an event of a trade or transfer is about."""
    if isinstance(fact, TermsReplaced):
        return position_id(fact.previous), position_id(fact.terms)
    if isinstance(fact, TradeEvent):
        return (position_id(fact.terms),)
    return (position_id(fact.moved),) if isinstance(fact, TransferEvent) else ()


def following_ids(fact: TradeEvent | TransferEvent) -> tuple[str, ...]:
    """The positions that an event of a trade or transfer may touch beside its own, by corporate actions."""
    if not fact.onward and not fact.actions:
        return ()
    book = fact.terms.book if isinstance(fact, TradeEvent) else fact.moved.book
    begun = (each.instrument for each in _begun(fact))
    return tuple(f"{book}/{instrument}" for instrument in dict.fromkeys((*fact.onward, *begun)))


def touched(fact: AppliedEvent) -> Sequence[str]:
    """The movements that end, and those that begin."""
    ended = [
        _id(f"{book}/{instrument}", fact.action, fact.previous, suffix)
        for book in fact.left for instrument in (fact.instrument, *fact.onward) for suffix in ("", PAID)
    ]
    return (*ended, *(begun.id for begun in _begun(fact)))


def brought(fact: TradeEvent | TransferEvent) -> Sequence[str]:
    """The movements that the event of a trade or transfer begins beside its own."""
    return tuple(begun.id for begun in _begun(fact))


def begins(key: str, fact: Event) -> bool:
    return any(begun.id == key for begun in _begun(fact))


def movement_fields(key: str, event: Recorded) -> dict[str, Any]:
    """What the movement of that id says."""
    fact = event.event
    (begun,) = (each for each in _begun(fact) if each.id == key)
    of, action, instrument = begun.of, begun.action, begun.instrument
    day = action.pay_date if begun.is_payment else action.ex_date
    comes = instrument != action.instrument
    kind = "payment" if begun.is_payment else "succession" if comes else "action"
    return {
        "id": key, "book": of.book, "desk": of.desk, "entity": of.entity, "instrument": instrument,
        "trade_id": action.action, "kind": kind, "product": action.product, "asset": instrument,
        "currency": action.currency, "issuer": action.into_issuer if comes else action.issuer,
        "base_currency": of.base_currency, "lot_method": of.lot_method, "fees_in_cost": of.fees_in_cost,
        "quantity": ZERO, "price": ZERO, "fees": ZERO, "trade_date": action.ex_date,
        "precedence": SUCCESSION if comes else precedence(action.terms), "executed_at": opening_of(action.ex_date),
        "valid_from": opening_of(day), "known_from_sequence": event.sequence, "terms": action.terms,
        "source": action.instrument if comes else "", "revision": action.revision, "amount": ZERO,
        "counterparty": action.issuer, "settlement_date": action.pay_date, "known_from": fact.recorded_at,
        "actor": fact.actor, "reason": fact.reason,
    }


def _begun(fact: Event) -> Iterator[Begun]:
    if isinstance(fact, AppliedEvent):
        for holder in fact.holders:
            yield from _each(holder, fact.action, payments=(isinstance(fact, CorporateActionPaid),))
            yield from _all(holder, holder.actions)
    elif isinstance(fact, TradeEvent | TransferEvent):
        of = fact.terms if isinstance(fact, TradeEvent) else fact.moved
        yield from _all(of, fact.actions)


def _all(of: Holder | Economics | Moved, actions: Sequence[AppliedAction]) -> Iterator[Begun]:
    for applied in actions:
        yield from _each(of, applied.action, payments=(False, True) if applied.paid else (False,))


def _each(of: Holder | Economics | Moved, action: CorporateAction, payments: Sequence[bool]) -> Iterator[Begun]:
    """In the position of the old instrument, and in that of the new one."""
    for instrument in (action.instrument, *([action.into] if action.into else [])):
        for is_payment in payments:
            yield Begun(of, action, instrument, is_payment)


def _id(position: str, action: CorporateAction, revision: int, suffix: str) -> str:
    return f"{position}/@{action.action}/{revision:04d}{suffix}"
