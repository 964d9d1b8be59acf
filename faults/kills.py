"""Processes that are killed, or stopped until others have taken over, and wake up then."""

import os
import signal

from faults.processes import API, OWNER, WORKER, Running
from faults.rig import Rig


def api_killed(rig: Rig) -> str:
    """``kill -9`` of an API process, and its restart."""
    return _killed(rig, API)


def owner_killed(rig: Rig) -> str:
    """``kill -9`` of a process that decides for some log, and its restart."""
    return _killed(rig, OWNER)


def worker_killed(rig: Rig) -> str:
    """``kill -9`` of a process that keeps up read models, and its restart."""
    name = _killed(rig, WORKER)
    rig.reflects()
    return name


def owner_zombie(rig: Rig) -> str:
    """An owner stopped until another decides for all its logs, and woken then."""
    zombie = _at_work(rig, OWNER)
    lasting = len(rig.evidence.recorders)
    os.kill(zombie.process.pid, signal.SIGSTOP)
    try:
        rig.until(
            lambda: sum(each.owns() for each in rig.processes.of(OWNER) if each is not zombie) == lasting,
            "others take over",
        )
        rig.goes_on()
    finally:
        os.kill(zombie.process.pid, signal.SIGCONT)
    return zombie.name


def worker_zombie(rig: Rig) -> str:
    """A worker stopped until others have written what it would have, and woken then."""
    zombie = _at_work(rig, WORKER)
    os.kill(zombie.process.pid, signal.SIGSTOP)
    try:
        rig.goes_on(2)
        rig.reflects()
    finally:
        os.kill(zombie.process.pid, signal.SIGCONT)
    rig.reflects()
    return zombie.name


def _killed(rig: Rig, role: str) -> str:
    victim = _at_work(rig, role)
    victim.kill()
    victim.again()
    return victim.name


def _at_work(rig: Rig, role: str) -> Running:
    found: list[Running] = []

    def find() -> bool:
        victim = rig.processes.victim(role, rig.chance)
        found.extend([victim] if victim else [])
        return bool(found)

    rig.until(find, f"some {role} is at work")
    return found[0]
