"""Logs that decide, on any store."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from domain.batch import Unit
from domain.commands import AnyCommand, SetLimit
from domain.outcomes import Outcome
from domain.ports import LogRecorder
from domain.routing import log_of
from infra.logs import CommandedLogs, submission_of
from infra.memory.recorder import MemoryRecorder
from infra.sql.engine import create_engine_for
from infra.sql.recorder import SqlRecorder
from tests.rules import FOUNDATION


def logs_in_memory(ledgers: int | None = None) -> CommandedLogs:
    """A ledger in memory, with the foundation laid."""
    kept: dict[str, LogRecorder] = {}
    return founded(CommandedLogs(lambda log: kept.setdefault(log, MemoryRecorder()), ledgers))


def opener(folder: Path) -> Callable[[str], LogRecorder]:
    """What opens the logs of a SQLite file in ``folder``."""
    engine = create_engine_for(f"sqlite:///{folder / 'events.db'}")
    return lambda log: SqlRecorder(engine, log)


def logs_in(folder: Path) -> CommandedLogs:
    """A ledger in a file, as it is there."""
    return CommandedLogs(opener(folder))


def founded(logs: CommandedLogs) -> CommandedLogs:
    for command in FOUNDATION:
        (outcome,) = send(logs, command)
        assert outcome.status == "accepted", outcome
    return logs


def limited(logs: CommandedLogs, amount: int, kind: str = "gross-notional") -> CommandedLogs:
    """Limits book EQ-1."""
    send(logs, SetLimit(command_id=f"limit-{amount}", book="EQ-1", kind=kind, amount=Decimal(amount)))  # type: ignore[arg-type]
    return logs


def send(logs: CommandedLogs, *commands: AnyCommand, atomic: bool = False, dry_run: bool = False) -> Sequence[Outcome]:
    """What commands of one log come to, as one unit."""
    unit = Unit(tuple(submission_of(command) for command in commands), atomic)
    return logs.commit(log_of(commands[0], logs.ledgers), [unit], dry_run)
