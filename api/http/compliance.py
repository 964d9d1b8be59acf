"""Compliance: alerts, the audit trail, and the whole view of a counterparty."""

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api import reading
from api.audit_search import AuditSearch
from api.examples import ALERTS, AUDIT, COUNTERPARTY
from api.http.documented import documented
from api.http.events import From, To
from api.http.positions import marks
from api.problems import Problem
from api.replaying import moment
from api.security import books_of, principal_of, reader
from api.services import services
from domain.commands.reference import Role
from domain.money import ZERO, exact
from projections.alerts import Kind
from projections.risk import exposures_to

router = APIRouter(tags=["compliance"])
Text = Annotated[str | None, Query(
    min_length=1, max_length=200, description="Somewhere in the stream, trade, command id, actor, code or detail"
)]
ALERTED: tuple[Role, ...] = ("compliance", "risk", "admin")


@router.get("/v1/alerts", responses=documented(ALERTS))
def list_alerts(
    request: Request, *, book: str | None = None, kind: Kind | None = None,
    severity: Literal["medium", "high"] | None = None,
    limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """Off-market and wash-trade alerts, with their evidence as it was."""
    reading.only_known_parameters(request)
    books = books_of(reader(request, *ALERTED), book)
    reading.fresh(request, "alerts")
    return reading.listed(request, "alerts", limit=limit, after=after, book=books, kind=kind, severity=severity)


@router.get("/v1/audit", responses=documented(AUDIT))
def list_audit(
    request: Request, *, type: str | None = None, actor: str | None = None, book: str | None = None,
    trade_id: str | None = None, since: From = None, to: To = None, q: Text = None,
    limit: reading.Limit = 100, after: reading.After = None,
) -> Response:
    """Every command, refusal and event: who, when, what, why."""
    reading.only_known_parameters(request)
    books = books_of(reader(request, "compliance", "admin"), book)
    search = AuditSearch(start=moment(since, "from"), end=moment(to, "to"), text=q)
    reading.fresh(request, "audit")
    return reading.listed(
        request, "audit", limit=limit, after=after, keep=search.finds if search.is_asked else None,
        type=type, actor=actor, book=books, trade_id=trade_id,
    )


@router.get("/v1/counterparties/{counterparty}", responses=documented(COUNTERPARTY))
def read_counterparty(request: Request, counterparty: str) -> Response:
    """The 360-degree view: reference data, business, settlement record, exposure and alerts, over all books."""
    reading.only_known_parameters(request)
    principal = principal_of(request)
    books = books_of(principal, None)
    reading.fresh(request, "counterparties", "exposure", "reference", "alerts")
    known = reading.sound(services(request).reads.get_many("reference", [f"counterparties/{counterparty}"]).values())
    relations = reading.everything(request, "counterparties", counterparty=counterparty, book=books)
    if not known and not relations:
        raise Problem(404, "unknown-counterparty", f"no counterparty {counterparty} is defined")
    latest = marks(request)
    # Whoever may be the one suspected is not told.
    is_told = any(role in ALERTED for role in principal.roles)
    alerts = reading.everything(request, "alerts", book=books) if is_told else []
    fees: dict[str, Decimal] = {}
    with exact():
        for relation in relations:
            for currency, fee in relation.fees.items():
                fees[currency] = fees.get(currency, ZERO) + fee
        dealt = reading.everything(request, "exposure", counterparty=counterparty, book=books)
        exposed = exposures_to(dealt, latest)
    counts = ("trades", "cancelled", "settlements", "settled_late", "fails")
    return reading.answer({
        "counterparty": counterparty, "reference": known[0].content if known else None,
        "books": [relation.book for relation in relations], "fees": fees, "exposure": exposed,
        **{name: sum(getattr(relation, name) for relation in relations) for name in counts},
        "alerts": [{"id": each.id, "kind": each.kind, "severity": each.severity} for each in alerts
                   if each.counterparty == counterparty],
        "market_position": f"market:{latest.sequence}",
    })
