"""Posting many commands through the gate, batch by batch; their outcomes are counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice

import msgspec

from domain.commands import AnyCommand
from domain.outcomes import Outcome, Submission
from domain.schema import business_content
from infra.everbook import Everbook
from infra.requests import kind_of

AT_ONCE = 1_000


class Posted(msgspec.Struct):
    """What became of them; ``codes`` counts refusals by their code."""

    accepted: int = 0
    refused: int = 0
    duplicates: int = 0
    codes: Counter[str] = msgspec.field(default_factory=Counter)


def total(several: Iterable[Posted]) -> Posted:
    """What became of all of them."""
    found = Posted()
    for each in several:
        found.accepted += each.accepted
        found.refused += each.refused
        found.duplicates += each.duplicates
        found.codes += each.codes
    return found


def submission(command: AnyCommand, actor: str) -> Submission:
    return Submission(command, business_content(command), actor)


def post(
    everbook: Everbook, submissions: Iterable[Submission], on_progress: Callable[[int], None],
    on_outcomes: Callable[[Sequence[Outcome]], None] | None = None,
) -> Posted:
    """Posts in order, and counts what becomes durable.

    What belongs to logs of another kind waits until all before it is durable: so trades are decided under the reference
    data and prices that stand before them, and under no later ones, whoever owns their logs.
    """
    posted = Posted()
    for _, run in groupby(submissions, lambda each: kind_of(each.command)):
        for outcomes in everbook.gate.feed(_batches(run)):
            _count(posted, outcomes)
            on_progress(len(outcomes))
            if on_outcomes:
                on_outcomes(outcomes)
    return posted


def _batches(submissions: Iterator[Submission]) -> Iterator[Sequence[Submission]]:
    while batch := list(islice(submissions, AT_ONCE)):
        yield batch


def _count(posted: Posted, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.repeated:
            posted.duplicates += 1
        elif outcome.status == "accepted":
            posted.accepted += 1
        else:
            posted.refused += 1
            posted.codes[outcome.code] += 1
