"""What a ledger log takes over of a corporate action: it is applied, paid, or reversed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from domain.commands.corporate_actions import (
    ActionCommand,
    ApplyCorporateAction,
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
    TransferReceived,
    TransferSent,
)
from domain.events.corporate_actions import Holder
from domain.events.trades import Economics
from domain.events.transfers import Moved
from domain.outcomes import SYSTEM, Principal
from domain.refusals import Refused
from domain.trades.dating import on_open_day as dated

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
    match command:
        case ApplyCorporateAction():
            fields = dated(log, envelope, action.ex_date)
            previous = live.action.revision if live is not None else 0
            return (CorporateActionApplied(
                **fields, action=action, holders=_holders(log, command), previous=previous, left=left
            ),)
        case PayCorporateAction():
            return (CorporateActionPaid(
                **dated(log, envelope, action.pay_date), action=action, holders=_holders(log, command)
            ),)
        case ReverseCorporateAction():
            return (CorporateActionReversed(
                **dated(log, envelope, action.ex_date), action=action, previous=action.revision, left=left,
                because=command.revision,
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
    if isinstance(event, TradeBooked | TermsReplaced):
        of: Economics | Moved = event.terms
    elif isinstance(event, TransferSent | TransferReceived):
        of = event.moved
    else:
        return event
    brought = tuple(each for each in log.entitlements.missing(of) if (of.book, each.action.action) not in before)
    before.update((of.book, each.action.action) for each in brought)
    return replace(event, actions=brought) if brought else event


def _holders(log: "TradeDecider", command: ActionCommand) -> tuple[Holder, ...]:
    books = [log.reference.books[book] for book in log.entitlements.holders(command.action)]
    return tuple(
        Holder(
            book=book.book, desk=book.desk, entity=book.entity, base_currency=book.base_currency,
            lot_method=book.lot_method,
        )
        for book in books
    )
