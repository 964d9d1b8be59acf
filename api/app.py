"""The HTTP API, put together."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import problems
from api.http import (
    accounting,
    changing,
    commands,
    compliance,
    earning,
    events,
    explaining,
    health,
    lifecycle,
    market,
    positions,
    products,
    proofs,
    reference,
    risk,
    settlements,
    trades,
    transfers,
)
from api.http.documented import PROBLEM, components
from api.services import Services

DESCRIPTION = """A trade ledger whose only truth is an append-only log of immutable events.

Decimals are strings, times are RFC 3339 in UTC, errors are RFC 9457 problems with a stable `code` and the `field` at
fault. A write answers `Everbook-Sequence`; a read with that value in `Everbook-At-Least` waits for it."""


def create_app(services: Services) -> FastAPI:
    """The app on its services."""
    app = FastAPI(title="Everbook", version="1", description=DESCRIPTION, redirect_slashes=False)
    app.state.services = services
    problems.install(app)
    for each in (
        commands, trades, lifecycle, products, transfers, changing, settlements, explaining, positions, earning,
        accounting, market, risk, compliance, events, proofs, reference, health,
    ):
        app.include_router(each.router)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _documented(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _documented(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    parts = document.setdefault("components", {})
    parts.setdefault("schemas", {}).update(components(), Problem=PROBLEM)
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}]
    document["paths"]["/livez"]["get"]["security"] = []
    return document
