"""An owner at work, on logs that can be held and can fail."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from eventsourcing.persistence import OperationalError, StoredEvent

from domain.commands import AnyCommand
from domain.outcomes import Outcome
from domain.ports import NewEvent
from domain.routing import ledger_of
from infra.logs import CommandedLogs, submission_of
from infra.memory.recorder import MemoryRecorder
from infra.owner import Owner
from tests.ledger import founded
from tests.rules import booking

LEDGER = ledger_of("EQ-1", 2)
SECONDS = 30
Promise = Future[Sequence[Outcome]]


class HeldRecorder(MemoryRecorder):
    """Appends only while ``open`` is set; says when somebody waits; fails as often as it is told; is ``lost`` after the
    next commit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.open, self.waited = threading.Event(), threading.Event()
        self.open.set()
        self.failures = 0
        self.lost = False

    def insert_events(self, stored_events: Sequence[StoredEvent | NewEvent], **kwargs: Any) -> Sequence[int] | None:
        if not self.open.is_set():
            self.waited.set()
            assert self.open.wait(SECONDS)
        if self.failures:
            self.failures -= 1
            raise OperationalError("the store is away")
        sequences = super().insert_events(stored_events, **kwargs)
        if self.lost:
            self.__dict__ = HeldRecorder().__dict__
        return sequences


class Office:
    """An owner at work, on logs that can be held and can fail."""

    def __init__(self, batch_limit: int = 1_000, queue_limit: int = 100) -> None:
        self.kept: dict[str, HeldRecorder] = {}
        self.logs = founded(CommandedLogs(lambda log: self.kept.setdefault(log, HeldRecorder()), 2))
        self.owner = Owner(self.logs, batch_limit=batch_limit, queue_limit=queue_limit)
        self.owner.start()

    def submit(self, *commands: AnyCommand, atomic: bool = False, dry_run: bool = False) -> Promise:
        return self.owner.submit([submission_of(command) for command in commands], atomic=atomic, dry_run=dry_run)

    def hold(self) -> Promise:
        """The owner is in the middle of a commit, until ``release``."""
        self.kept[LEDGER].open.clear()
        self.kept[LEDGER].waited.clear()
        promise = self.submit(booking(f"held-{self.size()}"))
        assert self.kept[LEDGER].waited.wait(SECONDS)
        return promise

    def release(self) -> None:
        self.kept[LEDGER].open.set()

    def size(self, log: str = LEDGER) -> int:
        return self.kept[log].max_notification_id() or 0

    def commits(self) -> list[tuple[int, int]]:
        return [(each.first_sequence, each.tree_size) for each in self.kept[LEDGER].select_commits(2, 1_000)]
