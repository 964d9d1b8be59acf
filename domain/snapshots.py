"""A log's state at one of its commits, so that the log need not be read from its beginning."""

import hashlib
import zlib
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

RULES = 2
"""Raised when the rules make another state of the same events, and its shape stays as it was."""
QUICKLY = 1
_encoder = msgspec.json.Encoder()
State = TypeVar("State")


class Snapshot(msgspec.Struct, Generic[State], frozen=True, kw_only=True):
    """``state`` reflects the events of ``log`` up to ``sequence``, where the commit ends that began with
    ``first_sequence`` and has ``root``. ``form`` is that of the state.
    """

    log: str
    form: str
    first_sequence: int
    sequence: int
    recorded_at: datetime
    root: bytes
    state: State


class Snapshots(Protocol):
    """Where snapshots are kept. They only help: what was lost, or cannot be read, is read from the log."""

    every: int
    """After how many events the next one is due."""

    def ready(self) -> bool:
        """Whether another one may be saved now."""

    def save(self, snapshot: Snapshot[Any]) -> None:
        """Takes a snapshot whose state nobody changes any more, and returns at once."""

    def read(self, log: str) -> bytes | None:
        """The bytes of the last one, if there is any."""


def encoded(snapshot: Snapshot[Any]) -> bytes:
    return zlib.compress(_encoder.encode(snapshot), QUICKLY)


def decoded(data: bytes, log: str, state_type: type[Any]) -> Snapshot[Any] | None:
    """The snapshot behind bytes; None when it is of another log or form, or is none at all."""
    try:
        plain = zlib.decompress(data)
        # Whether the state can be read is known by its form.
        snapshot = msgspec.json.decode(plain, type=Snapshot[msgspec.Raw])
        if (snapshot.log, snapshot.form) != (log, form_of(state_type)):
            return None
        state = msgspec.json.decode(snapshot.state, type=state_type)
    except (zlib.error, msgspec.MsgspecError):
        return None
    return msgspec.structs.replace(snapshot, state=state)


def form_of(state_type: type[Any]) -> str:
    """Another one whenever the shape of the state changes, in whatever depth, or the rules do."""
    shape = hashlib.sha256(_encoder.encode(msgspec.json.schema(state_type))).hexdigest()
    return f"{RULES}-{shape[:16]}"
