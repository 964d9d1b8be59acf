"""Whether a log is what it was: every stored byte held against the tree, and the tree against outside checkpoints."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from eventsourcing.persistence import Notification

from domain.events import LogOpened
from domain.merkle import HASH_BYTES, Frontier, leaf_hash
from domain.ports import CommitRecord, LogRecorder, Receipt
from domain.schema import Recorded, UnknownEventType, recorded
from domain.seal import sealed
from infra.checkpoints import Checkpoint
from infra.stored_rows import UNREADABLE, StoredRows

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
    """Reads the whole log; memory grows only with its streams. What others write meanwhile is read at several moments,
    and would not fit together: then the log is read once more, up to where it stood at the beginning.
    """
    before = _last_of(recorder)
    report = _verified(_Verifier(log, recorder, checkpoints), on_progress)
    if report.intact or before is None or before == _last_of(recorder):
        return report
    return _verified(_Verifier(log, recorder, checkpoints, tail=before.tree_size), on_progress)


def _verified(verifier: "_Verifier", on_progress: Callable[[int], None] | None) -> Verification:
    try:
        verifier.run(on_progress)
    except UNREADABLE as error:
        verifier.report.find(f"{verifier.report.log}: it cannot be read on: {type(error).__name__}: {error}")
    return verifier.report


def _last_of(recorder: LogRecorder) -> CommitRecord | None:
    try:
        return recorder.last_commit()
    except UNREADABLE:
        return None


class _Verifier:
    """Up to ``tail``, where the log goes on beyond it; None: to its end."""

    def __init__(
        self, log: str, recorder: LogRecorder, checkpoints: Sequence[Checkpoint], tail: int | None = None
    ) -> None:
        self._tail = tail
        self.report = Verification(log=log, findings=[])
        self._rows = StoredRows(log, recorder, self.report.find)
        self._heads = [(checkpoint.size, checkpoint.root) for checkpoint in checkpoints if checkpoint.log == log]
        self._tree = Frontier()
        self._next = 1
        self._committed = 0
        self._versions: dict[str, int] = {}
        self._recorded_at: datetime | None = None
        self._receipts: dict[tuple[str, str], Receipt] = {}
        self._receipts_seen = 0

    def run(self, on_progress: Callable[[int], None] | None) -> None:
        commits = (each for each in self._rows.commits() if self._reaches(each.tree_size))
        commit = next(commits, None)
        for read in self._rows.events():
            if not (page := [row for row in read if self._reaches(row[0].id)]):
                break
            known = {stored.id: event for stored, _ in page if (event := self._decoded(stored))}
            receipts = self._rows.receipts(known.values())
            for stored, leaf in page:
                self._place(stored, leaf)
                if event := known.get(stored.id):
                    self._event(event, receipts)
                while commit is not None and commit.tree_size < self._next:
                    self._commit(commit)
                    commit = next(commits, None)
                self._hold_checkpoints()
            if on_progress:
                on_progress(len(page))
        self._end(commit, commits)

    def _reaches(self, sequence: int) -> bool:
        """Whether it is to be verified; what is no number at all is."""
        return self._tail is None or not isinstance(sequence, int) or sequence <= self._tail

    def _decoded(self, stored: Notification) -> Recorded | None:
        try:
            return recorded(self.report.log, stored.id, stored)
        except (UnknownEventType, msgspec.DecodeError, *UNREADABLE) as error:
            self.report.find(f"{self.report.log}:{stored.id}: the event cannot be read: {error}")
            return None

    def _place(self, stored: Notification, leaf: bytes) -> None:
        """The event stands where it should, and is what its leaf says."""
        name, stream, version = f"{self.report.log}:{stored.id}", str(stored.originator_id), stored.originator_version
        if stored.id != self._next:
            self.report.find(f"{self.report.log}:{self._next}: the event is missing, {name} comes next")
        if _leaf_of(stored) != leaf:
            self.report.find(f"{name}: the stored event does not match its leaf hash")
        before = self._versions.get(stream, 0)
        if version != before + 1:
            self.report.find(f"{name}: {stream} is at version {before}, which {version} does not follow")
        self._versions[stream] = version if isinstance(version, int) else before + 1
        self._tree.append(leaf if isinstance(leaf, bytes) else b"")
        self._next = stored.id + 1
        self.report.events += 1

    def _event(self, known: Recorded, receipts: Mapping[tuple[str, str], Receipt]) -> None:
        """It is later than the one before it, and its command has a receipt that spans it."""
        event = known.event
        if self._recorded_at is not None and event.recorded_at <= self._recorded_at:
            self.report.find(f"{known.id}: it was recorded no later than the event before it")
        self._recorded_at = event.recorded_at
        opens = isinstance(event, LogOpened)
        if opens != (known.sequence == 1):
            self.report.find(f"{known.id}: a log begins with its opening, and only there")
        if opens:
            return
        key = (event.source, event.command_id)
        receipt = receipts.get(key)
        if receipt is None or not _spans(receipt, known.sequence):
            self.report.find(f"{known.id}: the receipt of its command {event.command_id} is missing or wrong")
        if receipt is not None and key not in self._receipts:
            self._receipts[key] = receipt
            self._receipts_seen += 1

    def _commit(self, commit: CommitRecord) -> None:
        name = f"{self.report.log} commit at {commit.first_sequence}"
        self.report.commits += 1
        if commit.first_sequence != self._committed + 1:
            self.report.find(f"{self.report.log} commit at {self._committed + 1}: it is missing, the next begins at "
                             f"{commit.first_sequence}")
        if commit.tree_size != self._next - 1:
            self.report.find(f"{name}: it ends at {commit.tree_size}, where no commit ends")
        if sealed(commit, tuple(self._receipts.values())).seal != commit.seal:
            self.report.find(f"{name}: its record or one of its receipts is not what was sealed")
        if (commit.root, commit.frontier) != (self._tree.root(), self._tree.packed()):
            self.report.find(f"{name}: its root is not that of the events up to {commit.tree_size}")
        if commit.recorded_at != self._recorded_at:
            self.report.find(f"{name}: it was recorded at another time than its last event")
        self._receipts = {}
        self._committed = commit.tree_size
        self._go_on_from(commit)

    def _go_on_from(self, commit: CommitRecord) -> None:
        """Later commits are held against the tree that this one claims, so that only what differs is named."""
        with_its_hashes = isinstance(commit.frontier, bytes) and len(commit.frontier) % HASH_BYTES == 0
        if with_its_hashes and len(commit.frontier) // HASH_BYTES == commit.tree_size.bit_count():
            claimed = Frontier(commit.tree_size, commit.frontier)
            if claimed.root() == commit.root:
                self._tree = claimed

    def _hold_checkpoints(self) -> None:
        for size, root in [head for head in self._heads if head[0] == self._next - 1]:
            self._heads.remove((size, root))
            if root != self._tree.root():
                self.report.find(f"{self.report.log}: the checkpoint at {size} has another root: the log was rewritten")

    def _end(self, commit: CommitRecord | None, later: Iterator[CommitRecord]) -> None:
        self.report.root = self._tree.root().hex()
        for each in [] if commit is None else [commit, *later]:
            self.report.find(f"{self.report.log} commit at {each.first_sequence}: it ends at {each.tree_size}, the "
                             f"events at {self._next - 1}")
        if self._committed != self._next - 1:
            self.report.find(f"{self.report.log} commit at {self._committed + 1}: it is missing, the events go on to "
                             f"{self._next - 1}")
        count = self._rows.recorder.count_receipts()
        # Beyond the tail there are more.
        if count < self._receipts_seen or (count > self._receipts_seen and self._tail is None):
            self.report.find(f"{self.report.log}: it has {count} receipts, its events {self._receipts_seen}")
        for size, _ in self._heads:
            self.report.find(f"{self.report.log}: a checkpoint knows {size} events, the log has {self._next - 1}: it "
                             "was cut")


def _leaf_of(stored: Notification) -> bytes | None:
    try:
        return leaf_hash(
            stored.id, str(stored.originator_id), stored.originator_version, stored.topic, stored.state
        )
    except UNREADABLE:
        return None


def _spans(receipt: Receipt, sequence: int) -> bool:
    try:
        return receipt.sequence <= sequence < receipt.sequence + receipt.count
    except TypeError:
        return False
