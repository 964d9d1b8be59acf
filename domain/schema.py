"""Commands and events as bytes: deterministic JSON with sorted keys, readable in fifty years, hashable today."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
from eventsourcing.persistence import StoredEvent

from domain.commands import AnyCommand, Command
from domain.events import EVENT_TYPES, Event

LONGEST_DETAIL = 300
PLAIN_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
# Where a number may be written in a way that only Python takes: with underscores, spaces, or digits of other scripts.
_PERHAPS_NOT_PLAIN = re.compile(rb'[0-9]_|_[0-9]|[\x80-\xff]|\\|"\s+[-+.0-9]|[0-9]\s+"')


class MalformedCommand(Exception):
    """The bytes are no command: ``field`` is the JSON path at fault. Nothing is recorded.

    ``is_json`` says whether they are JSON at all. What is long is cut, for it comes from the sender.
    """

    def __init__(self, detail: str, field: str = "$", *, is_json: bool = True) -> None:
        super().__init__(detail[:LONGEST_DETAIL])
        self.detail = detail[:LONGEST_DETAIL]
        self.field = field[:LONGEST_DETAIL]
        self.is_json = is_json


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
        raise malformed_by(error) from error
    except RecursionError as error:
        raise MalformedCommand("the JSON is nested too deeply") from error
    content = business_content(command)
    # A key that is written plainly ends in the two characters `":`, so equal counts prove that none came twice.
    if line != content and (line.count(b'":') != content.count(b'":') or not _is_plain(line)):
        require_unique_keys(line)
    if line != content and _PERHAPS_NOT_PLAIN.search(line):
        _require_plain_numbers(_loaded(line), _loaded(content), "$")
    return command, content


def business_content(command: Command) -> bytes:
    """What the command asks for as canonical bytes: all but the reference sequence its sender had seen."""
    if command.reference_sequence is not None:
        command = msgspec.structs.replace(command, reference_sequence=None)
    return _encoder.encode(command)


def content_hash(content: bytes) -> bytes:
    """The SHA-256 by which a repeated key is told from a re-used one."""
    return hashlib.sha256(content).digest()


def malformed_by(error: Exception) -> MalformedCommand:
    """What is wrong with a command, as msgspec says it."""
    if not isinstance(error, msgspec.ValidationError):
        return MalformedCommand(str(error), is_json=False)
    message, _, path = str(error).rpartition(" - at `")
    if not message:
        message, path = path, "$"
    path = path.rpartition(" in `")[2].rstrip("`")
    if message.startswith(("Object contains unknown field `", "Object missing required field `")):
        return MalformedCommand(message, f"{path}.{message.partition('`')[2].rstrip('`')}")
    return MalformedCommand(message, path)


def _loaded(line: bytes, pairs: "Callable[[list[tuple[str, Any]]], Any] | None" = None) -> object:
    try:
        found: object = json.loads(line, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        # A whole number of thousands of digits, such as no field takes.
        raise MalformedCommand(f"the JSON cannot be read: {error}") from error
    return found


def _is_plain(line: bytes) -> bool:
    """Whether no key is escaped, and none has a space before its colon."""
    return not any(each in line for each in (b"\\", b" :", b"\t:", b"\n:", b"\r:"))


def _require_plain_numbers(said: object, taken: object, path: str) -> None:
    """Whether every decimal was ``said`` as JSON writes it, and not only as Python would take it."""
    if isinstance(said, dict) and isinstance(taken, dict):
        for name in said.keys() & taken.keys():
            _require_plain_numbers(said[name], taken[name], f"{path}.{name}")
    elif isinstance(said, list) and isinstance(taken, list):
        for place, pair in enumerate(zip(said, taken, strict=False)):
            _require_plain_numbers(*pair, f"{path}[{place}]")
    elif isinstance(said, str) and isinstance(taken, str) and is_plain_number(taken) and not is_plain_number(said):
        raise MalformedCommand(f"{said!r} is no number as JSON writes it", path)


def is_plain_number(text: str) -> bool:
    """Whether it is a decimal number in digits, as any system writes it."""
    return PLAIN_NUMBER.fullmatch(text) is not None


class _Pairs(tuple[tuple[str, object], ...]):
    """An object of JSON as it was written, key by key."""


def require_unique_keys(line: bytes) -> None:
    """Whether no object of the JSON in ``line`` has a key twice.

    Raises:
        MalformedCommand: naming the key.
    """
    found: list[tuple[str, object]] = [("$", _loaded(line, _Pairs))]
    while found:
        path, value = found.pop()
        if isinstance(value, list):
            found += [(f"{path}[{place}]", each) for place, each in enumerate(value)]
        elif isinstance(value, _Pairs):
            seen: set[str] = set()
            for key, each in value:
                if key in seen:
                    raise MalformedCommand(f"the key {key!r} stands more than once in one object", f"{path}.{key}")
                seen.add(key)
                found.append((f"{path}.{key}", each))
