"""Is it alive, is it ready, what does it count."""

from collections import Counter

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api import reading
from api.examples import HEALTH
from api.http.documented import documented
from api.lag import lags, unreflected
from api.problems import Problem
from api.security import principal_of
from api.services import services
from projections.fold import DEAD_LETTERS

router = APIRouter(tags=["health"])
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
    for lag in lags(having):
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
    # What is not behind any more is not to be told for ever.
    having.metrics.notional.clear()
    having.metrics.dead_letters.clear()
    for lag in lags(having):
        having.metrics.logged.labels(lag.log).set(lag.reflected + lag.events)
        having.metrics.reflected.labels(lag.log).set(lag.reflected)
        having.metrics.lag_events.labels(lag.log).set(lag.events)
        having.metrics.lag_seconds.labels(lag.log).set(lag.seconds)
        for currency, amount in unreflected(having, lag).items():
            having.metrics.notional.labels(lag.log, currency).set(float(amount))
    for log, fences in having.logs.fences().items():
        having.metrics.fenced(log, fences)
    for model, letters in Counter(letter.model for letter in having.reads.scan(DEAD_LETTERS, "")).items():
        having.metrics.dead_letters.labels(model).set(letters)
    return Response(generate_latest(having.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def landing() -> HTMLResponse:
    """Where to go from here."""
    return HTMLResponse(LANDING)
