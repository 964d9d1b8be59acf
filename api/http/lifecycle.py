"""What becomes of trades beside their own revisions: split, handed over, netted, changed or ended."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api import writing
from api.examples import (
    ALLOCATION,
    COMPRESSION,
    DECREASE,
    INCREASE,
    NOVATION,
    OUTCOME,
    REALLOCATION,
    TERMINATION,
)
from api.http.documented import body, documented
from api.http.trades import PATH, change

router = APIRouter(tags=["trades"])
ROUTES: tuple[tuple[str, str, Any, str], ...] = (
    ("allocate", "AllocateBlock", ALLOCATION, "A block becomes trades of its books and accounts, which sum to it."),
    ("reallocate", "ReallocateBlock", REALLOCATION, "Other trades take the place of those that came of a block."),
    ("novate", "NovateTrade", NOVATION, "Another counterparty steps in, for all of the trade or a quantity of it."),
    ("increase", "IncreaseTrade", INCREASE, "More of it is dealt, from a day on and at a price of its own."),
    ("decrease", "DecreaseTrade", DECREASE, "A part of it is dealt back, from a day on and at a price of its own."),
    ("terminate", "TerminateTrade", TERMINATION, "It ends early: the unwind amount and its own fees are left to pay."),
)


def _add(route: str, kind: str, example: Any, about: str) -> None:
    async def take(request: Request, trade_id: str) -> Response:
        return await change(request, kind, trade_id)

    take.__name__, take.__doc__ = route, about
    router.post(
        f"/v1/trades/{{trade_id}}/{route}", openapi_extra=body(example, kind, without=PATH),
        responses=documented(OUTCOME),
    )(take)


for _route in ROUTES:
    _add(*_route)


@router.post("/v1/compressions", status_code=201, openapi_extra=body(COMPRESSION, "CompressTrades"),
             responses=documented(OUTCOME, 201))
async def compress(request: Request) -> Response:
    """One trade takes the place of several, with their exact net quantity and cash."""
    return await writing.command(request, "CompressTrades", status=201, location="/v1/trades/{}")
