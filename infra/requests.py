"""What callers hand in at once, and how it is cut into what one commit takes."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import msgspec

from domain.admission import NotOneLog
from domain.batch import Unit
from domain.commands import AnyCommand
from domain.commands.weights import weight_of
from domain.outcomes import Outcome, Submission
from domain.routing import MARKET, REFERENCE, log_of

ORDER = {REFERENCE: 0, MARKET: 1}
"""Which logs go first among requests that wait together; the ledger logs come after these."""


def logs_of(submissions: Sequence[Submission], ledgers: int, *, atomic: bool) -> set[str]:
    """The logs that submissions belong to.

    Raises:
        NotOneLog: when they are ``atomic`` and belong to several.
    """
    names = {log_of(submission.command, ledgers) for submission in submissions}
    if atomic and len(names) > 1:
        raise NotOneLog("an atomic unit belongs to one log: " + ", ".join(sorted(names)) + " are several")
    return names


class Request(msgspec.Struct):
    """What one caller handed in, and the promise of its outcomes. ``log`` is where all of it belongs, or ""."""

    submissions: Sequence[Submission]
    atomic: bool
    dry_run: bool
    log: str
    promise: "Future[Sequence[Outcome]]"


def shares(requests: Sequence[Request], limit: int) -> list[list[Unit]]:
    """The units of requests for one log, in shares that count for at most ``limit`` commands; an atomic unit stays
    whole.
    """
    found: list[list[Unit]] = [[]]
    count = 0
    for request in requests:
        for unit in _units(request, limit):
            weight = unit.weight
            if found[-1] and count + weight > limit:
                found.append([])
                count = 0
            found[-1].append(unit)
            count += weight
    return found


def runs(submissions: Sequence[Submission], ledgers: int, limit: int) -> Iterator[dict[str, list[int]]]:
    """Places by log: a new run begins whenever the kind of log changes, or a run is full."""
    run: dict[str, list[int]] = {}
    kind, count = "", 0
    for place, submission in enumerate(submissions):
        log, this = log_of(submission.command, ledgers), kind_of(submission.command)
        weight = weight_of(submission.command)
        if run and (this != kind or count + weight > limit):
            yield run
            run, count = {}, 0
        kind = this
        run.setdefault(log, []).append(place)
        count += weight
    if run:
        yield run


def kind_of(command: AnyCommand) -> str:
    """The log of a command, all ledger logs being of one kind: what one decides depends on no other."""
    log = log_of(command, 1)
    return log if log in ORDER else "ledger"


def _units(request: Request, limit: int) -> Iterator[Unit]:
    if request.atomic:
        yield Unit(tuple(request.submissions), atomic=True)
        return
    part: list[Submission] = []
    count = 0
    for submission in request.submissions:
        weight = weight_of(submission.command)
        if part and count + weight > limit:
            yield Unit(tuple(part))
            part, count = [], 0
        part.append(submission)
        count += weight
    if part:
        yield Unit(tuple(part))
