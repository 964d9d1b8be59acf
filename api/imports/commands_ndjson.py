"""``commands-ndjson``: one command of any kind a line, as ``POST /v1/commands`` takes them."""

from collections.abc import Iterator
from pathlib import Path

from api.imports.lines import Line, byte_lines
from domain.schema import MalformedCommand, decode_command


def read_commands(path: Path) -> Iterator[Line]:
    """The commands of a file; empty lines are skipped."""
    for number, line in byte_lines(path):
        if not line.strip():
            continue
        try:
            yield Line(number, *decode_command(line.rstrip(b"\r\n")))
        except MalformedCommand as error:
            yield Line(number, error=error)
