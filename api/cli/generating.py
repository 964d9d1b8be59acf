"""``generate``: a trading day as a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import err, progress
from api.cli.opening import expected
from api.generator import Shape, TradingDay
from domain.commands import AnyCommand
from domain.schema import business_content


def generate(
    out: Annotated[Path, typer.Option("--out", help="Where to write the commands, one a line")],
    trades: Annotated[int, typer.Option(min=1, help="How many trades")] = 10_000,
    seed: Annotated[int, typer.Option(help="Another seed, another day")] = 7,
    reference: Annotated[bool, typer.Option(help="Define desks, books and instruments first")] = True,
) -> None:
    """Makes a trading day of any size: the same seed, the same bytes. Import it as commands-ndjson."""
    count = 0
    with expected(), progress() as bar, out.open("wb") as file:
        task = bar.add_task("Generating", total=None)
        for command in _commands(TradingDay(Shape(trades=trades, seed=seed)), reference=reference):
            file.write(business_content(command) + b"\n")
            count += 1
            bar.advance(task)
    err.print(f"{count:,} commands in {out}")


def _commands(day: TradingDay, *, reference: bool) -> Iterator[AnyCommand]:
    if reference:
        yield from day.reference_commands()
    yield from day.day_commands()
