"""Market data in and out."""

from fastapi import APIRouter, Request, Response

from api import reading, writing
from api.examples import OUTCOME, PRICE, PRICES, RATE, RATES
from api.http.documented import body, documented
from api.security import principal_of

router = APIRouter(tags=["market"])


@router.post("/v1/prices", openapi_extra=body(PRICE, "RecordPrice"), responses=documented(OUTCOME))
async def record_price(request: Request) -> Response:
    """The latest price of an instrument."""
    return await writing.command(request, "RecordPrice")


@router.get("/v1/prices", responses=documented(PRICES))
def list_prices(request: Request, *, limit: reading.Limit = 100, after: reading.After = None) -> Response:
    """The latest price of every instrument."""
    reading.only_known_parameters(request)
    principal_of(request)
    reading.fresh(request, "reference")
    return reading.listed(request, "reference", limit=limit, after=after, kind="prices", prefix="prices/")


@router.post("/v1/rates", openapi_extra=body(RATE, "RecordFxRate"),
             responses=documented(OUTCOME))
async def record_rate(request: Request) -> Response:
    """The latest exchange rate of a pair."""
    return await writing.command(request, "RecordFxRate")


@router.get("/v1/rates", responses=documented(RATES))
def list_rates(request: Request, *, limit: reading.Limit = 100, after: reading.After = None) -> Response:
    """The latest rate of every pair."""
    reading.only_known_parameters(request)
    principal_of(request)
    reading.fresh(request, "reference")
    return reading.listed(request, "reference", limit=limit, after=after, kind="rates", prefix="rates/")
