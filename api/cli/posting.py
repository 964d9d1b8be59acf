"""Posting many commands through the gate: batches in flight, outcomes counted as they become durable."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

import msgspec

from domain.admission import QueueFull
from domain.commands import AnyCommand
from domain.outcomes import Outcome, Submission
from domain.schema import business_content
from infra.everbook import Everbook

AT_ONCE = 1_000
IN_FLIGHT = 4


class Posted(msgspec.Struct):
    """What became of them; ``codes`` counts refusals by their code."""

    accepted: int = 0
    refused: int = 0
    duplicates: int = 0
    codes: Counter[str] = msgspec.field(default_factory=Counter)


def submission(command: AnyCommand, actor: str) -> Submission:
    return Submission(command, business_content(command), actor)


def post(
    everbook: Everbook, submissions: Iterable[Submission], on_progress: Callable[[int], None],
    on_outcomes: Callable[[Sequence[Outcome]], None] | None = None,
) -> Posted:
    """Posts in order; the next batches wait in the queue while one is decided."""
    posted = Posted()
    flying: deque[Future[Sequence[Outcome]]] = deque()

    def land() -> None:
        outcomes = flying.popleft().result()
        _count(posted, outcomes)
        on_progress(len(outcomes))
        if on_outcomes:
            on_outcomes(outcomes)

    def take_off(batch: Sequence[Submission]) -> None:
        while True:
            try:
                flying.append(everbook.gate.submit(batch))
                return
            except QueueFull:
                # Nobody else fills the queue of this process: what flies makes room.
                if not flying:
                    raise
                land()

    batch: list[Submission] = []
    for each in submissions:
        batch.append(each)
        if len(batch) == AT_ONCE:
            take_off(batch)
            batch = []
            if len(flying) >= IN_FLIGHT:
                land()
    if batch:
        take_off(batch)
    while flying:
        land()
    return posted


def _count(posted: Posted, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.repeated:
            posted.duplicates += 1
        elif outcome.status == "accepted":
            posted.accepted += 1
        else:
            posted.refused += 1
            posted.codes[outcome.code] += 1
