"""Faults one after another, under load, and the verdict at the end."""

import time
from collections.abc import Callable, Sequence

import msgspec

from faults import checker
from faults.checker import Finding
from faults.kinds import Fault
from faults.processes import Ended
from faults.rig import Broken, Missed, Rig
from infra.rebuild import compare
from infra.verification import verify
from projections.fold import DEAD_LETTERS, DeadLetter
from projections.registry import PROJECTIONS

LAST_ANSWERS_SECONDS = 120.0
PAUSE_SECONDS = (0.0, 1.5)


class Done(msgspec.Struct, frozen=True):
    """A fault that was brought about, and how long it took until all went on."""

    kind: str
    what: str
    seconds: float


class Result(msgspec.Struct, kw_only=True):
    """What was done, and what came of it."""

    seed: int
    done: list[Done] = []
    findings: list[Finding] = []
    missed: list[str] = []
    ended: list[Ended] = []
    told: dict[str, int] = {}
    acknowledged: int = 0
    forgotten: int = 0
    events: int = 0
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return not self.findings


def run(rig: Rig, plan: Sequence[Fault], result: Result, on_done: Callable[[Done], None] = lambda _done: None) -> None:
    """Brings about each fault of the plan; stops at one after which not all goes on."""
    began = time.monotonic()
    rig.goes_on()
    for fault in plan:
        started = time.monotonic()
        try:
            time.sleep(rig.chance.uniform(*PAUSE_SECONDS))
            what = fault.act(rig)
            rig.goes_on()
            if fault.reflects:
                rig.reflects()
        except Missed as missed:
            result.missed.append(f"{fault.name}: {missed}")
            continue
        except Broken as broken:
            result.findings.append(Finding(broken.finding.kind, f"after {fault.name}: {broken}"))
            break
        result.done.append(Done(fault.name, what, round(time.monotonic() - started, 2)))
        on_done(result.done[-1])
    result.seconds = time.monotonic() - began


def judge(rig: Rig, result: Result, on_step: Callable[[str], None] = lambda _step: None) -> None:
    """Lets the load end, and holds everything against everything."""
    result.findings += [Finding("stalled", each) for each in rig.load.end(LAST_ANSWERS_SECONDS)]
    try:
        rig.look_anew()
        on_step("read models catch up")
        rig.reflects()
        rig.until(lambda: _is_published(rig), "the topics have what the logs have", 30)
    except Broken as broken:
        result.findings.append(broken.finding)
    result.findings += verdict(rig, result, on_step)
    result.ended, result.told = rig.processes.ended, dict(rig.load.told())


def verdict(rig: Rig, result: Result, on_step: Callable[[str], None] = lambda _step: None) -> list[Finding]:
    """Every broken promise that is to be found."""
    evidence, found = rig.evidence, list[Finding]()
    on_step("logs")
    for log, recorder in evidence.recorders.items():
        found += checker.chain(verify(log, recorder))
    logs, answers = evidence.logs(), rig.journal.answers()
    places = checker.places_of(logs)
    result.acknowledged, result.forgotten = len({each.key for each in answers}), len(rig.journal.forgotten)
    result.events = sum(map(len, logs.values()))
    on_step("answers")
    found += checker.acknowledged(answers, places, evidence.receipts(places))
    found += checker.unpromised(rig.journal.forgotten, places)
    found += checker.order(answers)
    on_step("topics")
    for log, events in logs.items():
        found += checker.topic(log, events, evidence.published(log))
    on_step("read models")
    letters = [each.id for each in rig.read_models.scan(DEAD_LETTERS, "") if isinstance(each, DeadLetter)]
    found += checker.read_models(compare(evidence.recorders, rig.read_models, PROJECTIONS), letters)
    return found


def _is_published(rig: Rig) -> bool:
    found = (checker.topic(log, events, rig.evidence.published(log)) for log, events in rig.evidence.logs().items())
    return not any(True for of_log in found for _ in of_log)

