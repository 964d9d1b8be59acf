"""``bench``: the benchmarks of a checkout."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import fail

CHECKOUT = Path(__file__).resolve().parents[2]


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of everything")] = False,
    figures: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file too")] = None,
) -> None:
    """Measures speed, as ratios to the store and to the library."""
    written = ["--json", str(figures.resolve())] if figures else []
    run_benchmarks(CHECKOUT, [*(["--quick"] if quick else []), *written])


def run_benchmarks(checkout: Path, arguments: Sequence[str]) -> None:
    """Runs the package ``benchmarks`` of a checkout, in a process of its own."""
    if not (checkout / "benchmarks" / "__main__.py").exists():
        raise fail("the benchmarks come with a checkout of Everbook, and are not installed with it")
    code = subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=checkout, check=False).returncode
    if code:
        raise typer.Exit(code)
