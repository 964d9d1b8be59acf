"""What one would pick instead: the library's aggregates, one save each, on its own SQLite module."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.measure import timed


class Trade(Aggregate):
    """A booking with the fields of ours that a client sends."""

    @event("Booked")
    def __init__(
        self, *, trade_id: str, book: str, trader: str, counterparty: str, instrument: str, side: str,
        quantity: Decimal, price: Decimal, fee: Decimal, trade_date: str,
    ) -> None:
        self.terms = (trade_id, book, trader, counterparty, instrument, side, quantity, price, fee, trade_date)


class Trades(Application[UUID]):
    pass


def one_save(folder: Path, count: int) -> float:
    """Commands a second; durable, as the library's SQLite module is by default."""
    app = Trades(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "library.db")})
    day = date(2026, 11, 24).isoformat()
    with timed() as watch:
        for number in range(count):
            app.save(Trade(
                trade_id=f"T{uuid4().hex[:8]}", book="EQ-1", trader="anna", counterparty="ACME", instrument="SAN",
                side="buy", quantity=Decimal(number % 90 + 1), price=Decimal("91.25"), fee=Decimal("4.50"),
                trade_date=day,
            ))
    app.close()
    return count / watch.seconds
