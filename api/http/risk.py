"""Risk: exposures, limits and their use, breaches, kill switches."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api import reading, writing
from api.examples import BREACHES, EXPOSURE, KILL_SWITCH, LIMIT, LIMITS, OUTCOME
from api.http.documented import body, documented
from api.http.positions import marks
from api.problems import Problem
from api.security import books_of, principal_of, reader, require_book
from api.services import services
from domain.money import exact
from projections.risk import exposures, exposures_to, limit_use

router = APIRouter(tags=["risk"])
Dimension = Annotated[
    Literal["book", "desk", "entity", "counterparty", "issuer", "currency", "instrument"], Query()
]


@router.get("/v1/risk", responses=documented(EXPOSURE))
def read_risk(request: Request) -> Response:
    """What every book that the key may see holds at the latest marks, and what it has traded and not settled."""
    reading.only_known_parameters(request)
    return _exposures(request, "book", None)


@router.get("/v1/risk/exposures", responses=documented(EXPOSURE))
def read_exposures(request: Request, *, by: Dimension = "book", book: str | None = None) -> Response:
    """As ``/v1/risk``, in the base currency, by one dimension; by currency a pair is long of one and short of the
    other, by counterparty what is held is what was dealt with it.
    """
    reading.only_known_parameters(request)
    return _exposures(request, by, book)


@router.get("/v1/risk/{book}", responses=documented({"exposure": EXPOSURE["items"], "limits": LIMITS["items"]}))
def read_risk_of_book(request: Request, book: str) -> Response:
    """One book: exposure by counterparty, and its limits with their use."""
    reading.only_known_parameters(request)
    require_book(principal_of(request), book)
    reading.fresh(request, "exposure", "positions", "reference")
    if not services(request).reads.get_many("reference", [f"books/{book}"]):
        raise Problem(404, "unknown-book", f"no book {book} is defined", "book")
    latest, documents = marks(request), reading.everything(request, "exposure", book=book)
    with exact():
        lines = exposures_to(documents, latest, "counterparty")
        used = limit_use(
            [each for each in reading.everything(request, "reference", kind="limits") if each.content["book"] == book],
            documents, reading.everything(request, "positions", book=book),
        )
    return reading.answer({"book": book, "exposure": lines, "limits": used})


@router.get("/v1/limits", responses=documented(LIMITS))
def list_limits(request: Request, *, book: str | None = None) -> Response:
    """Every limit in force, with its use."""
    reading.only_known_parameters(request)
    books = books_of(principal_of(request), book)
    reading.fresh(request, "exposure", "positions", "reference")
    limits = reading.everything(request, "reference", kind="limits")
    with exact():
        used = limit_use(
            [each for each in limits if books is None or each.content["book"] in books],
            reading.everything(request, "exposure", book=books), reading.everything(request, "positions", book=books),
        )
    return reading.answer({"items": used})


@router.post("/v1/limits", openapi_extra=body(LIMIT, "SetLimit"), responses=documented(OUTCOME))
async def set_limit(request: Request) -> Response:
    """Sets a hard limit of a book; without an amount it is lifted."""
    return await writing.command(request, "SetLimit")


@router.get("/v1/breaches", responses=documented(BREACHES))
def list_breaches(
    request: Request, *, book: str | None = None, code: str | None = None, limit: reading.Limit = 100,
    after: reading.After = None,
) -> Response:
    """Commands that a limit, a kill switch or the restricted list held back."""
    reading.only_known_parameters(request)
    books = books_of(reader(request, "risk", "compliance", "admin"), book)
    reading.fresh(request, "breaches")
    return reading.listed(request, "breaches", limit=limit, after=after, book=books, code=code)


@router.post("/v1/kill-switch", openapi_extra=body(KILL_SWITCH, "EngageKillSwitch"), responses=documented(OUTCOME))
async def engage(request: Request) -> Response:
    """Stops new business of a book or a trader at once."""
    return await writing.command(request, "EngageKillSwitch")


@router.delete("/v1/kill-switch", openapi_extra=body(KILL_SWITCH, "ReleaseKillSwitch"), responses=documented(OUTCOME))
async def release(request: Request) -> Response:
    """Lets a book or a trader go on."""
    return await writing.command(request, "ReleaseKillSwitch")


def _exposures(request: Request, by: str, book: str | None) -> Response:
    books = books_of(principal_of(request), book)
    reading.fresh(request, "exposure", "positions", "reference")
    latest, documents = marks(request), reading.everything(request, "exposure", book=books)
    with exact():
        lines = exposures(reading.everything(request, "positions", book=books), documents, latest, by)
    return reading.answer({"items": lines, "market_position": f"market:{latest.sequence}"})
