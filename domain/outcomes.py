"""What a sender hands in, and what it is told."""

from typing import Literal

import msgspec

from domain.commands import AnyCommand
from domain.commands.reference import Role

EVERY_ROLE: tuple[Role, ...] = ("trader", "risk", "compliance", "operations", "reporting", "admin")


class Principal(msgspec.Struct, frozen=True):
    """Who asks: an API key with its roles and books (no books: every book)."""

    key_id: str
    name: str
    roles: tuple[Role, ...]
    books: tuple[str, ...] = ()

    def may_see(self, book: str) -> bool:
        return not self.books or book in self.books


SYSTEM = Principal("everbook", "Everbook itself", EVERY_ROLE)
"""The actor of what Everbook commands by itself, such as the business date carried into a ledger log."""


class Submission(msgspec.Struct, frozen=True, gc=False):
    """A command on its way to the owner of its log. ``content`` is its canonical bytes, ``actor`` the key id."""

    command: AnyCommand
    content: bytes
    actor: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """``first`` is what the command came to; ``repeated`` says that this is the answer to a repeat of it.

    ``sequence`` is its first event, ``count`` how many it has; an accepted one names the stream's new ``version``.
    A conflict (the key came before with other content, or its source is another's own) is refused without an event: its
    ``count`` is 0.
    """

    status: Literal["accepted", "refused"]
    source: str
    command_id: str
    log: str
    repeated: bool = False
    sequence: int = 0
    count: int = 0
    stream: str = ""
    version: int = 0
    code: str = ""
    detail: str = ""
    field: str = ""

    @property
    def position(self) -> str:
        """``log:sequence`` of the last event, the value of ``Everbook-Sequence``."""
        return f"{self.log}:{self.last_sequence}"

    @property
    def last_sequence(self) -> int:
        return self.sequence + max(self.count, 1) - 1
