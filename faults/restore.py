"""The log comes back from an older backup: who is ahead of it has to notice, and stops until what is ahead is gone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from faults.processes import API, OWNER, ROOT, WORKER
from faults.rig import Broken, Rig
from faults.servers import away
from faults.topics import make_anew

KEPT = ("data", "zookeeper")
REBUILD_SECONDS = 600


def log_restored(rig: Rig) -> str:
    """HBase's files are put back as they were some requests before; then an operator does what Everbook demands."""
    backup = rig.folder / "backup"
    with away(rig, "hbase") as cluster:
        _copy(cluster.data / "hbase", backup)
    rig.goes_on(5)
    rig.reflects()
    before = rig.evidence.vector()
    rig.reflects()
    rig.processes.kill_all()
    with rig.load.held():
        with away(rig, "hbase") as cluster:
            _copy(backup, cluster.data / "hbase")
        rig.look_anew()
        vector = rig.evidence.vector()
        rig.journal.restored(vector)
    cut = {log: last for log, last in before.items() if last > vector[log]}
    rig.processes.start_all()
    rig.until(lambda: _is_noticed(rig, cut), f"that {', '.join(cut)} were restored is noticed", kind="unnoticed")
    _require_untouched(rig, vector, cut)
    _make_anew(rig)
    shutil.rmtree(backup)
    return ", ".join(f"{log} from {last} to {vector[log]}" for log, last in cut.items())


def _is_noticed(rig: Rig, cut: Collection[str]) -> bool:
    """Nobody decides for a log that its topic is ahead of, and nobody folds it."""
    owners = "".join(each.said() for each in rig.processes.of(OWNER))
    workers = "".join(each.said() for each in rig.processes.of(WORKER))
    return "ReadModelsAhead" in workers and all(f"has {log} up to" in owners for log in cut)


def _require_untouched(rig: Rig, vector: dict[str, int], cut: Collection[str]) -> None:
    now = rig.evidence.vector()
    if grown := [log for log in cut if now[log] != vector[log]]:
        raise Broken("unnoticed", f"{', '.join(grown)} went on, behind their topics and read models")


def _make_anew(rig: Rig) -> None:
    """Topics that are ahead of their logs go, and every read model is folded anew, under load."""
    rig.processes.kill_all()
    topics = rig.evidence.topics
    make_anew(rig, [name for name in topics.partitions() if name != topics.commands])
    rig.processes.start_all()
    environment = {**os.environ, **rig.environments()[API]}
    rebuilt = subprocess.run(
        [sys.executable, "-m", "api", "rebuild", "--json"], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=False, timeout=REBUILD_SECONDS,
    )
    if rebuilt.returncode:
        raise Broken("stalled", f"the read models cannot be rebuilt: {rebuilt.stderr[-500:]}")


def _copy(source: Path, target: Path) -> None:
    for name in KEPT:
        if (target / name).exists():
            shutil.rmtree(target / name)
        shutil.copytree(source / name, target / name)
