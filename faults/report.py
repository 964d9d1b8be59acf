"""What people and machines see of a campaign."""

from collections import Counter
from typing import Any

from rich.text import Text

from api.cli.console import err, out, table
from faults.campaign import Result
from faults.checker import KINDS

SHOWN = 20


def show(result: Result) -> None:
    """A table of faults by kind, and the verdict."""
    kinds: dict[str, list[float]] = {}
    for done in result.done:
        kinds.setdefault(done.kind, []).append(done.seconds)
    lines = [(kind, len(seconds), round(sum(seconds) / len(seconds), 1), max(seconds))
             for kind, seconds in sorted(kinds.items())]
    every = [each.seconds for each in result.done] or [0.0]
    lines.append(("all", len(result.done), round(sum(every) / len(every), 1), max(every)))
    table(f"{len(result.done)} faults in {result.seconds / 60:.1f} minutes, seed {result.seed}",
          ("kind", "faults", "seconds until all went on", "longest"), lines)
    out.print(f"{result.acknowledged:,} acknowledged commands, {result.events:,} events; {result.forgotten:,} answers "
              "from beyond what was restored later")
    out.print("answers: " + ", ".join(f"{name} {count:,}" for name, count in sorted(result.told.items())))
    for missed in result.missed:
        out.print(f"did not come about: {missed}")
    for ended in result.ended:
        said = ended.said.splitlines()
        out.print(f"ended by itself ({ended.code}), and was started again: {ended.name}: {said[-1] if said else ''}")
    for finding in result.findings[:SHOWN]:
        err.print(Text.assemble((f"  {finding.kind}", "bold red"), f": {finding.what}"))
    told = ", ".join(f"{count} {kind}" for kind, count in _counted(result).items())
    out.print(Text.assemble(("every promise held", "green") if result.holds else ("BROKEN", "bold red"), f": {told}"))


def plain(result: Result) -> dict[str, Any]:
    """The same for machines."""
    return {
        "seed": result.seed, "holds": result.holds, "faults": Counter(each.kind for each in result.done),
        "found": _counted(result), "findings": result.findings, "acknowledged": result.acknowledged,
        "forgotten": result.forgotten, "events": result.events, "seconds": round(result.seconds, 1),
        "told": result.told, "ended": result.ended, "missed": result.missed, "done": result.done,
    }


def _counted(result: Result) -> dict[str, int]:
    found = Counter(each.kind for each in result.findings)
    return {kind: found[kind] for kind in KINDS}
