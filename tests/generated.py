"""A generated day in memory, decided as a demo posts it."""

from itertools import groupby

from api.generator import Shape, TradingDay
from domain.batch import Unit
from domain.commands import AnyCommand, IssueKey, TransferPosition
from domain.outcomes import EVERY_ROLE, Outcome
from domain.ports import LogRecorder
from domain.routing import REFERENCE
from domain.schema import Recorded
from infra.logs import CommandedLogs, submission_of
from infra.memory.recorder import MemoryRecorder
from infra.requests import runs
from tests.transfers import events_in

ADMIN = "admin"
AT_ONCE = 500


class Decided:
    """What every command of the day came to, by its id, and the logs."""

    def __init__(self, shape: Shape, ledgers: int) -> None:
        kept: dict[str, LogRecorder] = {}
        self.logs = CommandedLogs(lambda log: kept.setdefault(log, MemoryRecorder()), ledgers)
        self.outcomes: dict[str, Outcome] = {}
        key = IssueKey(command_id="key", key_id=ADMIN, name=ADMIN, digest="0" * 64, roles=EVERY_ROLE)
        self.logs.commit(REFERENCE, [Unit((submission_of(key),))])
        day = TradingDay(shape)
        for moves, run in groupby((*day.reference_commands(), *day.day_commands()), _moves):
            self._post(list(run))
            if moves:
                self.logs.carry_all()

    def events(self) -> list[Recorded]:
        return [event for log, recorder in self.logs.recorders.items() for event in events_in(log, recorder)]

    def _post(self, commands: list[AnyCommand]) -> None:
        submissions = [submission_of(command, ADMIN) for command in commands]
        for run in runs(submissions, self.logs.ledgers, AT_ONCE):
            for log, places in run.items():
                for outcome in self.logs.commit(log, [Unit(tuple(submissions[place] for place in places))]):
                    self.outcomes.setdefault(f"{outcome.source}/{outcome.command_id}", outcome)


def _moves(command: AnyCommand) -> bool:
    return isinstance(command, TransferPosition)
