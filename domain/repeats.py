"""The first answer to a command, told again from its receipt and its events."""

from domain.events import CommandRefused
from domain.outcomes import Outcome
from domain.ports import LogRecorder, Receipt
from domain.schema import recorded


def first_answer(log: str, recorder: LogRecorder, receipt: Receipt) -> Outcome:
    """What the command of ``receipt`` was told when it came first."""
    last = receipt.sequence + receipt.count - 1
    (notification,) = recorder.select_notifications(last, 1)
    known = recorded(log, last, notification)
    refusal = known.event if isinstance(known.event, CommandRefused) else None
    return Outcome(
        status="refused" if refusal else "accepted", source=receipt.source, command_id=receipt.command_id, log=log,
        sequence=receipt.sequence, count=receipt.count, stream=known.stream, version=known.version,
        code=refusal.code if refusal else "", detail=refusal.detail if refusal else "",
        field=refusal.field if refusal else "",
    )
