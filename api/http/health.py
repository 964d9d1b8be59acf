"""Is it alive, is it ready, what does it count."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from eventsourcing.persistence import PersistenceError
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api import reading
from api.examples import HEALTH
from api.http.documented import documented
from api.lag import lags, places, unreflected
from api.ports import EVENTS, READ_MODELS, DoesNotAnswer
from api.problems import Problem
from api.security import principal_of
from api.services import Services, services
from projections.fold import DEAD_LETTERS
from projections.lag import Lag

logger = logging.getLogger(__name__)
router = APIRouter(tags=["health"])
T = TypeVar("T")
LANDING = """<!doctype html><html lang="en"><title>Everbook</title><meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 system-ui;margin:10vh auto;max-width:40em;padding:0 1em}</style>
<h1>Everbook</h1><p>A trade ledger: its only truth is an append-only log of immutable events.</p>
<p><a href="/docs">Try the API</a> &middot; <a href="/openapi.json">OpenAPI</a> &middot; <a href="/livez">health</a></p>
</html>"""


@router.get("/livez", responses=documented({"status": "alive"}))
async def live() -> Response:
    """The process answers. Needs no key."""
    return reading.answer({"status": "alive"})


@router.get("/readyz", responses=documented(HEALTH))
def ready(request: Request) -> Response:
    """Commands are decided, the stores answer, and the read models follow: none is behind for longer than it may be."""
    principal_of(request)
    having = services(request)
    if trouble := having.gate.trouble():
        raise Problem(503, "not-deciding", f"commands are not decided: {trouble}", headers={"Retry-After": "1"})
    for lag in _lags_or_problem(having):
        if lag.events < 0:
            raise Problem(
                503, "projections-ahead", f"the read models reflect {-lag.events} events that {lag.log} does not have: "
                "it was restored or cut; build them anew",
            )
        if lag.seconds > having.lag_seconds:
            raise Problem(
                503, "projections-behind", f"the read models stand at {lag.log}:{lag.reflected}: {lag.events} events "
                f"wait, the oldest for {lag.seconds:.0f} seconds", headers={"Retry-After": "1"},
            )
    return reading.answer({"status": "ready"})


@router.get("/metrics", responses=documented("everbook_queued_commands 0.0", media="text/plain"))
def metrics(request: Request) -> Response:
    """What Prometheus collects."""
    principal_of(request)
    having = services(request)
    having.metrics.queued.set(having.gate.queued())
    undecided = having.gate.undecided()
    for log in having.logs.names():
        having.metrics.in_trouble.labels(log).set(log in undecided)
    read = _if_answered(having, READ_MODELS, lambda: (places(having), _letters(having)))
    written = _if_answered(having, EVENTS, lambda: _events(having, read[0] if read else {}))
    # What is not so any more, or not known, is not to be told for ever.
    having.metrics.forget()
    for model, letters in (read[1] if read else {}).items():
        having.metrics.dead_letters.labels(model).set(letters)
    for log, sequence, lag, notional in written or ():
        having.metrics.logged.labels(log).set(sequence)
        if lag is not None:
            having.metrics.behind(lag, notional)
    for log, fences in having.logs.fences().items():
        having.metrics.fenced(log, fences)
    return Response(generate_latest(having.registry), media_type=CONTENT_TYPE_LATEST)


def _lags_or_problem(having: Services) -> list[Lag]:
    """Asks both stores, so that whatever is away is named."""
    nothing: Mapping[str, Sequence[int]] = {log: [0] for log in having.logs.names()}
    reflected, unread = _asked(having, READ_MODELS, lambda: places(having))
    found, unwritten = _asked(having, EVENTS, lambda: lags(having, reflected or nothing))
    away = [
        f"{having.stores.get(store, store)} {why}" for store, why in ((READ_MODELS, unread), (EVENTS, unwritten)) if why
    ]
    if away:
        raise Problem(503, "store-unavailable", "; ".join(away), headers={"Retry-After": "1"})
    return found or []


def _if_answered(having: Services, store: str, question: Callable[[], T]) -> T | None:
    """What a store says, and that it does or not."""
    answer, why_not = _asked(having, store, question)
    having.metrics.answers.labels(store).set(int(not why_not))
    return answer


def _asked(having: Services, store: str, question: Callable[[], T]) -> tuple[T | None, str]:
    """What a store says, or why it says nothing."""
    try:
        return having.questions.ask(store, question), ""
    except DoesNotAnswer as error:
        if isinstance(error.__cause__, PersistenceError):
            # What a driver says holds values that are nobody else's business.
            logger.error("%s: %s", store, str(error.__cause__).partition("\n")[0])
        return None, str(error)


def _letters(having: Services) -> Mapping[str, int]:
    return Counter(letter.model for letter in having.reads.scan(DEAD_LETTERS, ""))


def _events(
    having: Services, reflected: Mapping[str, Sequence[int]]
) -> list[tuple[str, int, Lag | None, Mapping[str, Decimal]]]:
    """Of each log its last sequence; its lag, and what that is in money, where it is known what is reflected."""
    if not reflected:
        return [(log, having.logs.recorder(log).max_notification_id() or 0, None, {}) for log in having.logs.names()]
    return [
        (each.log, each.reflected + each.events, each, unreflected(having, each)) for each in lags(having, reflected)
    ]


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def landing() -> HTMLResponse:
    """Where to go from here."""
    return HTMLResponse(LANDING)
