"""The shape of the rules of one log: a state in memory, decide, and evolve."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol

import msgspec

from domain.commands import AnyCommand, Command
from domain.events import Event
from domain.outcomes import Principal
from domain.schema import Recorded
from domain.undo import UndoLog

Envelope = dict[str, Any]
"""The envelope fields of an event, by name, ready for its constructor: made for one command, which may change it."""


class Apart(msgspec.Struct, frozen=True, gc=False):
    """An event of another stream than the command's own, with its version there."""

    stream: str
    version: int
    event: Event


class Decider(Protocol):
    """The state changes only through ``evolve``, and only by way of ``undo``, so that a failed commit can step back."""

    @property
    def undo(self) -> UndoLog:
        """Through which the state changes."""

    @property
    def state_type(self) -> type[Any]:
        """What ``kept`` gives, as msgspec can write it."""

    def kept(self) -> Any:
        """A copy of the state without what may still step back; nothing of it changes any more."""

    def resume(self, state: Any) -> None:
        """Takes on a state that was kept; nothing was evolved before."""

    def business_date(self) -> date | None:
        """The log's business date; None before the first roll."""

    def stream(self, command: AnyCommand) -> str:
        """The stream that the command's events belong to, such as ``book:EQ-1``, but those that are ``Apart``."""

    def version(self, command: AnyCommand) -> int:
        """The version of that stream in memory; 0 for none."""

    def decide(self, command: AnyCommand, envelope: Envelope, principal: Principal) -> Sequence[Event | Apart]:
        """The events the command leads to, at least one, the last of them in the command's own stream.

        Raises:
            Refused: when the rules reject it.
        """

    def evolve(self, recorded: Recorded) -> None:
        """Takes an event into the state."""


def envelope_of(command: Command, actor: str, recorded_at: datetime, business_date: date | None) -> Envelope:
    """The envelope of every event a command leads to."""
    return {
        "effective_at": command.effective_at or recorded_at,
        "business_date": business_date or recorded_at.date(),
        "recorded_at": recorded_at,
        "actor": actor,
        "source": command.source,
        "command_id": command.command_id,
        "correlation_id": command.correlation_id,
        "causation_id": command.causation_id,
        "reason": command.reason,
    }
