"""Posting many commands through the gate: batches in flight, outcomes counted as they become durable."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from itertools import groupby, islice

import msgspec

from domain.admission import QueueFull
from domain.commands import AnyCommand
from domain.outcomes import Outcome, Submission
from domain.schema import business_content
from infra.everbook import Everbook
from infra.requests import kind_of

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
    """Posts in order; the next batches wait in the queue while one is decided.

    What belongs to logs of another kind waits until all before it is durable: so trades are decided under the reference
    data and prices that stand before them, and under no later ones, whoever owns their logs.
    """
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

    for _, run in groupby(submissions, lambda each: kind_of(each.command)):
        while flying:
            land()
        while batch := list(islice(run, AT_ONCE)):
            take_off(batch)
            if len(flying) >= IN_FLIGHT:
                land()
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
