"""``make bench``: every figure as a ratio, in one run, to the store underneath and to what one would pick instead."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from api.cli.garbage import Survivors
from benchmarks import bare, library, ours, posts, replay
from benchmarks.measure import Figure

QUICK = 10


def main() -> None:
    """Prints a table, and with --json FILE writes the same figures."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    options = parser.parse_args()
    share = QUICK if options.quick else 1
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="everbook-bench-") as folder:
        # As the command line does.
        Survivors().keep()
        run(Path(folder), share, figures)
    for figure in figures:
        sys.stdout.write(f"{figure.name:52} {figure.value:14,.1f} {figure.unit:14} {figure.against}\n")
    if options.json:
        options.json.write_text(json.dumps([figure.plain() for figure in figures], indent=2) + "\n")


def run(folder: Path, share: int, figures: list[Figure]) -> None:
    """Every benchmark, the ones that are compared after those they are compared with."""
    one_save = library.one_save(folder, 5_000 // share)
    appended = ours.book(folder / "ours", 100_000 // share)
    rows = bare.written(folder / "ours" / "events.db")
    alone, all_bytes = bare.insert(folder, {"events": rows["events"]}), bare.insert(folder, rows)
    ratios = (
        f"{appended.per_second / one_save:.1f} x the library, {appended.per_second / all_bytes:.2f} x the same bytes, "
        f"{appended.per_second / alone:.2f} x the events alone"
    )
    figures += [
        Figure("library, one aggregate, one save", one_save, "commands/s"),
        Figure("bare sqlite3 executemany of the same bytes", all_bytes, "commands/s"),
        Figure("  of the events alone, without receipts", alone, "commands/s"),
        Figure("BookTrade in bulk, to durable", appended.per_second, "commands/s", ratios),
        Figure("memory that the second half of them added", appended.memory_mib, "MiB"),
    ]
    figures += [*ours.project(appended), ours.folded(appended)]
    figures += replay.positions(1_000_000 // share)
    figures += posts.compare(folder / "http", 8_000 // share)


if __name__ == "__main__":
    main()
