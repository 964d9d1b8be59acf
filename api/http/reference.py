"""Reference data, lists and keys."""

import secrets
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from api import reading, writing
from api.examples import (
    AMENDED_ACTION,
    AMENDED_ACTIONS,
    DEFINITIONS,
    EXCHANGES,
    ISSUED,
    KEY,
    OUTCOME,
    REASON,
    REFERENCE,
)
from api.http.documented import body, documented, kinds_body
from api.problems import Problem
from api.replaying import KNOWING_KEYS
from api.security import principal_of, reader
from api.services import services
from domain.outcomes import Principal

DEFINING = {
    "entities": "DefineLegalEntity", "desks": "DefineDesk", "books": "DefineBook", "traders": "DefineTrader",
    "counterparties": "DefineCounterparty", "instruments": "DefineInstrument", "calendars": "DefineCalendar",
    "restrictions": "RestrictInstrument", "settlement-cycles": "SetSettlementCycle",
    "penalty-rates": "SetPenaltyRate", "liquidity": "ClassifyInstrument",
    "corporate-actions": "AnnounceCorporateAction",
}
READABLE = (*DEFINING, "limits", "kill-switches", "keys", "dates", "periods")
SECRET_BYTES = 32
router = APIRouter(tags=["reference"])


@router.post("/v1/reference/keys", openapi_extra=body(KEY, "IssueKey", without=("digest",)), status_code=201,
             responses=documented(ISSUED, 201))
async def issue_key(request: Request) -> Response:
    """Issues an API key; its secret is in this answer and nowhere else, so a repeat is refused."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    answered = await writing.command(request, "IssueKey", status=201, digest=services(request).gate.digest_of(secret))
    if "Everbook-Sequence" not in answered.headers:
        return answered
    content = msgspec.json.decode(answered.body)
    headers = {"Everbook-Sequence": answered.headers["Everbook-Sequence"]}
    return reading.answer({**content, "secret": secret}, headers, 201)


@router.delete("/v1/reference/keys/{key_id}", openapi_extra=body(REASON, "RevokeKey", without=("key_id",)),
               responses=documented(OUTCOME))
async def revoke_key(request: Request, key_id: str) -> Response:
    """Revokes a key at once."""
    return await writing.command(request, "RevokeKey", key_id=key_id)


@router.delete("/v1/reference/restrictions/{instrument}", responses=documented(OUTCOME),
               openapi_extra=body(REASON, "LiftRestriction", without=("instrument",)))
async def lift_restriction(request: Request, instrument: str) -> Response:
    """Takes an instrument off the restricted list."""
    return await writing.command(request, "LiftRestriction", instrument=instrument)


@router.post("/v1/reference/corporate-actions/{action}/amend", responses=documented(OUTCOME),
             openapi_extra=body(AMENDED_ACTION, "AmendCorporateAction", without=("action",), examples=AMENDED_ACTIONS))
async def amend_action(request: Request, action: str) -> Response:
    """Amends a corporate action: the full new dates and terms."""
    return await writing.command(request, "AmendCorporateAction", action=action)


@router.post("/v1/reference/corporate-actions/{action}/cancel", responses=documented(OUTCOME),
             openapi_extra=body(REASON, "CancelCorporateAction", without=("action",)))
async def cancel_action(request: Request, action: str) -> Response:
    """Cancels a corporate action, as if it had never been announced."""
    return await writing.command(request, "CancelCorporateAction", action=action)


@router.post("/v1/reference/{kind}", openapi_extra=kinds_body({**DEFINITIONS, **EXCHANGES}, DEFINING), status_code=201,
             responses=documented(OUTCOME, 201))
async def define(request: Request, kind: str) -> Response:
    """Defines an entity, desk, book, trader, counterparty, instrument or calendar; restricts an instrument; announces
    a corporate action.
    """
    if kind not in DEFINING:
        raise Problem(404, "unknown-kind", f"{kind!r} is none of {', '.join(DEFINING)}", "kind")
    return await writing.command(request, DEFINING[kind], status=201, location=f"/v1/reference/{kind}/{{}}")


@router.get("/v1/reference/{kind}", responses=documented(REFERENCE))
def list_kind(
    request: Request, kind: str, *, limit: reading.Limit = 100, after: reading.After = None
) -> Response:
    """Everything of one kind, as it is now."""
    reading.only_known_parameters(request)
    principal = _reader(request, kind)
    reading.fresh(request, "reference")
    return reading.listed(
        request, "reference", limit=limit, after=after, kind=kind, prefix=kind,
        keep=lambda entry: _may_see(principal, entry.content),
    )


@router.get("/v1/reference/{kind}/{key:path}", responses=documented(REFERENCE["items"][0]))  # type: ignore[index]
def read_one(request: Request, kind: str, key: str) -> Response:
    """One thing, as it is now."""
    reading.only_known_parameters(request)
    principal = _reader(request, kind)
    reading.fresh(request, "reference")
    found = reading.sound(services(request).reads.get_many("reference", [f"{kind}/{key}"]).values())
    if not found or not _may_see(principal, found[0].content):
        raise Problem(404, "not-found", f"{kind} has no {key}", "key")
    return reading.answer(reading.shown(found[0]), {"ETag": f'"{found[0].version}"'})


def _reader(request: Request, kind: str) -> Principal:
    principal = reader(request, *KNOWING_KEYS) if kind == "keys" else principal_of(request)
    if kind not in READABLE:
        raise Problem(404, "unknown-kind", f"{kind!r} is none of {', '.join(READABLE)}", "kind")
    return principal


def _may_see(principal: Principal, content: dict[str, Any]) -> bool:
    """Books, their limits and kill switches are for keys of the book; the rest is for whoever has a key."""
    return content.get("book") is None or principal.may_see(content["book"])
