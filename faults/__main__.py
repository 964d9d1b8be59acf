"""``make faults``: kills, zombies, lost replies and lost data under load, and whether every promise held."""

import argparse
import random
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec

from api.cli.console import err, print_json, progress
from faults.campaign import Done, Result, judge, run
from faults.kinds import FAULTS
from faults.overload import LITTLE_ROOM
from faults.plan import planned
from faults.report import plain, show
from faults.rig import Broken, Rig, Servers
from infra.cluster import SERVERS, Cluster
from infra.cluster.elasticsearch import Elasticsearch

BROKEN = 2
SEEDS = 1_000_000


def main() -> int:
    """Prints what was done and the verdict; 2 when a promise was broken."""
    options = _options()
    seed = random.SystemRandom().randrange(SEEDS) if options.seed is None else options.seed
    err.print(f"seed {seed}: the same faults again with --faults {options.faults} --seed {seed}", highlight=False)
    folder = Path(tempfile.mkdtemp(prefix="everbook-faults-"))
    result = Result(seed=seed)
    kinds = [each for each in FAULTS if not options.only or each.name in options.only]
    with ExitStack() as stack:
        cluster = Cluster(folder / "cluster", launched={**SERVERS, "elasticsearch": Elasticsearch(LITTLE_ROOM)})
        stack.callback(cluster.down)
        cluster.up()
        at = cluster.endpoints
        servers = Servers(at["kafka"], at["hbase"], at["elasticsearch"], cluster)
        rig = stack.enter_context(Rig(servers, "faults", folder, seed))
        with progress(options.json) as bar:
            task = bar.add_task("Faults", total=options.faults)

            def told(done: Done) -> None:
                with (folder / "done").open("ab") as file:
                    file.write(msgspec.json.encode(done) + b"\n")
                bar.update(task, advance=1, description=f"Faults: {done.kind} ({done.what}), {done.seconds:.1f} s")

            run(rig, planned(kinds, options.faults, seed), result, told)
            judge(rig, result, lambda step: bar.update(task, description=f"Checking: {step}"))
    if result.holds and not options.keep:
        shutil.rmtree(folder)
    else:
        err.print(f"kept: {folder}", highlight=False)
    if options.json:
        print_json(plain(result))
    else:
        show(result)
    return 0 if result.holds else BROKEN


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=200, help="how many")
    parser.add_argument("--seed", type=int, help="what decides which faults come when; printed when it is not given")
    parser.add_argument("--only", action="append", choices=[each.name for each in FAULTS],
                        help="only faults of this kind")
    parser.add_argument("--json", action="store_true", help="one JSON document, for machines")
    parser.add_argument("--keep", action="store_true", help="keep the data folder, which is kept anyway when a promise "
                        "was broken")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as broken:
        sys.exit(f"error: {broken}")
