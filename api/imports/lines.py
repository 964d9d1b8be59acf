"""Lines of an imported file."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from domain.commands import AnyCommand
from domain.schema import MalformedCommand, business_content, decode_command


class Line(msgspec.Struct, frozen=True):
    """A command and its canonical bytes from line ``number``, or what is wrong with that line."""

    number: int
    command: AnyCommand | None = None
    content: bytes = b""
    error: MalformedCommand | None = None


class UnreadableFile(Exception):
    """A file that is not of its format at all, or from ``line`` on."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(f"line {line}: {detail}")
        self.line = line
        self.detail = detail


def taken(number: int, command: AnyCommand) -> Line:
    """A line that is a command."""
    return Line(number, command, business_content(command))


def held(number: int, command: AnyCommand) -> Line:
    """A line whose command was made of its fields: they are held against their shapes here."""
    try:
        return Line(number, *decode_command(business_content(command)))
    except MalformedCommand as error:
        return Line(number, error=error)


def broken(number: int, detail: str, field: str) -> Line:
    """A line that is none; ``field`` is the column or path at fault."""
    return Line(number, error=MalformedCommand(detail, field))


def _unpacked(path: Path) -> BinaryIO:
    """The file's bytes, unpacked when its name ends in gz."""
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def byte_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The file's lines and their numbers.

    Raises:
        UnreadableFile: naming the line from which on it cannot be unpacked or read.
    """
    number = 0
    try:
        with _unpacked(path) as file:
            for number, line in enumerate(file, 1):
                yield number, line
    except (EOFError, zlib.error, OSError) as error:
        raise UnreadableFile(number + 1, f"it cannot be read: {error}") from error


def text_lines(path: Path) -> Iterator[str]:
    """The file's lines as UTF-8, without their ends and without a byte-order mark.

    Raises:
        UnreadableFile: naming the line that is no UTF-8, or cannot be read.
    """
    for number, line in byte_lines(path):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableFile(number, f"it is no UTF-8: {error}") from error
        yield text.rstrip("\r\n")
