"""Secrets on disk: made once, readable by their owner alone."""

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

SECRET_BYTES = 32
OWNER_ONLY = 0o600


class ExposedSecret(Exception):
    """Others may read a file that holds a secret."""


def new_secret() -> str:
    """256 random bits, safe in a header."""
    return secrets.token_urlsafe(SECRET_BYTES)


def secret_in(path: Path) -> str:
    """The secret in a file, which is made when there is none.

    Raises:
        ExposedSecret: when others than its owner may read it.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY)
    except FileExistsError:
        return _read(path)
    secret = new_secret()
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    return secret


def digest_of(pepper: str, secret: str) -> str:
    """What the reference log holds of a key: the HMAC-SHA-256 of its secret, in hexadecimal."""
    return hmac.new(pepper.encode(), secret.encode(), sha256).hexdigest()


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise ExposedSecret(f"{path} must be readable by its owner alone (mode 0600)")
    return path.read_text().strip()
