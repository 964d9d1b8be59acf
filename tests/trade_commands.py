"""Short ways to say what follows a booking."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from domain.commands import EquityTerms, FxSpotTerms, LoanTerms, TradeCommand, TransferPosition
from domain.commands.lots import MovedLot
from tests.rules import DAY


def about(kind: type[TradeCommand], trade_id: str = "T1", **fields: Any) -> Any:
    """A command about a trade of book EQ-1."""
    return kind(**{"command_id": f"{kind.__name__}-{trade_id}", "trade_id": trade_id, "book": "EQ-1", **fields})


def moving(*lots: tuple[str, str, str], transfer_id: str = "M1", **fields: Any) -> TransferPosition:
    """A transfer from book EQ-1 to EQ-2 of lots of Sanofi: the trade, the quantity and the cost of each."""
    moved = tuple(
        MovedLot(trade_id=trade_id, trade_date=DAY, quantity=Decimal(quantity), cost=Decimal(cost))
        for trade_id, quantity, cost in lots
    )
    return TransferPosition(**{
        "command_id": f"move-{transfer_id}", "transfer_id": transfer_id, "book": "EQ-1", "to_book": "EQ-2",
        "instrument": "SAN", "transfer_date": DAY, "lots": moved,
        "quantity": sum((abs(lot.quantity) for lot in moved), Decimal(0)), **fields,
    })


def shares(quantity: str = "10", price: str = "100", **fields: Any) -> EquityTerms:
    """A purchase of Sanofi, changed as asked."""
    return EquityTerms(
        **{"side": "buy", "instrument": "SAN", "quantity": Decimal(quantity), "price": Decimal(price), **fields}
    )


def euros(side: Literal["buy", "sell"] = "buy") -> FxSpotTerms:
    """A hundred euros against dollars at 1.1."""
    return FxSpotTerms(side=side, base="EUR", quote="USD", quantity=Decimal(100), rate=Decimal("1.1"))


def money(side: Literal["lend", "take"] = "lend", principal: str = "36000", rate: str = "5") -> LoanTerms:
    """Euros for forty days: 36,000 at 5 % a year earn 200."""
    return LoanTerms(
        side=side, currency="EUR", principal=Decimal(principal), rate=Decimal(rate), start_date=DAY,
        maturity_date=date(2027, 1, 3),
    )
