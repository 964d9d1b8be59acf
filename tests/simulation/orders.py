"""What clients of the simulated cluster ask for."""

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from domain.commands import (
    AffirmTrade,
    AmendTrade,
    AnyCommand,
    CancelTrade,
    ClosePeriod,
    CorrectTrade,
    RecordPrice,
    RollBusinessDate,
    SetLimit,
    SettleTrade,
)
from tests.feeds import BOOKS
from tests.rules import DAY, booking

MOST_SEEN = 16
"""As much of the reference log as a sender claims to have seen, whether or not it is there."""


class Orders:
    """Commands at random: bookings in a book of each log, changes of them, limits, dates, prices; some are refused."""

    def __init__(self) -> None:
        self._made = 0
        self._trades = 0

    def next(self, random: Random, book: str = "") -> AnyCommand:
        self._made += 1
        command_id = f"order-{self._made}"
        chance = random.random()
        if book or chance < 0.6 or not self._trades:
            return self._booking(random, command_id, book or random.choice(BOOKS))
        if chance < 0.84:
            return self._change(random, command_id)
        if chance < 0.9:
            amount = Decimal(random.choice([100, 1_500, 5_000, 1_000_000]))
            return SetLimit(command_id=command_id, book=random.choice(BOOKS), kind="gross-notional", amount=amount)
        if chance < 0.94:
            return RollBusinessDate(command_id=command_id, business_date=DAY + timedelta(random.randint(0, 9)))
        if chance < 0.95:
            return ClosePeriod(command_id=command_id, through=DAY - timedelta(random.randint(1, 9)))
        return RecordPrice(command_id=command_id, instrument="SAN", price=Decimal(random.randint(90, 110)))

    def _booking(self, random: Random, command_id: str, book: str) -> AnyCommand:
        self._trades += random.random() < 0.9
        return booking(
            f"T{self._trades}", str(random.randint(1, 9)), str(random.randint(95, 105)), command_id=command_id,
            book=book, side=random.choice(["buy", "buy", "sell"]),
            reference_sequence=random.randint(1, MOST_SEEN) if random.random() < 0.2 else None,
            counterparty=random.choice(["ACME"] * 9 + ["NOBODY"]),
        )

    def _change(self, random: Random, command_id: str) -> AnyCommand:
        named: dict[str, Any] = {
            "command_id": command_id, "trade_id": f"T{random.randint(1, self._trades)}", "book": random.choice(BOOKS)
        }
        terms = msgspec.structs.replace(booking().terms, price=Decimal(random.randint(90, 99)))
        match random.randrange(5):
            case 0:
                return AmendTrade(terms=terms, **named)
            case 1:
                return CorrectTrade(terms=terms, reason="typed wrong", **named)
            case 2:
                return CancelTrade(reason="twice", **named)
            case 3:
                return AffirmTrade(**named)
        return SettleTrade(**named)
