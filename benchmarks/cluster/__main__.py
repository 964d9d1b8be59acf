"""``make bench-cluster``: on the servers that are set, else on some of this machine for as long as it takes."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from api.cli.demo_place import clustered
from api.cli.garbage import Survivors
from api.cli.opening import everbook
from api.cli.posting import post, submission
from api.cli.worker_process import worker_process
from benchmarks.cluster import owner, paced, projecting, sustained
from benchmarks.measure import Figure
from benchmarks.world import FOUNDATION, bookings
from domain.outcomes import Submission
from domain.schema import decode_command
from infra.cluster_everbook import ClusterEverbook
from infra.everbook import ADMIN
from infra.settings import Settings

SHORT, SHORTER = 10, 3


def main() -> None:
    """Prints a table, and with --json FILE writes the same figures."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="a tenth of the time, a third of the trades")
    parser.add_argument("--trades", type=int, default=30_000, help="how many the owner is to book at once")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long the load is sustained")
    options = parser.parse_args()
    share = SHORT if options.quick else 1
    figures: list[Figure] = []
    # As the command line does.
    Survivors().keep()
    with clustered(None, None, quiet=True) as settings:
        for figure in run(settings, options.trades // min(share, SHORTER), options.seconds / share):
            sys.stdout.write(f"{figure.name:52} {figure.value:14,.1f} {figure.unit:14} {figure.against}\n")
            sys.stdout.flush()
            figures.append(figure)
    if options.json:
        options.json.write_text(json.dumps([figure.plain() for figure in figures], indent=2) + "\n")


def run(settings: Settings, trades: int, seconds: float) -> Iterator[Figure]:
    """What is asked for and what it is held against, on one ledger that grows from part to part."""
    with everbook(settings, announce=False) as opened:
        assert isinstance(opened, ClusterEverbook)
        opened.start()
        with worker_process(settings, "ledger"):
            post(opened, [submission(command, ADMIN) for command in FOUNDATION], lambda _count: None)
        load = (Submission(*decode_command(line), ADMIN) for line in bookings(1_000_000))
        yield from owner.figures(opened, settings, load, trades)
        found, bulk = projecting.figures(opened, settings.elasticsearch_url)
        yield from found
        with worker_process(settings, "ledger"), worker_process(settings):
            yield from sustained.figures(opened, load, seconds, bulk)
            yield from paced.figures(opened, load, max(seconds / SHORT, SHORT))


if __name__ == "__main__":
    main()
