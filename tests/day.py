"""A small trading day over HTTP: two books, three products, a settlement, a fail, a breach, two kinds of alert."""

from typing import Any

from tests.http import Api, Served, trade

DAY = "2026-11-24"
FX = {"product": "fx-spot", "side": "buy", "base": "EUR", "quote": "USD", "quantity": "1000", "rate": "1.26"}
LOAN = {"product": "loan-deposit", "side": "lend", "currency": "EUR", "principal": "36000", "rate": "3",
        "start_date": "2026-11-25", "tenor": "1M"}


def book(api: Api, trade_id: str, terms: Any = None, **changes: Any) -> None:
    """One trade, of other terms than an equity's where these are given."""
    content = trade(trade_id, **changes)
    api.done("/v1/trades", {**content, "terms": terms or content["terms"]})


def lay(everbook: Served) -> None:
    """All of it. EQ-1 ends with 6 Sanofi and EQ-2 with 3."""
    api = everbook.api
    api.done("/v1/business-dates", {"business_date": DAY})
    api.done("/v1/limits", {"book": "EQ-1", "kind": "order-quantity", "amount": "50000"})
    api.done("/v1/limits", {"book": "EQ-2", "kind": "order-quantity", "amount": "60000"})
    book(api, "T1", quantity="10", price="100", fees={"broker": "4.50"})
    book(api, "T2", quantity="4", price="110", side="sell")
    book(api, "T3", quantity="5", price="101")
    api.done("/v1/trades/T3/cancel", {"reason": "never agreed"})
    book(api, "T4", FX)
    book(api, "T5", LOAN)
    book(api, "T6", {**trade("T6")["terms"], "instrument": "IBM"})
    book(api, "U1", book="EQ-2", quantity="3", price="150")
    book(api, "U2", book="EQ-2", quantity="7", price="100", contra_book="EQ-1")
    book(api, "U3", book="EQ-2", quantity="7", price="100", side="sell")
    api.done("/v1/trades/T1/settle", {"quantity": "6"})
    assert api.post("/v1/trades", trade("T9", quantity="50001")).status_code == 422
    assert api.post("/v1/trades", trade("U9", book="EQ-2", quantity="60001")).status_code == 422
    api.done("/v1/prices", {"instrument": "SAN", "price": "105"})
