"""What read models say about the business: the same in every ledger that was told the same, wherever it is kept."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec

from domain.outcomes import SYSTEM
from domain.routing import is_log
from projections.projection import Document

RECORDED = frozenset({
    "id", "log", "sequence", "event", "events", "supersedes", "terms_sequence", "known_from_sequence",
    "known_to_sequence", "recorded_at", "raised_at", "booked_at", "changed_at", "known_from", "known_to", "at", "ended",
})
"""Fields that say where and when something was recorded. An id is made of such a place, or of other fields."""
DATED = frozenset({"effective_at", "business_date"})
"""Fields that are taken from the moment of recording when the command names no time of its own."""

_encoder = msgspec.json.Encoder(order="sorted")


def business_digest(documents: Iterable[Document]) -> str:
    """SHA-256 over what the documents of one read model say about the business, in whatever order they come.

    Left out is where and when it was recorded, but not whether it was; and what Everbook commanded by itself, which
    every log has.
    """
    hashes = sorted(
        sha256(_encoder.encode(_business(each))).digest() for each in documents
        if not _is_own(getattr(each, "source", ""))
    )
    return sha256(b"".join(hashes)).hexdigest()


def _is_own(source: str) -> bool:
    """Whether Everbook commanded it by itself: what carries on from log to log depends on how many there are."""
    return source == SYSTEM.key_id or is_log(source)


def _business(document: Document) -> Any:
    content: dict[str, Any] = msgspec.to_builtins(document)
    if "effective_at" in content and content["effective_at"] == content.get("recorded_at"):
        content = {name: value for name, value in content.items() if name not in DATED}
    if content.get("valid_from") is not None and content["valid_from"] == content.get("known_from"):
        del content["valid_from"]
    return _without_places(content)


def _without_places(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            name: _without_places(value) if name not in RECORDED else value is not None
            for name, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [_without_places(each) for each in content]
    return content
