"""Is it alive, is it ready, what does it count."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api import reading
from api.examples import HEALTH
from api.http.documented import documented
from api.problems import Problem
from api.security import principal_of
from api.services import services

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
    """The stores answer, and the read models follow."""
    principal_of(request)
    having = services(request)
    for log in having.logs.names():
        having.logs.recorder(log).max_notification_id()
    if trouble := having.trouble():
        raise Problem(503, "projections-stopped", trouble)
    return reading.answer({"status": "ready"})


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """What Prometheus collects."""
    principal_of(request)
    having = services(request)
    having.metrics.queued.set(having.gate.queued())
    for log in having.logs.names():
        having.metrics.logged.labels(log).set(having.logs.recorder(log).max_notification_id() or 0)
        having.metrics.reflected.labels(log).set(having.reads.reflected("audit", log))
    return Response(generate_latest(having.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
def landing() -> HTMLResponse:
    """Where to go from here."""
    return HTMLResponse(LANDING)
