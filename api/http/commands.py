"""Commands of any kind, in bulk, and what they came to."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api import reading, writing
from api.examples import BULK, OUTCOME, OUTCOME_LINES
from api.http.documented import NDJSON, bulk_body, documented
from api.problems import Problem, malformed
from api.replaying import book_of
from api.security import principal_of
from api.services import services
from domain.outcomes import Outcome, Principal, Submission
from domain.schema import MalformedCommand, recorded

LARGEST_BULK = 64_000_000
LINES_AT_ONCE = 1_000

router = APIRouter(tags=["commands"])


class MalformedLine(msgspec.Struct, kw_only=True):
    """A line that is no command; the others go on without it."""

    line: int
    status: str = "malformed"
    code: str = "malformed"
    detail: str
    field: str


@router.post("/v1/commands", openapi_extra=bulk_body(BULK), responses=documented(OUTCOME_LINES, media=NDJSON))
async def take_commands(
    request: Request,
    atomic: Annotated[bool, Query(description="All or nothing; the commands must belong to one log")] = False,
    dry_run: Annotated[bool, Query(description="Decide, and record nothing")] = False,
) -> Response:
    """Takes a JSON array or NDJSON of commands; answers one line each, in order: accepted, refused or malformed;
    after the first thousand also not-taken, or unknown where it may have been recorded. Up to a thousand are answered
    with one ``Everbook-Sequence``, of each log; with more, every line says its own.
    """
    reading.only_known_parameters(request)
    principal = principal_of(request)
    lines = list(_lines(await writing.body_of(request, LARGEST_BULK)))
    if atomic:
        return await _atomic(request, lines, principal, dry_run=dry_run)
    first, outcomes = await _share(request, lines[:LINES_AT_ONCE], principal, dry_run)
    if len(lines) <= LINES_AT_ONCE:
        return Response(first, headers=writing.reached(outcomes), media_type=NDJSON)
    return StreamingResponse(_rest(request, first, lines, (principal, dry_run)), media_type=NDJSON)


@router.get("/v1/commands/{source}/{command_id}", responses=documented(OUTCOME))
def find_outcome(request: Request, source: str, command_id: str) -> Response:
    """What a command came to: also how to find out after an outcome stayed unknown."""
    reading.only_known_parameters(request)
    principal = principal_of(request)
    outcome = services(request).gate.find_outcome(source, command_id)
    if outcome is None or not _may_see(request, principal, outcome):
        raise Problem(404, "unknown-command", f"no command {command_id} of {source} was recorded")
    return reading.answer(outcome, writing.headers_of(outcome))


def _may_see(request: Request, principal: Principal, outcome: Outcome) -> bool:
    """A key for some books sees what became of its own commands, and of others' for these books."""
    if not principal.books:
        return True
    (stored,) = services(request).logs.recorder(outcome.log).select_notifications(outcome.sequence, 1)
    event = recorded(outcome.log, stored.id, stored).event
    return event.actor == principal.key_id or book_of(event) in principal.books


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    stripped = content.lstrip()
    if stripped.startswith(b"["):
        try:
            items = msgspec.json.decode(stripped, type=list[msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Problem(400, "malformed", str(error), "$") from error
        yield from ((number, bytes(item)) for number, item in enumerate(items, 1))
        return
    if not stripped:
        raise Problem(400, "malformed", "the body is empty", "$")
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            yield number, line


async def _atomic(
    request: Request, lines: Sequence[tuple[int, bytes]], principal: Principal, *, dry_run: bool
) -> Response:
    submissions: list[Submission] = []
    for number, line in lines:
        try:
            submissions.append(writing.submission_of(line, principal))
        except MalformedCommand as error:
            problem = malformed(error)
            problem.more["line"] = number
            raise problem from error
    outcomes = await writing.submitted(request, submissions, atomic=True, dry_run=dry_run) if submissions else []
    content = b"".join(_result(line, outcome) for (line, _), outcome in zip(lines, outcomes, strict=True))
    return Response(content, headers=writing.reached(outcomes), media_type=NDJSON)


async def _rest(
    request: Request, first: bytes, lines: Sequence[tuple[int, bytes]], how: tuple[Principal, bool]
) -> AsyncIterator[bytes]:
    yield first
    for at in range(LINES_AT_ONCE, len(lines), LINES_AT_ONCE):
        try:
            content, _ = await _share(request, lines[at : at + LINES_AT_ONCE], *how)
            yield content
        except Problem as problem:
            # The answer has begun: what was not taken is said line by line, and may be sent again.
            for place, (number, _) in enumerate(lines[at:]):
                is_open = place < LINES_AT_ONCE and problem.code == "outcome-unknown"
                yield msgspec.json.encode({
                    "line": number, "status": "unknown" if is_open else "not-taken", "code": problem.code,
                    "detail": problem.detail,
                }) + b"\n"
            return


async def _share(
    request: Request, lines: Sequence[tuple[int, bytes]], principal: Principal, dry_run: bool
) -> tuple[bytes, Sequence[Outcome]]:
    results: list[Any] = []
    submissions: list[Submission] = []
    for number, line in lines:
        try:
            submissions.append(writing.submission_of(line, principal))
            results.append(number)
        except MalformedCommand as error:
            results.append(MalformedLine(line=number, detail=error.detail, field=error.field))
    outcomes = await writing.submitted(request, submissions, dry_run=dry_run) if submissions else ()
    decided = iter(outcomes)
    return b"".join(
        _result(each, next(decided)) if isinstance(each, int) else msgspec.json.encode(each) + b"\n"
        for each in results
    ), outcomes


def _result(line: int, outcome: Outcome) -> bytes:
    return b'{"line":%d,' % line + msgspec.json.encode(outcome)[1:] + b"\n"
