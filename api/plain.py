"""Figures as people and machines read them: no exponent, and no row of zeros that says nothing."""

from decimal import Decimal
from typing import Any

import msgspec


def plain_number(value: Decimal) -> str:
    """``value`` in full: ``0E-12`` as 0.00, ``9125.500000`` as 9125.50; ``4.50`` and ``100`` stay as they are."""
    whole, point, decimals = f"{value:f}".partition(".")
    text = whole + point + decimals[:2] + decimals[2:].rstrip("0")
    return text.removeprefix("-") if not value else text


def plain(content: Any) -> Any:
    """``content`` as what JSON has, its decimals as plain strings."""
    return _plain(msgspec.to_builtins(content, builtin_types=(Decimal,)))


def _plain(content: Any) -> Any:
    if isinstance(content, Decimal):
        return plain_number(content)
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return content
