"""Commands and events as bytes: deterministic JSON with sorted keys, readable in fifty years, hashable today."""

import hashlib
import json
from collections.abc import Callable

import msgspec
from eventsourcing.persistence import StoredEvent

from domain.commands import AnyCommand, Command
from domain.events import EVENT_TYPES, Event


class MalformedCommand(Exception):
    """The bytes are no command: ``field`` is the JSON path at fault. Nothing is recorded."""

    def __init__(self, detail: str, field: str = "$") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class UnknownEventType(Exception):
    """The log holds an event of a type that this version does not know."""


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event in its place: ``log`` and ``sequence`` name it for ever, ``stream`` and ``version`` its aggregate."""

    log: str
    sequence: int
    stream: str
    version: int
    type: str
    event: Event

    @property
    def id(self) -> str:
        return f"{self.log}:{self.sequence}"


Upcast = Callable[[dict[str, object]], dict[str, object]]
UPCASTS: dict[str, tuple[str, Upcast]] = {}
"""Old stored type -> (the type that replaces it, how its state becomes the new shape). Applied on reading only."""

_encoder = msgspec.json.Encoder(order="sorted")
_command_decoder = msgspec.json.Decoder(AnyCommand)
_event_decoders = {name: msgspec.json.Decoder(event) for name, event in EVENT_TYPES.items()}
_type_names = {event: name for name, event in EVENT_TYPES.items()}


def event_type(event: Event) -> str:
    """The stored type name of an event."""
    return _type_names[type(event)]


def encode(event: Event) -> bytes:
    """The state bytes of an event."""
    return _encoder.encode(event)


def decode(type_name: str, state: bytes) -> Event:
    """The event behind stored bytes, upcast to the present shape where it was written in an older one."""
    if decoder := _event_decoders.get(type_name):
        return decoder.decode(state)
    if type_name not in UPCASTS:
        raise UnknownEventType(f"no event type {type_name!r} is known")
    newer, upcast = UPCASTS[type_name]
    return decode(newer, _encoder.encode(upcast(msgspec.json.decode(state, type=dict[str, object]))))


def recorded(log: str, sequence: int, stored: StoredEvent) -> Recorded:
    """A stored event in its place, decoded."""
    return Recorded(
        log, sequence, str(stored.originator_id), stored.originator_version, stored.topic,
        decode(stored.topic, stored.state),
    )


def decode_command(line: bytes) -> tuple[AnyCommand, bytes]:
    """A command and its canonical bytes.

    Raises:
        MalformedCommand: when the bytes are not one command object with each key once.
    """
    try:
        command = _command_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(line, error) from error
    content = business_content(command)
    # Every key ends in the two characters `":`, so equal counts prove that no key came twice; else look closely.
    if line != content and line.count(b'":') != content.count(b'":'):
        _require_unique_keys(line)
    return command, content


def business_content(command: Command) -> bytes:
    """What the command asks for as canonical bytes: all but the reference sequence its sender had seen."""
    if command.reference_sequence is not None:
        command = msgspec.structs.replace(command, reference_sequence=None)
    return _encoder.encode(command)


def content_hash(content: bytes) -> bytes:
    """The SHA-256 by which a repeated key is told from a re-used one."""
    return hashlib.sha256(content).digest()


def _malformed(line: bytes, error: Exception) -> MalformedCommand:
    message, _, path = str(error).partition(" - at `")
    if "unknown field" in message or "missing required field" in message:
        name = message.split("`")[-2]
        return MalformedCommand(message, f"{path.rstrip('`') or '$'}.{name}")
    if path.startswith("$") is False and b'"type"' not in line and "type" in message:
        return MalformedCommand(message, "$.type")
    return MalformedCommand(message, path.rstrip("`") or "$")


def _require_unique_keys(line: bytes) -> None:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise MalformedCommand(f"the key {key!r} stands more than once in one object", f"$.{key}")
        return dict(pairs)

    json.loads(line, object_pairs_hook=unique)
