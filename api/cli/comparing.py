"""``verify --read-models``: what is served, held against what the logs fold to, while both go on."""

from collections.abc import Mapping
from itertools import chain

from api.cli.console import err, progress
from infra.comparison import Compared, hold_against_rebuild
from infra.everbook import Everbook
from projections.registry import PROJECTIONS

NAMED = 10
"""So many documents of a read model are named; JSON has them all."""


def compared(ledger: Everbook, quiet: bool) -> dict[str, Compared]:
    """Every read model, with a progress bar."""
    ledger.catch_up()
    with progress(quiet) as bar:
        task = bar.add_task("Rebuilding read models", total=sum(ledger.vector().values()))
        return hold_against_rebuild(
            ledger.logs.recorders, ledger.read_models, PROJECTIONS, lambda count: bar.advance(task, count)
        )


def show_compared(found: Mapping[str, Compared]) -> None:
    """What differs."""
    for model, each in found.items():
        if each.unreadable:
            err.print(f"  read model {model} cannot be read: {each.unreadable}: run everbook rebuild")
        elif each.differing:
            err.print(f"  read model {model} differs from its rebuild: run everbook rebuild; {_named(each.differing)}")


def _named(documents: tuple[str, ...]) -> str:
    more = len(documents) - NAMED
    return ", ".join(chain(documents[:NAMED], [f"and {more:,} more"] if more > 0 else ()))
