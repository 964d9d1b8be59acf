"""What writes have in common: from a body to a command, to its durable outcome, to an answer."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import Request, Response

from api import reading
from api.problems import RETRYABLE, Problem, malformed, refused, repeated, retryable
from api.security import principal_of
from api.services import services
from api.sources import submission_by
from domain.outcomes import Outcome, Principal, Submission
from domain.schema import MalformedCommand, decode_command

LARGEST_COMMAND = 1_000_000
IDEMPOTENCY_KEY = "idempotency-key"
DRY_RUN = "dry_run"
HEADERS = {"$.command_id": "Idempotency-Key", "$.expected_version": "If-Match"}


async def body_of(request: Request, largest: int = LARGEST_COMMAND) -> bytes:
    """The whole body.

    Raises:
        Problem: 413 when it is larger than ``largest`` bytes.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > largest:
        raise _too_large(largest)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise _too_large(largest)
    return bytes(body)


def submission_of(line: bytes, principal: Principal) -> Submission:
    """A command in JSON, from whoever sent it; without a source of its own it has that of the key.

    Raises:
        MalformedCommand: naming the field at fault.
    """
    return submission_by(principal.key_id, *decode_command(line))


async def submitted(
    request: Request, submissions: Sequence[Submission], *, atomic: bool = False, dry_run: bool = False
) -> Sequence[Outcome]:
    """Their outcomes, once they are durable.

    Raises:
        Problem: 429 when the queue is full, 503 when the outcome is open or nothing was recorded.
    """
    having, started = services(request), time.perf_counter()
    try:
        promise = having.gate.submit(submissions, atomic=atomic, dry_run=dry_run)
        outcomes = await having.answers.of(promise, having.answer_seconds)
    except (TimeoutError, *RETRYABLE) as error:
        problem = retryable(having.gate.overdue(promise) if isinstance(error, TimeoutError) else error)
        if problem.code == "outcome-unknown":
            problem.more["outcome"] = _place_of(submissions[0])
        raise problem from error
    having.metrics.seconds.observe(time.perf_counter() - started)
    for outcome in () if dry_run else outcomes:
        having.metrics.commands.labels("repeated" if outcome.repeated else outcome.status).inc()
    return outcomes


async def command(
    request: Request, kind: str, *, status: int = 200, location: str | None = None, bodiless: bool = False,
    parameters: Sequence[str] = (), body: bytes | None = None, **fields: Any,
) -> Response:
    """Takes one command from the request: its body (``body`` when that was read), ``fields`` of the path, its key from
    the header. ``parameters`` are those of its query that are read elsewhere.

    Raises:
        Problem: when it is malformed or refused.
    """
    principal = principal_of(request)
    dry_run = _dry_run(request, parameters)
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is None:
        raise Problem(
            400, "idempotency-key-missing", "every write carries an Idempotency-Key of its own", "Idempotency-Key"
        )
    if len(request.headers.getlist(IDEMPOTENCY_KEY)) > 1:
        raise Problem(400, "malformed", "there is one Idempotency-Key for a write", "Idempotency-Key")
    if body is None:
        body = b"" if bodiless else await body_of(request)
    fields = {"type": kind, "command_id": key, **fields}
    outcome = await decided(request, _with(body or b"{}", fields), principal, dry_run=dry_run)
    if dry_run:
        return reading.answer(outcome)
    headers = headers_of(outcome)
    if location is not None:
        headers["Location"] = location.format(outcome.stream.partition(":")[2])
    return reading.answer(outcome, headers, status)


async def decided(request: Request, line: bytes, principal: Principal, *, dry_run: bool) -> Outcome:
    """What one command in JSON came to, when it was accepted.

    Raises:
        Problem: naming the field, or the header that says it.
    """
    try:
        submission = submission_of(line, principal)
    except MalformedCommand as error:
        if error.field == "$.command_id":
            raise Problem(400, "malformed", error.detail, HEADERS[error.field]) from error
        raise malformed(error) from error
    (outcome,) = await submitted(request, [submission], dry_run=dry_run)
    if outcome.status == "refused":
        problem = refused(outcome)
        problem.field = HEADERS.get(problem.field, problem.field)
        raise problem
    return outcome


def headers_of(outcome: Outcome) -> dict[str, str]:
    """Where the outcome is in the logs, and the version it made."""
    headers = {"Everbook-Sequence": outcome.position, "ETag": f'"{outcome.version}"'}
    return headers | repeated(outcome)


def reached(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """How far each log goes with all of these: what a read must reflect to show them."""
    ends: dict[str, int] = {}
    for outcome in outcomes:
        if outcome.count:
            ends[outcome.log] = max(ends.get(outcome.log, 0), outcome.last_sequence)
    return {"Everbook-Sequence": ",".join(f"{log}:{end}" for log, end in sorted(ends.items()))} if ends else {}


def _with(body: bytes, fields: Mapping[str, Any]) -> bytes:
    """The object in ``body`` with ``fields`` before its own: a field that comes twice is noticed when it is decoded."""
    rest = body.lstrip()
    if not rest.startswith(b"{"):
        raise Problem(400, "malformed", "the body is no JSON object", "$")
    rest = rest[1:].lstrip()
    head = msgspec.json.encode({name: value for name, value in fields.items() if value is not None})[:-1]
    return head + (b"" if rest.startswith(b"}") else b",") + rest


def _dry_run(request: Request, others: Sequence[str]) -> bool:
    """A typing error here must not book what was only to be tried."""
    for name, value in request.query_params.multi_items():
        if name in others:
            continue
        if name != DRY_RUN:
            raise Problem(422, "unknown-parameter", f"{name[:100]} is no parameter of this route", name[:100])
        if value not in {"true", "false"} or len(request.query_params.getlist(DRY_RUN)) > 1:
            raise Problem(422, "bad-parameter", "dry_run is true or false, once", DRY_RUN)
    return request.query_params.get(DRY_RUN) == "true"


def _place_of(submission: Submission) -> str:
    return f"/v1/commands/{submission.command.source}/{submission.command.command_id}"


def _too_large(largest: int) -> Problem:
    return Problem(413, "too-large", f"the body is larger than {largest} bytes", "$")
