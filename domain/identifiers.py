"""Identifiers of instruments, parties and venues, held against their check digits and code structure."""

import re

from domain.refusals import Refused

_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]\Z")
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}\Z")
_MIC = re.compile(r"[A-Z0-9]{4}\Z")
_CFI = re.compile(r"[A-Z]{6}\Z")
_CFI_CATEGORIES = frozenset("ECDROFSHIJKLTM")


def require_isin(value: str, field: str) -> str:
    """ISO 6166: two letters, nine characters, and a Luhn check digit over the letters read as numbers (A = 10).

    Raises:
        Refused: naming ``field``.
    """
    if not _ISIN.match(value):
        raise Refused("invalid-isin", "an ISIN is two letters, nine letters or digits and a check digit", field)
    if luhn(_numeral(value[:-1])) != int(value[-1]):
        raise Refused("invalid-isin", f"{value} has a wrong check digit", field)
    return value


def require_lei(value: str, field: str) -> str:
    """ISO 17442: twenty characters of which the last two check the rest by ISO 7064 MOD 97-10.

    Raises:
        Refused: naming ``field``.
    """
    if not _LEI.match(value):
        raise Refused("invalid-lei", "a LEI is eighteen letters or digits and two check digits", field)
    if int(_numeral(value)) % 97 != 1:
        raise Refused("invalid-lei", f"{value} has wrong check digits", field)
    return value


def require_mic(value: str, field: str) -> str:
    """ISO 10383: four letters or digits.

    Raises:
        Refused: naming ``field``.
    """
    if not _MIC.match(value):
        raise Refused("invalid-mic", "a MIC is four capital letters or digits", field)
    return value


def require_cfi(value: str, field: str) -> str:
    """ISO 10962: six letters, of which the first is one of the fourteen categories.

    Raises:
        Refused: naming ``field``.
    """
    if not _CFI.match(value) or value[0] not in _CFI_CATEGORIES:
        raise Refused("invalid-cfi", "a CFI is six capital letters that begin with a category of ISO 10962", field)
    return value


def isin_of(prefix: str) -> str:
    """The ISIN whose first eleven characters are ``prefix``."""
    return f"{prefix}{luhn(_numeral(prefix))}"


def lei_of(prefix: str) -> str:
    """The LEI whose first eighteen characters are ``prefix``."""
    return f"{prefix}{98 - int(_numeral(prefix) + '00') % 97:02d}"


def luhn(digits: str) -> int:
    """The digit that completes ``digits``: every second one from the right is doubled, and the sum made a ten."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in reversed(digits[::-1][0::2]))
    return -(doubled + sum(int(digit) for digit in digits[::-1][1::2])) % 10


def _numeral(value: str) -> str:
    return "".join(str(int(character, 36)) for character in value)
