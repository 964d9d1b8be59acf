"""A command as a Kafka record: its canonical bytes, who sent it, and the proof that Everbook let it in."""

import hmac
from collections.abc import Sequence
from typing import cast

import msgspec
from confluent_kafka import Message

from domain.batch import Unit
from domain.commands import AnyCommand, UnreadableCommand
from domain.outcomes import SYSTEM, Submission
from domain.routing import log_of
from domain.schema import MalformedCommand, decode_command

UNVERIFIED, NOT_AUTHENTIC = "unverified", "not-authentic"
Headers = list[tuple[str, str | bytes | None]]


class Return(msgspec.Struct, frozen=True):
    """Where an outcome is awaited: partition, whose request, and the place of its first command in that."""

    partition: int
    correlation: str
    place: int


class Asked(msgspec.Struct, frozen=True):
    """What one record asks for. ``seen`` is how much of the reference log its sender had seen."""

    offset: int
    unit: Unit
    dry_run: bool = False
    seen: int = 0
    back: Return | None = None

    @property
    def is_authentic(self) -> bool:
        """Whether the pepper that it was sealed with is that of the owner."""
        command = self.unit.submissions[0].command
        return not isinstance(command, UnreadableCommand) or command.code != NOT_AUTHENTIC


class BadRecord(Exception):
    """The record is no command of Everbook's; ``code`` is what its refusal says."""

    def __init__(self, code: str, detail: str, field: str = "", actor: str = UNVERIFIED) -> None:
        super().__init__(detail)
        self.code = code
        self.field = field
        self.actor = actor


class Seal:
    """Proves that a record was made by a process that knows the pepper, for this ledger, and not altered since."""

    def __init__(self, pepper: str, ledger_id: str) -> None:
        self._secret = hmac.digest(pepper.encode(), f"everbook commands of {ledger_id}".encode(), "sha256")

    def of(self, key_id: bytes, mode: bytes, seen: bytes, content: bytes) -> bytes:
        """Each field with its length before it, so that none can pass for a part of another."""
        fields = b"".join(len(field).to_bytes(8, "big") + field for field in (key_id, mode, seen, content))
        return hmac.digest(self._secret, fields, "sha256")


def encode(
    seal: Seal, submissions: Sequence[Submission], *, atomic: bool, dry_run: bool, seen: int, back: Return
) -> tuple[bytes, Headers]:
    """The value and headers of the record for one command, or for one atomic unit."""
    value = b"\n".join(submission.content for submission in submissions)
    key_id, reference = submissions[0].actor.encode(), b"%d" % seen
    mode = (b"atomic" if atomic else b"one") + (b" dry-run" if dry_run else b"")
    return value, [
        ("key", key_id), ("mode", mode), ("reference", reference), ("hmac", seal.of(key_id, mode, reference, value)),
        ("reply", f"{back.partition}:{back.correlation}:{back.place}".encode()),
    ]


def asked_by(message: Message, seal: Seal, topic_id: str, log: str, ledgers: int) -> Asked:
    """What a record asks of the owner of ``log``: one that is no command asks to be refused, by its place."""
    offset, value, back = cast(int, message.offset()), message.value() or b"", None
    headers = _headers(message)
    try:
        key_id = _require_sealed(headers, value, seal)
        back = _return(headers)
        mode = headers["mode"].split(b" ")
        lines = value.split(b"\n") if mode[0] == b"atomic" else [value]
        submissions = tuple(_submission(line, key_id, log, ledgers) for line in lines)
        return Asked(offset, Unit(submissions, mode[0] == b"atomic"), b"dry-run" in mode, int(headers["reference"]),
                     back)
    except BadRecord as error:
        place = f"{message.partition()}:{offset}"
        return Asked(offset, refusing(topic_id, place, error, value), back=back)


def refusing(topic_id: str, place: str, error: BadRecord, content: bytes) -> Unit:
    """The unit that records why what is at a place of a topic was not decided."""
    command = UnreadableCommand(
        source=f"kafka:{topic_id}", command_id=place, code=error.code, detail=str(error), field=error.field
    )
    return Unit((Submission(cast(AnyCommand, command), content, error.actor),))


def _headers(message: Message) -> dict[str, bytes]:
    found = message.headers() or []
    items = found.items() if isinstance(found, dict) else found
    return {name: value.encode() if isinstance(value, str) else value or b"" for name, value in items}


def _require_sealed(headers: dict[str, bytes], value: bytes, seal: Seal) -> str:
    try:
        fields = headers["key"], headers["mode"], headers["reference"]
        proof = headers["hmac"]
    except KeyError as error:
        raise BadRecord(NOT_AUTHENTIC, f"the record has no header {error}") from error
    if not hmac.compare_digest(proof, seal.of(*fields, value)):
        raise BadRecord(NOT_AUTHENTIC, "the record was not made by a process of this ledger, or was altered")
    key_id = fields[0].decode()
    if key_id == SYSTEM.key_id:
        raise BadRecord("not-permitted", "what Everbook commands by itself never comes as a record")
    return key_id


def _submission(line: bytes, key_id: str, log: str, ledgers: int) -> Submission:
    try:
        command, content = decode_command(line)
    except MalformedCommand as error:
        raise BadRecord("malformed", error.detail, error.field, key_id) from error
    if (right := log_of(command, ledgers)) != log:
        raise BadRecord("misrouted", f"the command belongs to {right}, and came to {log}", "", key_id)
    return Submission(command, content, key_id)


def _return(headers: dict[str, bytes]) -> Return | None:
    partition, _, rest = headers.get("reply", b"").decode("ascii", "replace").partition(":")
    correlation, _, place = rest.rpartition(":")
    if not (partition.isascii() and partition.isdigit() and place.isascii() and place.isdigit() and correlation):
        return None
    return Return(int(partition), correlation, int(place))
