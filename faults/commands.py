"""What clients ask for, from a seed: trades and their life, prices, definitions, and what the rules refuse."""

import random
from decimal import Decimal
from typing import Any

import msgspec

from benchmarks.world import BOOKS, COUNTERPARTIES, DAY, INSTRUMENTS
from domain.commands import (
    AmendTrade,
    AnyCommand,
    BookTrade,
    CancelTrade,
    DefineCounterparty,
    EquityTerms,
    RecordPrice,
)
from domain.identifiers import lei_of


class Commands:
    """An endless run of commands of one client; the same for the same seed and the same ``booked``."""

    def __init__(self, client: str, seed: int) -> None:
        self._client = client
        self._chance = random.Random(f"{client} {seed}")
        self._number = 0
        self.booked: list[BookTrade] = []

    def next(self) -> AnyCommand:
        self._number += 1
        how = self._chance.random()
        if how < 0.70 or not self.booked:
            return self._book()
        if how < 0.88:
            return self._revise()
        if how < 0.99:
            return RecordPrice(**self._header(), instrument=self._instrument(), price=self._price())
        name = f"CP-{self._client}-{self._number}"
        return DefineCounterparty(
            **self._header(), counterparty=name, name=name, lei=lei_of(f"FAULTS{self._client[-1:]}{self._number:011d}")
        )

    def _book(self) -> BookTrade:
        instrument = "UNKNOWN" if self._chance.random() < 0.04 else self._instrument()
        return BookTrade(
            **self._header(), trade_id=f"T-{self._client}-{self._number}",
            book=f"EQ-{self._chance.randrange(BOOKS)}", trader="anna",
            counterparty=f"CP-{self._chance.randrange(COUNTERPARTIES)}", trade_date=DAY, terms=self._terms(instrument),
        )

    def _revise(self) -> AnyCommand:
        trade = self._chance.choice(self.booked)
        of: dict[str, Any] = {"trade_id": trade.trade_id, "book": trade.book}
        if self._chance.random() < 0.3:
            return CancelTrade(**self._header(), **of, reason="booked in error")
        terms = msgspec.structs.replace(self._terms(trade.terms.instrument), side=trade.terms.side)  # type: ignore[union-attr]
        return AmendTrade(**self._header(), **of, terms=terms)

    def _terms(self, instrument: str) -> EquityTerms:
        return EquityTerms(
            side=self._chance.choice(("buy", "sell")), instrument=instrument,
            quantity=Decimal(self._chance.randint(1, 90)), price=self._price(),
        )

    def _header(self) -> dict[str, Any]:
        return {"source": self._client, "command_id": f"{self._client}-{self._number}"}

    def _instrument(self) -> str:
        return f"STOCK-{self._chance.randrange(INSTRUMENTS)}"

    def _price(self) -> Decimal:
        return Decimal(self._chance.randint(9_800, 10_200)) / 100
