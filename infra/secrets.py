"""Secrets on disk: made once, readable by their owner alone."""

import contextlib
import hmac
import os
import secrets
from pathlib import Path

SECRET_BYTES = 32
OWNER_ONLY = 0o600


class ExposedSecret(Exception):
    """Others may read a file that holds a secret."""


class MissingSecret(Exception):
    """A file is not there that holds a secret of a ledger that exists."""


def new_secret() -> str:
    """256 random bits, safe in a header."""
    return secrets.token_urlsafe(SECRET_BYTES)


def secret_in(path: Path) -> str:
    """The secret in a file, which is made when there is none.

    Raises:
        ExposedSecret: when others than its owner may read it.
        MissingSecret: when the file is empty.
    """
    if not path.exists():
        publish(path, (new_secret() + "\n").encode())
    secret = read_private(path).decode().strip()
    if not secret:
        raise MissingSecret(f"{path} is empty: bring the secret along from where it was")
    return secret


def readable_secret(path: Path) -> str:
    """The secret in a file that is kept for its owner alone; nothing where there is none such."""
    try:
        return read_private(path).decode().strip()
    except (OSError, UnicodeDecodeError, ExposedSecret):
        return ""


def publish(path: Path, content: bytes) -> None:
    """Makes a file for its owner alone, whole or not at all; one that is there already stays."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def digest_of(pepper: str, secret: str) -> str:
    """What the reference log holds of a key: the HMAC-SHA-256 of its secret, in hexadecimal."""
    # ``hmac.digest`` gives up the interpreter's lock, and would wait for it at every request.
    return hmac.new(pepper.encode(), secret.encode(), "sha256").hexdigest()


def read_private(path: Path) -> bytes:
    """What a file holds that none but its owner may read.

    Raises:
        ExposedSecret: when others may.
    """
    if path.stat().st_mode & 0o077:
        raise ExposedSecret(f"{path} must be readable by its owner alone (mode 0600)")
    return path.read_bytes()
