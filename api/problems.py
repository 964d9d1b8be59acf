"""Every error a client sees, as an RFC 9457 problem with a stable code and the field at fault."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from eventsourcing.persistence import PersistenceError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from domain.admission import (
    NotConfirmed,
    NotDecidedYet,
    NotOneLog,
    NotRecorded,
    OutcomeUnknown,
    QueueFull,
    ReferenceNotReached,
)
from domain.outcomes import Outcome
from domain.schema import MalformedCommand

logger = logging.getLogger(__name__)
STATUS_BY_CODE = {"not-permitted": 403, "unknown-trade": 404, "version-conflict": 412}
TITLES = {
    400: "The request cannot be read", 401: "Who asks is not known", 403: "Not permitted", 404: "Not found",
    405: "Method not allowed", 409: "Not in this state", 412: "The version has moved on", 413: "Too large",
    422: "Refused", 429: "Too much waits", 500: "An error of ours", 503: "Not now",
}


class Problem(Exception):
    """Raised anywhere in the API; becomes the answer."""

    def __init__(
        self, status: int, code: str, detail: str, field: str = "", *, headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.headers = dict(headers or {})
        self.more = more


def refused(outcome: Outcome) -> Problem:
    """The problem of a command that was refused."""
    status = STATUS_BY_CODE.get(outcome.code, 422)
    return Problem(
        status, outcome.code, outcome.detail, outcome.field, source=outcome.source, command_id=outcome.command_id,
        headers=({"Everbook-Sequence": outcome.position} if outcome.count else {}) | repeated(outcome),
    )


def repeated(outcome: Outcome) -> dict[str, str]:
    """The header that says that a command was sent before, and this is what it came to then."""
    return {"Everbook-Repeated": "true"} if outcome.repeated else {}


def malformed(error: MalformedCommand) -> Problem:
    """The problem of bytes that are no command: 400 when they are no JSON, 422 when a field is wrong."""
    return Problem(422 if error.is_json else 400, "malformed", error.detail, error.field)


def retryable(error: Exception) -> Problem:
    """The problem of a command that was not taken or whose outcome is open."""
    if isinstance(error, QueueFull):
        after = str(error.retry_after_seconds)
        return Problem(429, "queue-full", str(error), headers={"Retry-After": after})
    if isinstance(error, NotOneLog):
        return Problem(422, "not-one-log", str(error), "$")
    if isinstance(error, ReferenceNotReached):
        return Problem(
            409, "reference-not-reached", str(error), "$.reference_sequence", headers={"Retry-After": "1"}
        )
    if isinstance(error, NotRecorded):
        return Problem(503, "not-recorded", str(error), headers={"Retry-After": "1"})
    _log(error)
    return Problem(503, "outcome-unknown", _open(error), headers={"Retry-After": "1"})


def _open(error: Exception) -> str:
    """What a sender may do about an outcome that is open."""
    if isinstance(error, NotDecidedYet):
        return "it was taken, and is not decided yet: ask for the outcome, or send the same command again"
    if isinstance(error, NotConfirmed):
        return "it is not known that it was taken: send the same command again, with the same id"
    return "it failed on the way: ask for the outcome, or send the same command again"


def _log(error: Exception) -> None:
    """What it was, without the statement and its values."""
    logger.error("%s", str(error).partition("\n")[0])


def answer(problem: Problem, request: Request) -> Response:
    """The problem as a response."""
    body = {
        "type": f"urn:everbook:problem:{problem.code}", "title": TITLES.get(problem.status, "Problem"),
        "status": problem.status, "code": problem.code, "detail": problem.detail, "instance": request.url.path,
        **({"field": problem.field} if problem.field else {}), **problem.more,
    }
    return Response(
        msgspec.json.encode(body), problem.status, problem.headers, media_type="application/problem+json"
    )


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem."""

    @app.exception_handler(Problem)
    async def of_ours(request: Request, problem: Problem) -> Response:
        return answer(problem, request)

    @app.exception_handler(HTTPException)
    async def of_routing(request: Request, error: HTTPException) -> Response:
        code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
        headers = dict(error.headers or {})
        return answer(Problem(error.status_code, code, str(error.detail), headers=headers), request)

    @app.exception_handler(RequestValidationError)
    async def of_parameters(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        return answer(Problem(422, "bad-parameter", f"{field}: {first['msg']}", field), request)

    @app.exception_handler(PersistenceError)
    async def of_the_store(request: Request, error: PersistenceError) -> Response:
        # What a driver says holds statements and values that are nobody else's business.
        _log(error)
        return answer(Problem(503, "store-unavailable", "the store fails", headers={"Retry-After": "1"}), request)

    @app.exception_handler(Exception)
    async def of_ours_unexpected(request: Request, _error: Exception) -> Response:
        return answer(Problem(500, "internal", "this is an error of Everbook; it is in its log"), request)


RETRYABLE = (QueueFull, NotOneLog, NotRecorded, OutcomeUnknown)
