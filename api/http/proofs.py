"""Proofs that an event is in a log, and that a log only grew."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from api import reading
from api.examples import CHECKPOINT, PROOF, VERIFIER_KEY
from api.http.documented import documented
from api.ports import LogRecorder
from api.problems import Problem
from api.security import principal_of
from api.services import services
from domain.proofs import consistency_path, inclusion_path
from domain.tree import LogTree

router = APIRouter(tags=["proofs"])


@router.get("/v1/proofs/{log}/{sequence}", responses=documented(PROOF))
def prove(
    request: Request, log: str, sequence: int,
    size: Annotated[int | None, Query(ge=1, description="The size of the later tree; without it the present")] = None,
) -> Response:
    """That event ``sequence`` is in the tree (inclusion), and that this tree contains the first ``sequence`` events
    as they were (consistency), by RFC 6962.
    """
    reading.only_known_parameters(request)
    principal_of(request)
    recorder = _recorder(request, log)
    events = recorder.max_notification_id() or 0
    size = events if size is None else size
    if not 1 <= sequence <= size <= events:
        raise Problem(404, "no-such-sequence", f"{log} has {events} events")
    root = services(request).trees.setdefault(log, LogTree(_leaves_of(recorder))).root
    return reading.answer({
        "log": log, "sequence": sequence, "tree_size": size, "leaf": root(sequence - 1, sequence).hex(),
        "root": root(0, size).hex(), "inclusion": [each.hex() for each in inclusion_path(root, sequence - 1, size)],
        "consistency": [each.hex() for each in consistency_path(root, sequence, size)],
    })


@router.get("/v1/checkpoints/{log}", response_class=PlainTextResponse,
            responses=documented(CHECKPOINT, media="text/plain"))
def read_checkpoint(request: Request, log: str) -> Response:
    """The signed tree head of a log: keep it elsewhere, and hold the log against it later."""
    reading.only_known_parameters(request)
    principal_of(request)
    _recorder(request, log)
    return PlainTextResponse(services(request).logs.signed_checkpoint(log))


@router.get("/v1/checkpoints/{log}/key", response_class=PlainTextResponse,
            responses=documented(VERIFIER_KEY, media="text/plain"))
def read_verifier_key(request: Request, log: str) -> Response:
    """The public key by which checkpoints of a log are known, as a C2SP verifier key: keep it beside them."""
    reading.only_known_parameters(request)
    principal_of(request)
    _recorder(request, log)
    return PlainTextResponse(services(request).logs.verifier_key(log) + "\n")


def _recorder(request: Request, log: str) -> LogRecorder:
    logs = services(request).logs
    if log not in logs.names():
        raise Problem(404, "unknown-log", f"there is no log {log}", "log")
    return logs.recorder(log)


def _leaves_of(recorder: LogRecorder) -> Callable[[int, int], Sequence[bytes]]:
    def leaves(start: int, end: int) -> Sequence[bytes]:
        found = [leaf for _, leaf in recorder.select_leaves(start + 1, end - start)]
        if len(found) != end - start:
            raise Problem(503, "log-broken", f"leaf hashes between {start + 1} and {end} are missing")
        return found

    return leaves
