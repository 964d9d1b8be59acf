"""What every command carries, whatever it asks for."""

from datetime import datetime
from typing import Annotated

import msgspec

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]*\Z")]
"""An identifier made by a client: it may stand inside a document id, so it holds no slash and no space."""
Reference = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""A key that must be defined already, and was held against the pattern then."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=1000)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Command(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="type",
    tag=True, gc=False,
):
    """An intent. Its key is (``source``, ``command_id``), made by the client; the same key is one effect for ever.

    ``reference_sequence`` is the place in the reference log that the sender has seen: it orders, and is no part of the
    content. ``expected_version`` is the version of the stream the sender has seen.
    """

    command_id: Key
    source: Key = "api"
    effective_at: Moment | None = None
    reason: Text | None = None
    correlation_id: Key | None = None
    causation_id: Key | None = None
    expected_version: Annotated[int, msgspec.Meta(ge=0)] | None = None
    reference_sequence: Annotated[int, msgspec.Meta(ge=0)] | None = None


class UnreadableCommand(Command, frozen=True, kw_only=True):
    """Stands for what came where commands come, and is none; its key says where. It is refused by the name of its
    ``code``, and nobody can send it.
    """

    code: str
    detail: str
    field: str = ""
