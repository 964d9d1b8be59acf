"""The JSON transcoder our factories give other users of the library: what comes back has the type that went in."""

import json
from typing import Any

from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    JSONTranscoder,
    Transcoding,
    TranscodingNotRegisteredError,
    UUIDAsHex,
)

_PLAIN = frozenset({str, int, float, bool, type(None)})


class TupleAsList(Transcoding):
    """A tuple, which JSON would give back as a list."""

    type = tuple
    name = "tuple_as_list"

    def encode(self, obj: tuple[Any, ...]) -> list[Any]:
        return list(obj)

    def decode(self, data: list[Any]) -> tuple[Any, ...]:
        return tuple(data)


class ExactTranscoder(JSONTranscoder):
    """Looks at every value itself, because the JSON encoder takes tuples and subclasses for what they are built on."""

    def __init__(self) -> None:
        super().__init__()
        self._json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
        for transcoding in (TupleAsList(), UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
            self.register(transcoding)

    def encode(self, obj: Any) -> bytes:
        return self._json.encode(self._exact(obj)).encode()

    def _exact(self, obj: Any) -> Any:
        kind = type(obj)
        if kind in _PLAIN:
            return obj
        if kind is list:
            return [self._exact(item) for item in obj]
        if kind is dict:
            return {key: self._exact(value) for key, value in obj.items()}
        transcoding = self.types.get(kind)
        if transcoding is None:
            raise TranscodingNotRegisteredError(
                f"Object of type {kind} is not serializable. Please define and register a custom transcoding for this "
                "type."
            )
        return {"_type_": transcoding.name, "_data_": self._exact(transcoding.encode(obj))}
