"""Signed checkpoints of a log's tree: C2SP tlog-checkpoint in a C2SP signed note, with Ed25519."""

import base64
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from infra.secrets import publish, read_private
from infra.store_settings import BadSetting, variable

ED25519 = b"\x01"
KEY_ID_BYTES = 4
KEY_BYTES = 32
SIGNATURE_LINE = "\u2014 "


class BadCheckpoint(Exception):
    """A text that is no checkpoint, or whose signature does not hold."""


class Checkpoint(msgspec.Struct, frozen=True):
    """The tree head of one log: ``origin`` is ``everbook/<ledger id>/<log>``."""

    origin: str
    size: int
    root: bytes

    @property
    def log(self) -> str:
        return self.origin.rsplit("/", 1)[-1]

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class Signer:
    """The ledger's own key, in a file of its owner alone."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key()

    @classmethod
    def open(cls, path: Path, given: str = "") -> "Signer":
        """The key in a file, which is made when there is none: of the one ``given`` in hexadecimal, or anew.

        Raises:
            ExposedSecret: when others may read the file.
            BadSetting: when what is given is no key, or not the one in the file.
        """
        key = _key_of(given) if given else b""
        if not path.exists():
            publish(path, key or Ed25519PrivateKey.generate().private_bytes_raw())
        found = read_private(path)
        if key and found != key:
            raise BadSetting(
                f"{path} holds another key than {variable('checkpoint_key')}: whichever is not the ledger's must go "
                "(keep the file elsewhere as long as checkpoints that it signed)"
            )
        return cls(Ed25519PrivateKey.from_private_bytes(found))

    @classmethod
    def of(cls, given: str) -> "Signer":
        """The key ``given`` in hexadecimal, for whoever keeps no file.

        Raises:
            BadSetting: when it is no key.
        """
        return cls(Ed25519PrivateKey.from_private_bytes(_key_of(given)))

    def sign(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a signed note."""
        name, text = checkpoint.origin, checkpoint.text
        signature = _key_id(name, self.public) + self._key.sign(text.encode())
        return f"{text}\n{SIGNATURE_LINE}{name} {base64.b64encode(signature).decode()}\n"

    def verifier(self, name: str) -> str:
        """The public key for whoever checks what is signed as ``name``: a verifier key of C2SP signed notes."""
        return f"{name}+{_key_id(name, self.public).hex()}+{base64.b64encode(ED25519 + _raw(self.public)).decode()}"


def public_of(verifier: str) -> Ed25519PublicKey:
    """The public key in a verifier key.

    Raises:
        BadCheckpoint: when it is none of Ed25519.
    """
    name, _, rest = verifier.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    key = _from_base64(encoded)
    if key[:1] != ED25519 or len(key) != KEY_BYTES + 1:
        raise BadCheckpoint(f"{verifier!r} is no verifier key of Ed25519")
    public = Ed25519PublicKey.from_public_bytes(key[1:])
    if key_id != _key_id(name, public).hex():
        raise BadCheckpoint(f"{verifier!r} is not whole: its id is of another key")
    return public


def opened(note: str, public: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint in a signed note.

    Raises:
        BadCheckpoint: when it is none, or ``public`` did not sign it.
    """
    text, _, signatures = note.partition("\n\n")
    checkpoint = _parse(text)
    for line in signatures.splitlines():
        name, _, encoded = line.removeprefix(SIGNATURE_LINE).rpartition(" ")
        signature = _from_base64(encoded)
        ours = line.startswith(SIGNATURE_LINE) and name == checkpoint.origin
        if ours and signature[:KEY_ID_BYTES] == _key_id(name, public):
            try:
                public.verify(signature[KEY_ID_BYTES:], checkpoint.text.encode())
            except InvalidSignature as error:
                raise BadCheckpoint(f"the signature of {checkpoint.origin} does not hold") from error
            return checkpoint
    raise BadCheckpoint(f"the checkpoint of {checkpoint.origin} is not signed by this ledger's key")


def split(notes: str) -> list[str]:
    """The signed notes of a file that holds several, one after the other."""
    found: list[str] = []
    note, signed = "", False
    for line in notes.splitlines(keepends=True):
        if signed and not line.startswith(SIGNATURE_LINE):
            found, note, signed = [*found, note], "", False
        note += line
        signed = signed or line.startswith(SIGNATURE_LINE)
    return [each.lstrip("\n") for each in [*found, note] if each.strip()]


def _parse(text: str) -> Checkpoint:
    lines = text.split("\n")
    try:
        origin, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError) as error:
        raise BadCheckpoint("a checkpoint is an origin, a size and a root on three lines") from error
    checkpoint = Checkpoint(origin, size, root)
    if checkpoint.text != text + "\n":
        raise BadCheckpoint(f"the checkpoint of {origin} is not written as this ledger writes it")
    return checkpoint


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise BadCheckpoint(f"{text!r} is no signature") from error


def _key_of(given: str) -> bytes:
    try:
        key = bytes.fromhex(given)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BadSetting(f"{variable('checkpoint_key')} must be {2 * KEY_BYTES} hexadecimal digits")
    return key


def _key_id(name: str, public: Ed25519PublicKey) -> bytes:
    return sha256(name.encode() + b"\n" + ED25519 + _raw(public)).digest()[:KEY_ID_BYTES]


def _raw(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
