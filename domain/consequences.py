"""What an event of one log leads to in others: nothing spans two logs, so the owner of the other follows this one."""

from collections.abc import Iterator

from domain.commands import AnyCommand
from domain.commands.transfers import ReceiveTransfer, ReturnTransfer
from domain.events import CommandRefused, TransferSent
from domain.outcomes import SYSTEM
from domain.routing import is_log, ledger_of
from domain.schema import Recorded

FOLLOWED = ("transfer.sent.v1", "command.refused.v1")
"""The types of the events that lead to anything."""


def consequences(recorded: Recorded, ledgers: int) -> Iterator[tuple[str, AnyCommand]]:
    """The commands that follow from an event, each with its log. Their key is the event's own place, so that they are
    one effect for ever, however often they are sent.
    """
    fact = recorded.event
    if isinstance(fact, TransferSent):
        moved = fact.moved
        yield ledger_of(moved.other_book, ledgers), ReceiveTransfer(
            source=recorded.log, command_id=str(recorded.sequence), transfer_id=fact.transfer_id,
            book=moved.other_book, from_book=moved.book, instrument=moved.instrument,
            transfer_date=moved.transfer_date, lots=moved.lots, effective_at=fact.effective_at, reason=fact.reason,
            correlation_id=fact.correlation_id, causation_id=recorded.id,
        )
    elif isinstance(fact, CommandRefused) and fact.command == ReceiveTransfer.__name__ and _is_ours(fact):
        from_book, _, transfer_id = fact.subject.partition(":")[2].partition("/")
        yield fact.source, ReturnTransfer(
            source=recorded.log, command_id=str(recorded.sequence), transfer_id=transfer_id, book=from_book,
            to_book=fact.book or "", code=fact.code, detail=fact.detail, correlation_id=fact.correlation_id,
            causation_id=recorded.id,
        )


def _is_ours(fact: CommandRefused) -> bool:
    """What somebody else asked for is refused, and leads to nothing."""
    return fact.actor == SYSTEM.key_id and is_log(fact.source)
