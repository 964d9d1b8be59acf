"""Whether a log is what it was: every stored byte held against the tree, and the tree against outside checkpoints."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from eventsourcing.persistence import Notification

from domain.events import LogOpened
from domain.merkle import Frontier, leaf_hash
from domain.ports import CommitRecord, LogRecorder, Receipt
from domain.schema import Recorded, UnknownEventType, recorded
from infra.checkpoints import Checkpoint

READ_AT_ONCE = 5_000
MOST_FINDINGS = 100


class Verification(msgspec.Struct):
    """``findings`` name what differs, event by event and commit by commit; none: the log is intact."""

    log: str
    events: int = 0
    commits: int = 0
    root: str = ""
    findings: list[str] = []

    @property
    def intact(self) -> bool:
        return not self.findings

    def find(self, finding: str) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)


def verify(
    log: str, recorder: LogRecorder, checkpoints: Sequence[Checkpoint] = (),
    on_progress: Callable[[int], None] | None = None,
) -> Verification:
    """Reads the whole log once; memory grows only with its streams."""
    return _Verifier(log, recorder, checkpoints).run(on_progress)


class _Verifier:
    def __init__(self, log: str, recorder: LogRecorder, checkpoints: Sequence[Checkpoint]) -> None:
        self._recorder = recorder
        self._roots = {checkpoint.size: checkpoint.root for checkpoint in checkpoints if checkpoint.log == log}
        self._tree = Frontier()
        self._versions: dict[str, int] = {}
        self._previous: Any = None
        self.report = Verification(log=log, findings=[])

    def run(self, on_progress: Callable[[int], None] | None) -> Verification:
        commits = self._commits()
        commit = next(commits, None)
        while page := self._recorder.select_notifications(self._tree.size + 1, READ_AT_ONCE):
            leaves = dict(self._recorder.select_leaves(page[0].id, READ_AT_ONCE))
            self._receipts(page)
            for stored in page:
                self._event(stored, leaves.get(stored.id, b""))
                while commit is not None and commit.tree_size <= self._tree.size:
                    self._commit(commit)
                    commit = next(commits, None)
                self._checkpoint()
            if on_progress:
                on_progress(len(page))
        self._end(commit)
        return self.report

    def _commits(self) -> Iterator[CommitRecord]:
        after = 0
        while page := self._recorder.select_commits(after + 1, READ_AT_ONCE):
            yield from page
            after = page[-1].tree_size

    def _event(self, stored: Notification, leaf: bytes) -> None:
        name = f"{self.report.log}:{stored.id}"
        sequence = self._tree.size + 1
        if stored.id != sequence:
            self.report.find(f"{self.report.log}:{sequence}: the event is missing, {name} comes next")
        stream = str(stored.originator_id)
        computed = leaf_hash(stored.id, stream, stored.originator_version, stored.topic, stored.state)
        if computed != leaf:
            self.report.find(f"{name}: the stored event does not match its leaf hash")
        if stored.originator_version != self._versions.get(stream, 0) + 1:
            self.report.find(f"{name}: {stream} is at version {self._versions.get(stream, 0)}, not before "
                             f"{stored.originator_version}")
        self._versions[stream] = stored.originator_version
        self._content(name, stored)
        while self._tree.size < stored.id - 1:
            self._tree.append(b"\x00" * 32)
        self._tree.append(leaf)
        self.report.events += 1

    def _content(self, name: str, stored: Notification) -> None:
        try:
            known = recorded(self.report.log, stored.id, stored)
        except (msgspec.DecodeError, UnknownEventType) as error:
            self.report.find(f"{name}: the event cannot be read: {error}")
            return
        if self._previous is not None and known.event.recorded_at <= self._previous:
            self.report.find(f"{name}: it was recorded no later than the event before it")
        self._previous = known.event.recorded_at
        if stored.id == 1 and not isinstance(known.event, LogOpened):
            self.report.find(f"{name}: the log does not begin with its opening")

    def _commit(self, commit: CommitRecord) -> None:
        name = f"{self.report.log} commit at {commit.first_sequence}"
        self.report.commits += 1
        if commit.tree_size != self._tree.size:
            self.report.find(f"{name}: it ends at {commit.tree_size}, where no commit ends")
            return
        if commit.root != self._tree.root() or commit.frontier != self._tree.packed():
            self.report.find(f"{name}: its root is not that of the events up to {commit.tree_size}")
        if commit.recorded_at != self._previous:
            self.report.find(f"{name}: it was recorded at another time than its last event")

    def _checkpoint(self) -> None:
        root = self._roots.pop(self._tree.size, None)
        if root is not None and root != self._tree.root():
            self.report.find(f"{self.report.log}: the checkpoint at {self._tree.size} has another root: the log was "
                             "rewritten")

    def _receipts(self, page: Sequence[Notification]) -> None:
        """Every event's command has a receipt that spans it, unless Everbook wrote it at the opening."""
        events = self._decoded(page)
        keys = [(event.event.source, event.event.command_id) for event in events if event.type != "log.opened.v1"]
        receipts: Mapping[tuple[str, str], Receipt] = self._recorder.select_receipts(keys)
        for event in events:
            receipt = receipts.get((event.event.source, event.event.command_id))
            if event.type == "log.opened.v1":
                continue
            if receipt is None or not receipt.sequence <= event.sequence < receipt.sequence + receipt.count:
                self.report.find(f"{event.id}: the receipt of its command {event.event.command_id} is missing or wrong")

    def _decoded(self, page: Sequence[Notification]) -> list[Recorded]:
        events: list[Recorded] = []
        for stored in page:
            try:
                events.append(recorded(self.report.log, stored.id, stored))
            except (msgspec.DecodeError, UnknownEventType):
                continue
        return events

    def _end(self, commit: CommitRecord | None) -> None:
        last = self._recorder.last_commit()
        self.report.root = self._tree.root().hex()
        if commit is not None or (last.tree_size if last else 0) != self._tree.size:
            self.report.find(f"{self.report.log}: the commits end at {last.tree_size if last else 0}, the events at "
                             f"{self._tree.size}")
        for size in self._roots:
            self.report.find(f"{self.report.log}: a checkpoint knows {size} events, the log has {self._tree.size}")
