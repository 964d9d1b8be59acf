"""The ids of movements: which of them an event ends, and which it begins."""

from collections.abc import Iterator, Sequence
from typing import Literal

from domain.events import (
    AppliedEvent,
    Event,
    PenaltyBooked,
    SettlementEvent,
    TermsReplaced,
    TradeBooked,
    TradeCancelled,
    TradeCorrected,
    TradeEnded,
    TradeEvent,
    TransferEvent,
    TransferReceived,
    VariationMarginSettled,
)
from domain.events.products import OptionEvent, RateFixed
from domain.events.trades import Economics
from domain.schema import Recorded
from domain.trades.state import entry_of
from projections.action_movements import brought, touched

Kind = Literal[
    "trade", "settlement", "repayment", "penalty", "transfer-out", "transfer-in", "closing", "margin", "action",
    "succession", "payment", "fixing",
]
UNTIL = "-until"
REVISION_DIGITS = 4


def movement_ids(event: Recorded) -> Sequence[str]:
    """Every movement that an event may end or begin."""
    fact = event.event
    # Most events are bookings: they are not to pay for the others.
    if type(fact) is TradeBooked:
        return (*_ids(fact.terms, fact), *brought(fact)) if fact.actions else _ids(fact.terms, fact)
    if isinstance(fact, AppliedEvent):
        return touched(fact)
    if isinstance(fact, TransferEvent):
        return (_transfer_id(fact), *brought(fact))
    if isinstance(fact, TermsReplaced | TradeEnded):
        return tuple(_possible(fact)) if isinstance(fact, TradeCancelled) else _changed(fact)
    return _own(fact, event)


def replaced(fact: TermsReplaced | TradeEnded) -> tuple[str, ...]:
    """The entries that an event ends."""
    if isinstance(fact, TermsReplaced):
        return _ids(fact.previous, fact, fact.revision - 1)
    return _ids(fact.terms, fact)


def revision_of(movement_id: str) -> str:
    """Which revision of its trade a movement is of, also one that follows the trade."""
    return movement_id.rpartition("/")[2][:REVISION_DIGITS]


def kind_of(fact: TradeEvent) -> Kind:
    """Which kind of movement follows a trade."""
    if isinstance(fact, SettlementEvent):
        return "repayment" if fact.leg == "maturity" else "settlement"
    if isinstance(fact, RateFixed):
        return "fixing"
    return "closing" if isinstance(fact, OptionEvent) else "penalty"


def _ids(terms: Economics, fact: TradeEvent, revision: int | None = None) -> tuple[str, ...]:
    """The entries of a revision of a trade: one, or one for each part."""
    revision = revision or fact.revision
    if not terms.parts:
        return (f"{terms.book}/{terms.instrument}/{fact.trade_id}/{revision:04d}",)
    return tuple([_id(terms.book, fact, entry_of(terms, revision, place)) for place in range(len(terms.parts))])


def _id(book: str, fact: TradeEvent, entry: str) -> str:
    instrument, _, number = entry.rpartition("/")
    return f"{book}/{instrument}/{fact.trade_id}/{number}"


def _changed(fact: TermsReplaced | TradeEnded) -> tuple[str, ...]:
    """The entries that an event ends, those that hold until then in their place, and those that it begins."""
    old = replaced(fact)
    held = () if isinstance(fact, TradeCorrected) else tuple(f"{key}{UNTIL}" for key in old)
    begun = (*_ids(fact.terms, fact), *brought(fact)) if isinstance(fact, TermsReplaced) else ()
    return (*held, *old, *begun)


def _own(fact: Event, event: Recorded) -> tuple[str, ...]:
    """The id of what follows a trade or a position and is no revision."""
    if isinstance(fact, VariationMarginSettled):
        return (f"{fact.book}/{fact.instrument}/margin-{event.sequence:012d}",)
    if not isinstance(fact, SettlementEvent | OptionEvent | PenaltyBooked | RateFixed):
        return ()
    return (f"{_ids(fact.terms, fact)[0]}-{kind_of(fact)}-{event.sequence:012d}",)


def _transfer_id(fact: TransferEvent) -> str:
    moved = fact.moved
    way = f"from-{moved.other_book}" if isinstance(fact, TransferReceived) else "out"
    return f"{moved.book}/{moved.instrument}/{fact.transfer_id}/{way}"


def _possible(fact: TradeCancelled) -> Iterator[str]:
    """Every entry of the trade that may still be thought to hold."""
    yield from _ids(fact.terms, fact)
    for instrument in (fact.terms.instrument, *fact.instruments):
        entry = f"{fact.terms.book}/{instrument}/{fact.trade_id}"
        yield from (f"{entry}/{revision:04d}{UNTIL}" for revision in range(1, fact.revision))
    yield from (f"{_id(fact.terms.book, fact, entry)}{UNTIL}" for entry in fact.entries)
