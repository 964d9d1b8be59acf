"""What a ledger log takes over of a corporate action: it is applied, paid, or reversed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from domain.commands.corporate_actions import (
    ActionCommand,
    ApplyCorporateAction,
    CorporateAction,
    PayCorporateAction,
    ReverseCorporateAction,
)
from domain.decider import Apart, Envelope
from domain.events import (
    CorporateActionApplied,
    CorporateActionPaid,
    CorporateActionReversed,
    Event,
    TermsReplaced,
    TradeBooked,
    TradeEnded,
    TradeEvent,
    TransferEvent,
    TransferReturned,
)
from domain.events.corporate_actions import AppliedAction, Holder
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.outcomes import SYSTEM, Principal
from domain.refusals import Refused
from domain.trades.dating import on_open_day as dated
from domain.trades.entitlements import first_day

if TYPE_CHECKING:
    from domain.trades.decider import TradeDecider


def decide(
    log: "TradeDecider", command: ActionCommand, envelope: Envelope, principal: Principal
) -> Sequence[Event]:
    """What Everbook carries over by itself."""
    if principal.key_id != SYSTEM.key_id:
        raise Refused("not-permitted", "Everbook commands this by itself")
    action, live = command.action, log.entitlements.live.get(command.action.action)
    left = tuple(log.entitlements.holders(live.action)) if live is not None else ()
    onward = _onward(log, action, *([live.action] if live is not None else []))
    match command:
        case ApplyCorporateAction():
            fields = dated(log, envelope, action.ex_date)
            previous = live.action.revision if live is not None else 0
            return (CorporateActionApplied(
                **fields, action=action, holders=_holders(log, command), previous=previous, left=left, onward=onward
            ),)
        case PayCorporateAction():
            return (CorporateActionPaid(
                **dated(log, envelope, action.pay_date), action=action, holders=_holders(log, command), onward=onward
            ),)
        case ReverseCorporateAction():
            return (CorporateActionReversed(
                **dated(log, envelope, action.ex_date), action=action, previous=action.revision, left=left,
                because=command.revision, onward=onward,
            ),)
    raise AssertionError(f"no rule for {type(command).__name__}")


def with_actions(log: "TradeDecider", events: Sequence[Event | Apart]) -> Sequence[Event | Apart]:
    """The events of trades and transfers, each with the corporate actions that it brings to its position: of several of
    one command, the first that does.
    """
    brought: set[tuple[str, str]] = set()
    return [
        replace(each, event=_with_actions(log, each.event, brought)) if isinstance(each, Apart)
        else _with_actions(log, each, brought)
        for each in events
    ]


def _with_actions(log: "TradeDecider", event: Event, before: set[tuple[str, str]]) -> Event:
    ended, begun = _touched(event)
    onward = {name for of in (*ended, *begun) for name in log.entitlements.ways.onward(of.instrument, first_day(of))}
    brought: list[AppliedAction] = []
    for of in begun:
        missing = log.entitlements.missing(of.book, of.instrument, first_day(of))
        brought += (each for each in missing if (of.book, each.action.action) not in before)
        before.update((of.book, each.action.action) for each in brought)
    if not onward and not brought:
        return event
    assert isinstance(event, TradeEvent | TransferEvent)
    return replace(event, actions=tuple(brought), onward=tuple(sorted(onward)))


def _touched(event: Event) -> tuple[Sequence[Economics | Moved], Sequence[Economics | Moved]]:
    """What an event ends, and what it begins, of that from which something follows."""
    if isinstance(event, TermsReplaced):
        return (event.previous,), (event.terms,)
    if isinstance(event, TradeBooked):
        return (), (event.terms,)
    if isinstance(event, TradeEnded):
        return (event.terms,), ()
    if isinstance(event, TransferReturned):
        return (event.moved,), ()
    return (), (event.moved,) if isinstance(event, TransferEvent) else ()


def _onward(log: "TradeDecider", *actions: CorporateAction) -> tuple[str, ...]:
    """The instruments whose positions rest on what an action does, as it is or was."""
    found: set[str] = set()
    for action in actions:
        found.update(log.entitlements.ways.onward(action.instrument, action.ex_date))
        if action.into is not None:
            found.update((action.into, *log.entitlements.ways.onward(action.into, action.ex_date)))
    return tuple(sorted(found - {action.instrument for action in actions}))


def _holders(log: "TradeDecider", command: ActionCommand) -> tuple[Holder, ...]:
    action = command.action
    books = [log.reference.books[book] for book in log.entitlements.holders(action)]
    return tuple(
        Holder(
            book=book.book, desk=book.desk, entity=book.entity, base_currency=book.base_currency,
            lot_method=book.lot_method, fees_in_cost=book.fees_in_cost,
            actions=log.entitlements.missing(book.book, action.into, action.ex_date) if action.into else (),
        )
        for book in books
    )
