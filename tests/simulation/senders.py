"""The clients: what they asked, what they were told, and that it is so at the very moment they are told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import msgspec

from domain.admission import NotRecorded, OutcomeUnknown, QueueFull
from domain.outcomes import Outcome, Submission
from domain.schema import content_hash
from infra.kafka.gate import KafkaGate
from infra.memory.recorder import MemoryRecorder
from tests.simulation.process import Process


class Waiting(msgspec.Struct):
    process: Process
    submissions: Sequence[Submission]
    promise: "Future[Sequence[Outcome]]"
    dry_run: bool


class Senders:
    """``asked`` are commands sent for good, by id; ``told`` what they came to; ``denied`` those of which every sender
    was told that nothing was recorded. ``remade`` counts how often the commands topic was lost in part or as a whole:
    an owner may then take commands before others until it looks (decision 13).
    """

    def __init__(self, recorders: Mapping[str, MemoryRecorder]) -> None:
        self._recorders = recorders
        self.asked: dict[str, Submission] = {}
        self.told: dict[str, Outcome] = {}
        self.denied: set[str] = set()
        self.tried: set[str] = set()
        self._sendings: Counter[str] = Counter()
        self._times: Counter[str] = Counter()
        self.remade = 0
        self.waiting: list[Waiting] = []

    def send(
        self, process: Process, gate: KafkaGate, submissions: Sequence[Submission], *, atomic: bool = False,
        dry_run: bool = False,
    ) -> None:
        ids = [each.command.command_id for each in submissions]
        try:
            promise = gate.submit(submissions, atomic=atomic, dry_run=dry_run)
        except QueueFull:
            return
        finally:
            # It may have been killed while it sent them.
            if dry_run:
                self.tried.update(ids)
            else:
                self.denied.difference_update(ids)
                self._sendings.update(ids)
                self._times.update(ids)
                fresh = {each.command.command_id: each for each in submissions}
                self.asked = {**fresh, **self.asked}
        self.waiting.append(Waiting(process, submissions, promise, dry_run))

    def listen(self) -> None:
        """Takes what was answered; who waits at a process that is no more waits no longer."""
        done = [each for each in self.waiting if each.promise.done()]
        self.waiting = [each for each in self.waiting if not each.promise.done() and each.process.alive]
        for each in done:
            error = each.promise.exception()
            if error is None:
                self._take(each, each.promise.result())
            elif isinstance(error, NotRecorded):
                ids = [one.command.command_id for one in each.submissions]
                if not each.dry_run:
                    self._sendings.subtract(ids)
                    self.denied.update(one for one in ids if not self._sendings[one])
            else:
                assert isinstance(error, OutcomeUnknown), repr(error)

    def written_beside(self, submission: Submission) -> None:
        """It came to its log by another way: whoever sends it again repeats it."""
        self.asked[submission.command.command_id] = submission
        self._times[submission.command.command_id] += 1

    def is_sent_once(self, command_id: str) -> bool:
        return self._times[command_id] == 1

    def untold(self) -> list[Submission]:
        return [each for command_id, each in self.asked.items() if command_id not in self.told]

    def _take(self, sent: Waiting, outcomes: Sequence[Outcome]) -> None:
        assert [each.command_id for each in outcomes] == [each.command.command_id for each in sent.submissions]
        if sent.dry_run:
            return
        for submission, outcome in zip(sent.submissions, outcomes, strict=True):
            self._hold(submission, outcome)
        is_alone = all(self.is_sent_once(each.command_id) for each in outcomes)
        if is_alone and not self.remade:
            for log in self._recorders:
                places = [each.sequence for each in outcomes if each.log == log and each.count]
                assert places == sorted(places), f"decided in another order than sent: {places}"

    def _hold(self, submission: Submission, outcome: Outcome) -> None:
        """Whoever is told finds it in the log, as told, and so does whoever asks again."""
        key = outcome.source, outcome.command_id
        receipt = self._recorders[outcome.log].select_receipts([key]).get(key)
        is_same = receipt is not None and receipt.content == content_hash(submission.content)
        if outcome.code == "key-reused":
            assert receipt is not None, f"{outcome} names a command that was never recorded"
            assert not is_same, f"{outcome} was this very command"
            return
        assert is_same, f"{outcome} was told, but is not in the log"
        assert receipt is not None
        assert (receipt.sequence, receipt.count) == (outcome.sequence, outcome.count), (receipt, outcome)
        told: Any = msgspec.structs.replace(outcome, repeated=False)
        assert self.told.setdefault(outcome.command_id, told) == told
