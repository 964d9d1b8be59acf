"""What only some products know: rights of options, margins of futures, fixings and repayments of loans."""

from fastapi import APIRouter, Request, Response

from api import writing
from api.examples import EXPIRY, FIXING, MARGIN, OUTCOME, REPAYMENT, ROLL_OVER, USE
from api.http.documented import body, documented
from api.http.trades import PATH, change

router = APIRouter(tags=["products"])


@router.post("/v1/trades/{trade_id}/exercise", openapi_extra=body(USE, "ExerciseOption", without=PATH),
             responses=documented(OUTCOME))
async def exercise(request: Request, trade_id: str) -> Response:
    """We use a right that we bought; the shares are delivered by a trade of their own."""
    return await change(request, "ExerciseOption", trade_id)


@router.post("/v1/trades/{trade_id}/assign", openapi_extra=body(USE, "AssignOption", without=PATH),
             responses=documented(OUTCOME))
async def assign(request: Request, trade_id: str) -> Response:
    """The buyer used the right that we sold."""
    return await change(request, "AssignOption", trade_id)


@router.post("/v1/trades/{trade_id}/expire", openapi_extra=body(EXPIRY, "ExpireOption", without=PATH),
             responses=documented(OUTCOME))
async def expire(request: Request, trade_id: str) -> Response:
    """The right was not used on its last day."""
    return await change(request, "ExpireOption", trade_id)


@router.post("/v1/trades/{trade_id}/fix", openapi_extra=body(FIXING, "FixRate", without=PATH),
             responses=documented(OUTCOME))
async def fix(request: Request, trade_id: str) -> Response:
    """The index of a floating loan or deposit is fixed, in time or late."""
    return await change(request, "FixRate", trade_id)


@router.post("/v1/trades/{trade_id}/roll-over", openapi_extra=body(ROLL_OVER, "RollOverLoan", without=PATH),
             responses=documented(OUTCOME))
async def roll_over(request: Request, trade_id: str) -> Response:
    """What falls due is lent, or taken, again."""
    return await change(request, "RollOverLoan", trade_id)


@router.post("/v1/trades/{trade_id}/repay", openapi_extra=body(REPAYMENT, "RepayEarly", without=PATH),
             responses=documented(OUTCOME))
async def repay(request: Request, trade_id: str) -> Response:
    """A loan or deposit, or a part of it, is repaid before its maturity."""
    return await change(request, "RepayEarly", trade_id)


@router.post("/v1/margins", openapi_extra=body(MARGIN, "SettleVariationMargin"), responses=documented(OUTCOME))
async def settle_margin(request: Request) -> Response:
    """What a future gained or lost in a book by a day's settlement price is paid."""
    return await writing.command(request, "SettleVariationMargin")
