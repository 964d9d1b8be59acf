"""``replay``: the events themselves, one a line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from api.cli.console import err, fail
from api.cli.opening import Data, expected, settings_of
from api.problems import Problem
from api.reading import vector_of
from api.replaying import filter_of, replayed
from domain.outcomes import SYSTEM
from infra.stored_logs import stored_logs

EVERYTHING = 1 << 62


def replay(
    *, data: Data = None,
    after: Annotated[str | None, typer.Option(help="After these sequences: ledger-0:17,market:3")] = None,
    types: Annotated[str | None, typer.Option(help="Only these stored types, with commas between")] = None,
    book: Annotated[str | None, typer.Option(help="Only this book")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Recorded at or after, RFC 3339")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Recorded before, RFC 3339")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file, not to standard output")] = None,
) -> None:
    """Replays the logs as NDJSON, log by log, each in its own order."""
    with expected(), stored_logs(settings_of(data)) as logs:
        try:
            wanted = filter_of(SYSTEM, types=types, book=book, since=since, to=to)
            starts = vector_of(after, tuple(logs), "--after") if after is not None else {}
        except Problem as problem:
            raise fail(problem.detail) from problem
        count = 0
        with _target(out) as file:
            for lines in replayed(wanted, logs, starts, EVERYTHING):
                file.write(b"".join(line + b"\n" for line in lines))
                count += len(lines)
    if out is not None:
        err.print(f"{count:,} events in {out}")


@contextmanager
def _target(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with path.open("wb") as file:
            yield file
