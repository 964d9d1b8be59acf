"""Ids of aggregates as text: other users of the library have UUIDs, and get UUIDs back."""

from uuid import UUID

_UUID = "uuid:"


def to_text(originator_id: UUID | str) -> str:
    return originator_id if isinstance(originator_id, str) else f"{_UUID}{originator_id}"


def from_text(text: str) -> UUID | str:
    return UUID(text[len(_UUID) :]) if text.startswith(_UUID) else text
