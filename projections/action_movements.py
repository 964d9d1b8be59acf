"""Which movements a corporate action makes in which positions, and which of them end."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from domain.commands.corporate_actions import CorporateAction
from domain.corporate_actions import opening_of, precedence
from domain.events import AppliedEvent, CorporateActionPaid, Event, TradeEvent, TransferEvent
from domain.events.corporate_actions import Holder
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.money import ZERO
from domain.schema import Recorded

PAID = "-paid"


class Begun(NamedTuple):
    """A movement that an event begins: of a book, an action, and whether it is the payment."""

    of: Holder | Economics | Moved
    action: CorporateAction
    is_payment: bool

    @property
    def id(self) -> str:
        return _id(self.of.book, self.action, self.action.revision, PAID if self.is_payment else "")


def is_of_action(key: str) -> bool:
    """Whether a movement is of an action: no trade has such a name."""
    return "/@" in key


def position_ids(fact: AppliedEvent) -> list[str]:
    """The positions that an event touches."""
    books = dict.fromkeys((*(holder.book for holder in fact.holders), *fact.left))
    return [f"{book}/{fact.instrument}" for book in books]


def touched(fact: AppliedEvent) -> Sequence[str]:
    """The movements that end, and those that begin."""
    ended = [
        _id(book, fact.action, fact.previous, suffix) for book in fact.left for suffix in ("", PAID)
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
    of, action = begun.of, begun.action
    day = action.pay_date if begun.is_payment else action.ex_date
    return {
        "id": key, "book": of.book, "desk": of.desk, "entity": of.entity, "instrument": action.instrument,
        "trade_id": action.action, "kind": "payment" if begun.is_payment else "action", "product": action.product,
        "asset": action.instrument, "currency": action.currency, "issuer": action.issuer,
        "base_currency": of.base_currency, "lot_method": of.lot_method, "quantity": ZERO, "price": ZERO, "fees": ZERO,
        "trade_date": action.ex_date, "precedence": precedence(action.terms), "executed_at": opening_of(action.ex_date),
        "valid_from": opening_of(day), "known_from_sequence": event.sequence, "terms": action.terms,
        "revision": action.revision, "amount": ZERO, "counterparty": action.issuer, "settlement_date": action.pay_date,
        "known_from": fact.recorded_at, "actor": fact.actor, "reason": fact.reason,
    }


def _begun(fact: Event) -> Iterator[Begun]:
    if isinstance(fact, AppliedEvent):
        for holder in fact.holders:
            yield Begun(holder, fact.action, isinstance(fact, CorporateActionPaid))
    elif isinstance(fact, TradeEvent | TransferEvent):
        of = fact.terms if isinstance(fact, TradeEvent) else fact.moved
        for applied in fact.actions:
            yield Begun(of, applied.action, False)
            if applied.paid:
                yield Begun(of, applied.action, True)


def _id(book: str, action: CorporateAction, revision: int, suffix: str) -> str:
    return f"{book}/{action.instrument}/@{action.action}/{revision:04d}{suffix}"
