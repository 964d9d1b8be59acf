"""Whose a command is that names no source of its own."""

import msgspec

from domain.commands import AnyCommand
from domain.outcomes import Submission
from domain.schema import business_content

UNNAMED_SOURCE = "api"


def submission_by(key_id: str, command: AnyCommand, content: bytes) -> Submission:
    """A command of the holder of a key; without a source of its own it has that of the key, on every way in."""
    if command.source == UNNAMED_SOURCE:
        command = msgspec.structs.replace(command, source=key_id)
        content = business_content(command)
    return Submission(command, content, key_id)
